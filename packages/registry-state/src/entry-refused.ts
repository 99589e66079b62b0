import { type MessageRefusalReason, MessageRefusedError } from "@lienthong/statement";

/**
 * Why an entry was refused; names of ErrorReason without prefix. Bytes that are not the message they should be keep the reason
 * of the strict decoder, so that the author can branch on it as for statements.
 */
export type RegistryRefusalReason =
  | MessageRefusalReason
  | "ENTRY_TOO_LARGE"
  | "NETWORK_MISMATCH"
  | "REGISTRY_HEAD_MOVED"
  | "REGISTRY_ENTRY_INVALID"
  | "KEY_UNKNOWN"
  | "KEY_REVOKED"
  | "SIGNATURE_INVALID";

/** An entry that breaks a rule of the registry; the state is as it was before. */
export class RegistryEntryRefusedError extends Error {
  override readonly name = "RegistryEntryRefusedError";
  readonly reason: RegistryRefusalReason;
  /** Path in proto names: `signed_entry…`, `entry…` or `record…`, e.g. "record.key.replaces". */
  readonly field: string;
  /** What would be allowed, as a clause. */
  readonly allowed: string;

  constructor(
    reason: RegistryRefusalReason,
    field: string,
    found: string,
    allowed: string,
    options: { cause?: unknown } = {},
  ) {
    super(`${field} ${found}; allowed: ${allowed}.`, options);
    this.reason = reason;
    this.field = field;
    this.allowed = allowed;
  }
}

/** An entry that breaks a rule of the registry itself. */
export function invalid(field: string, found: string, allowed: string): RegistryEntryRefusedError {
  return new RegistryEntryRefusedError("REGISTRY_ENTRY_INVALID", field, found, allowed);
}

/** What the strict decoder refused, as a refusal of the entry; anything else as it is. */
export function asEntryRefused(thrown: unknown): unknown {
  if (!(thrown instanceof MessageRefusedError)) return thrown;
  const found = thrown.message.slice(0, -`; allowed: ${thrown.allowed}.`.length).replace(`${thrown.field} `, "");
  return new RegistryEntryRefusedError(thrown.reason, thrown.field, found, thrown.allowed, { cause: thrown });
}
