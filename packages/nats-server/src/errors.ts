export type NatsServerErrorReason =
  | "SERVER_NOT_FOUND"
  | "SERVER_TOO_OLD"
  | "FETCH_FAILED"
  | "DATA_FOLDER_IN_USE"
  | "START_FAILED"
  | "STALE_SERVER_STUCK"
  | "SYNC_NOT_ALWAYS"
  | "SYNC_UNKNOWN"
  | "CONFIGURATION_INVALID";

/** Every refusal of this package: `reason` is for programs, the message is one or two sentences for people. */
export class NatsServerError extends Error {
  readonly reason: NatsServerErrorReason;

  constructor(reason: NatsServerErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NatsServerError";
    this.reason = reason;
  }
}
