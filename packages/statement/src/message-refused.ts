/** Reasons for which bytes are refused before anybody looks at what they say; names of ErrorReason without prefix. */
export type MessageRefusalReason =
  | "MESSAGE_MALFORMED"
  | "FIELD_UNKNOWN"
  | "FIELD_DUPLICATED"
  | "FIELD_MISSING"
  | "FIELD_INVALID"
  | "ENUM_UNKNOWN"
  | "VERSION_UNKNOWN"
  | "TEXT_INVALID";

/** Bytes that are not the message they should be. `field` is the path in proto names, e.g. "forward.branches[1].receiver.agency". */
export class MessageRefusedError extends Error {
  readonly reason: MessageRefusalReason;
  readonly field: string;
  /** What would be allowed, as a clause. */
  readonly allowed: string;

  constructor(reason: MessageRefusalReason, field: string, found: string, allowed: string) {
    super(`${field === "" ? "The message" : field} ${found}; allowed: ${allowed}.`);
    this.name = "MessageRefusedError";
    this.reason = reason;
    this.field = field;
    this.allowed = allowed;
  }
}
