import {
  type FieldViolation,
  fromServiceError,
  fromStatus,
  GRPC_CODE,
  type ReasonName,
  type ReceivedError,
  type Retry,
  type ServiceErrorLike,
} from "@lienthong/chassis/status";
import { WinningEvent } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { Status } from "@lienthong/contracts/google/rpc/status";

const winningEventType = "lienthong.exchange.v1.WinningEvent";

/** What a call to the bus failed with: branch on `reason`, show `message` or `localizedMessages`, repeat as `retry` says. */
export class BusCallError extends Error {
  override readonly name = "BusCallError";
  /** The gRPC status code. */
  readonly code: number;
  /** Null when what answered was not the bus (nobody listens, a proxy), or the reason is newer than this client. */
  readonly reason: ReasonName | null;
  /** Path of the field at fault, or null. */
  readonly field: string | null;
  readonly violations: readonly FieldViolation[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Texts for people by locale ("vi", "en"); empty when the bus did not answer. */
  readonly localizedMessages: Readonly<Record<string, string>>;
  /** What repeating the very same request can do. */
  readonly retry: Retry;
  /** Least span in milliseconds before repeating, or null. */
  readonly retryAfterMs: number | null;
  /**
   * "statement": the bus answered this one statement on a stream. "call": the call or stream as a whole failed, which says nothing about
   * what was under way on it.
   */
  readonly scope: "statement" | "call";
  /** The event that decided against the statement (PRIOR_STALE, DOSSIER_EXISTS, STATEMENT_ID_REUSED); its bytes may be empty. */
  readonly winningEvent: WinningEvent | null;

  constructor(received: ReceivedError, options?: ErrorOptions & { scope?: "statement" | "call" }) {
    super(received.message, options);
    this.scope = options?.scope ?? "call";
    this.code = received.code;
    this.reason = received.reason;
    this.field = received.field;
    this.violations = received.violations;
    this.metadata = received.metadata;
    this.localizedMessages = received.localizedMessages;
    this.retry = connectionCut(received) ? "retry" : received.retry;
    this.retryAfterMs = received.retryAfterMs;
    this.winningEvent = winningEventOf(received);
  }

  /** True when the statement may have become durable all the same: the same envelope, sent again, gives the answer. */
  get outcomeUnknown(): boolean {
    if (this.reason === null) return this.retry !== "terminal";
    return this.reason === "OUTCOME_UNKNOWN" || this.reason === "DEADLINE_PASSED";
  }

  /** True when nobody answered at this address: no bus, or the way to it is broken. */
  get unreachable(): boolean {
    return this.reason === null && this.code === GRPC_CODE.UNAVAILABLE;
  }
}

/** A server that is killed resets its calls, and grpc-js then says CANCELLED or INTERNAL; the bus itself never does without a reason. */
function connectionCut({ reason, code }: ReceivedError): boolean {
  return reason === null && (code === GRPC_CODE.CANCELLED || code === GRPC_CODE.INTERNAL);
}

/** The error of a failed call. */
export function callError(thrown: ServiceErrorLike): BusCallError {
  return new BusCallError(fromServiceError(thrown), { cause: thrown });
}

/** The error of a statement that was refused on a stream. */
export function refusedStatement(status: Status): BusCallError {
  return new BusCallError(fromStatus(status), { scope: "statement" });
}

/** The error of something that did not come in time. */
export function deadlinePassed(sentence: string): BusCallError {
  return new BusCallError(fromStatus({ code: GRPC_CODE.DEADLINE_EXCEEDED, message: sentence, details: [] }));
}

function winningEventOf({ attachments }: ReceivedError): WinningEvent | null {
  const attached = attachments.find(({ typeName }) => typeName === winningEventType);
  if (attached === undefined) return null;
  try {
    return WinningEvent.decode(attached.bytes);
  } catch {
    // The reason stands without it; the trail has the event.
    return null;
  }
}
