import type { Any } from "@lienthong/contracts/google/protobuf/any";
import { BadRequest, ErrorInfo, LocalizedMessage, RetryInfo } from "@lienthong/contracts/google/rpc/error_details";
import { Status } from "@lienthong/contracts/google/rpc/status";
import { type Attachment, asBusError, type BusError, type FieldViolation } from "./bus-error.ts";
import { fillText } from "./catalogue-text.ts";
import { ERROR_CATALOGUE, isReasonName, type ReasonName, type Retry } from "./error-catalogue.ts";
import { GRPC_CODE } from "./grpc-code.ts";

/** The domain of every ErrorInfo of the bus. */
export const ERROR_DOMAIN = "lienthong";

/** The trailer that carries a serialised google.rpc.Status. */
export const STATUS_DETAILS_KEY = "grpc-status-details-bin";

const TYPE_URL_PREFIX = "type.googleapis.com/";

interface Encodable<T> {
  encode(message: T): { finish(): Uint8Array };
}

function pack(typeName: string, bytes: Uint8Array): Any {
  return { typeUrl: TYPE_URL_PREFIX + typeName, value: Buffer.from(bytes) };
}

function packMessage<T>(typeName: string, type: Encodable<T>, message: T): Any {
  return pack(typeName, type.encode(message).finish());
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function violationsOf(error: BusError): FieldViolation[] {
  const violations =
    error.metadata.field === undefined || error.violations.some((violation) => violation.field === error.field)
      ? [...error.violations]
      : [...error.violations, { field: error.metadata.field, description: error.message }];
  return violations.sort((a, b) => compareText(a.field, b.field) || compareText(a.description, b.description));
}

/**
 * The status of a refusal: one ErrorInfo always, BadRequest when a field is at fault, LocalizedMessage in Vietnamese and English,
 * RetryInfo for reasons of the kind `retry-after`, then the attachments. Any other throw becomes INTERNAL and loses its text.
 * @param attachments in place of the error's own, for answers whose size is bounded.
 */
export function toStatus(thrown: unknown, attachments?: readonly Attachment[]): Status {
  const error = asBusError(thrown);
  const entry = ERROR_CATALOGUE[error.reason];
  const details = [
    packMessage("google.rpc.ErrorInfo", ErrorInfo, {
      reason: error.reason,
      domain: ERROR_DOMAIN,
      metadata: { ...error.metadata },
    }),
  ];
  const violations = violationsOf(error);
  if (violations.length > 0) {
    details.push(
      packMessage("google.rpc.BadRequest", BadRequest, {
        fieldViolations: violations.map(({ field, description }) => ({
          field,
          description,
          reason: error.reason,
          localizedMessage: undefined,
        })),
      }),
    );
  }
  details.push(
    packMessage("google.rpc.LocalizedMessage", LocalizedMessage, {
      locale: "vi",
      message: fillText(entry.vi, error.metadata),
    }),
    packMessage("google.rpc.LocalizedMessage", LocalizedMessage, { locale: "en", message: error.message }),
  );
  if (error.retryAfterMs !== null) {
    const ms = Math.max(0, Math.ceil(error.retryAfterMs));
    details.push(
      packMessage("google.rpc.RetryInfo", RetryInfo, {
        retryDelay: { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 },
      }),
    );
  }
  for (const { typeName, bytes } of attachments ?? error.attachments) details.push(pack(typeName, bytes));
  return { code: error.code, message: error.message, details };
}

/** A refusal as a client reads it. */
export interface ReceivedError {
  /** The gRPC status code. */
  readonly code: number;
  /** The reason; null when what answered was not the bus (a proxy, the transport) or is newer than this client. */
  readonly reason: ReasonName | null;
  /** The sentence in English. */
  readonly message: string;
  /** Texts for people by locale ("vi", "en"); empty when the bus did not answer. */
  readonly localizedMessages: Readonly<Record<string, string>>;
  /** Path of the field at fault, or null. */
  readonly field: string | null;
  /** Sorted by field. */
  readonly violations: readonly FieldViolation[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Attached messages: decode `bytes` by `typeName`. */
  readonly attachments: readonly Attachment[];
  /** Span to wait before repeating the same request; null: none was named. */
  readonly retryAfterMs: number | null;
  /** What repeating the very same request can do. */
  readonly retry: Retry;
}

/** What grpc-js hands a client; written out here so that this door needs no transport. */
export interface ServiceErrorLike {
  readonly code?: number | undefined;
  readonly details?: string | undefined;
  readonly message?: string | undefined;
  readonly metadata?: { get(key: string): (string | Uint8Array)[] } | undefined;
}

/** What an answer without an ErrorInfo of ours allows: the transport's own codes. */
function reasonOfBareCode(code: number): ReasonName | null {
  return code === GRPC_CODE.DEADLINE_EXCEEDED ? "DEADLINE_PASSED" : null;
}

function retryOf(code: number, reason: ReasonName | null, retryAfterMs: number | null): Retry {
  if (reason !== null) return ERROR_CATALOGUE[reason].retry;
  if (retryAfterMs !== null) return "retry-after";
  return code === GRPC_CODE.UNAVAILABLE || code === GRPC_CODE.DEADLINE_EXCEEDED ? "retry" : "terminal";
}

/** Reads a status, e.g. the `refused` of a StatementAnswer. Details that cannot be decoded are passed over. */
export function fromStatus(status: Pick<Status, "code" | "message" | "details">): ReceivedError {
  let info: ErrorInfo | null = null;
  let retryAfterMs: number | null = null;
  const localizedMessages: Record<string, string> = {};
  const violations: FieldViolation[] = [];
  const attachments: Attachment[] = [];
  for (const any of status.details) {
    const typeName = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
    try {
      switch (typeName) {
        case "google.rpc.ErrorInfo": {
          const decoded = ErrorInfo.decode(any.value);
          if (decoded.domain === ERROR_DOMAIN) info ??= decoded;
          break;
        }
        case "google.rpc.BadRequest":
          for (const { field, description } of BadRequest.decode(any.value).fieldViolations) {
            violations.push({ field, description });
          }
          break;
        case "google.rpc.LocalizedMessage": {
          const { locale, message } = LocalizedMessage.decode(any.value);
          localizedMessages[locale] = message;
          break;
        }
        case "google.rpc.RetryInfo": {
          const delay = RetryInfo.decode(any.value).retryDelay;
          if (delay !== undefined) retryAfterMs = Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / 1_000_000);
          break;
        }
        default:
          attachments.push({ typeName, bytes: any.value });
      }
    } catch {
      // A detail that we cannot read takes nothing away from the code and the other details.
    }
  }
  const reason = info === null ? reasonOfBareCode(status.code) : isReasonName(info.reason) ? info.reason : null;
  return {
    code: status.code,
    reason,
    message: status.message,
    localizedMessages,
    field: info?.metadata.field ?? violations[0]?.field ?? null,
    violations,
    metadata: info?.metadata ?? {},
    attachments,
    retryAfterMs,
    retry: retryOf(status.code, reason, retryAfterMs),
  };
}

/** Reads what a gRPC call failed with. Without readable details it says what the bare code allows. */
export function fromServiceError(error: ServiceErrorLike): ReceivedError {
  const code = error.code ?? GRPC_CODE.UNKNOWN;
  let message = error.details || error.message || "The call failed without a message.";
  const raw = error.metadata?.get(STATUS_DETAILS_KEY)[0];
  let details: Any[] = [];
  if (raw !== undefined && typeof raw !== "string") {
    try {
      const status = Status.decode(raw);
      details = status.details;
      // The header holds at most the beginning of a long sentence.
      message = status.message || message;
    } catch {
      // Cut or foreign bytes: the code and the sentence still stand.
    }
  }
  return fromStatus({ code, message, details });
}
