import { fillText } from "./catalogue-text.ts";
import { ERROR_CATALOGUE, isReasonName, type ReasonName, type Retry } from "./error-catalogue.ts";
import { GRPC_CODE } from "./grpc-code.ts";

/** What is wrong with one field. */
export interface FieldViolation {
  /** Path of the field as in the proto, e.g. "what.forward.branches[2].receiver". */
  readonly field: string;
  /** A sentence. */
  readonly description: string;
}

/** A message that travels with a refusal, already serialised. */
export interface Attachment {
  /** Full name of its type, e.g. "lienthong.exchange.v1.WinningEvent". */
  readonly typeName: string;
  readonly bytes: Uint8Array;
  /** The same message without its bulky part, for answers that travel in HTTP/2 headers, where peers bound the size. */
  readonly smallerBytes?: Uint8Array;
}

/** Whatever ts-proto generates can be attached. */
export interface AttachableType<T> {
  encode(message: T): { finish(): Uint8Array };
}

/**
 * Serialises a message to attach to a refusal.
 * @param smaller what to send instead where space is short (see `Attachment.smallerBytes`).
 */
export function attachment<T>(typeName: string, type: AttachableType<T>, message: T, smaller?: T): Attachment {
  const bytes = type.encode(message).finish();
  return smaller === undefined ? { typeName, bytes } : { typeName, bytes, smallerBytes: type.encode(smaller).finish() };
}

/**
 * What a refusal tells the caller. Everything but `message` becomes the metadata of its ErrorInfo, so nothing in here may be
 * secret or personal. Keys are lowerCamelCase; values that are absent are left out.
 */
export interface RefusalDetails {
  /** Path of the field at fault. */
  readonly field?: string | undefined;
  /** What would have been accepted there, in words or as a pattern. */
  readonly allowed?: string | undefined;
  /** One sentence in English in place of the catalogue's, when more can be said. */
  readonly message?: string | undefined;
  readonly [key: string]: string | undefined;
}

/** What else goes with a refusal. */
export interface RefusalOptions {
  /** Why, for the log only; never leaves the process. */
  readonly cause?: unknown;
  readonly attachments?: readonly Attachment[];
  /** Least span in milliseconds before repeating; for reasons of the kind `retry-after`. */
  readonly retryAfterMs?: number;
  /** When several fields are at fault; sorted on the way out. */
  readonly violations?: readonly FieldViolation[];
}

/** A refusal with a reason of the catalogue. What it holds may be shown to the caller; what may not is its `cause`. */
export class BusError extends Error {
  override readonly name = "BusError";
  readonly reason: ReasonName;
  /** The gRPC status code. */
  readonly code: number;
  readonly retry: Retry;
  /** Facts by name, `field` and `allowed` among them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Path of the field at fault, or null. */
  readonly field: string | null;
  readonly attachments: readonly Attachment[];
  readonly violations: readonly FieldViolation[];
  /** Null unless `retry` is `retry-after`. */
  readonly retryAfterMs: number | null;

  constructor(reason: ReasonName, details: RefusalDetails = {}, options: RefusalOptions = {}) {
    const { message, ...facts } = details;
    const metadata: Record<string, string> = {};
    for (const [key, value] of Object.entries(facts)) {
      if (value !== undefined) metadata[key] = value;
    }
    const entry = ERROR_CATALOGUE[reason];
    super(message ?? fillText(entry.en, metadata), options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.code = GRPC_CODE[entry.code];
    this.retry = entry.retry;
    this.metadata = metadata;
    this.field = metadata.field ?? options.violations?.[0]?.field ?? null;
    this.attachments = options.attachments ?? [];
    this.violations = options.violations ?? [];
    this.retryAfterMs = entry.retry === "retry-after" ? (options.retryAfterMs ?? entry.retryAfterMs ?? 0) : null;
  }
}

/** Makes a refusal: `throw busError("NOT_THE_HOLDER", { branch, holder }, { cause })`. */
export function busError(reason: ReasonName, details?: RefusalDetails, options?: RefusalOptions): BusError {
  return new BusError(reason, details, options);
}

/** Our pure packages refuse with an error class of their own that carries the same three facts; they import no chassis. */
function isPlainRefusal(thrown: unknown): thrown is Error & { reason: ReasonName; field: string; allowed: string } {
  if (!(thrown instanceof Error)) return false;
  const { reason, field, allowed } = thrown as { reason?: unknown; field?: unknown; allowed?: unknown };
  return (
    typeof reason === "string" &&
    isReasonName(reason) &&
    reason !== "INTERNAL" &&
    typeof field === "string" &&
    typeof allowed === "string"
  );
}

/**
 * What the caller may see of anything thrown: a BusError as it is; an error with a `reason` of the catalogue, a `field` and what is
 * `allowed` (such as MessageRefusedError of @lienthong/statement) as the refusal it means; everything else is INTERNAL "internal error",
 * with what was thrown as its cause.
 */
export function asBusError(thrown: unknown): BusError {
  if (thrown instanceof BusError) return thrown;
  if (isPlainRefusal(thrown)) {
    const { reason, field, allowed, message } = thrown;
    const details = { message, field: field || undefined, allowed: allowed || undefined };
    return new BusError(reason, details, { cause: thrown });
  }
  return new BusError("INTERNAL", {}, { cause: thrown });
}
