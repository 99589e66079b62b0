// What stands between grpc-js and a handler, in this order: trace, log and measure, recovery, identity, decoding, handler.
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedHandleCall } from "@grpc/grpc-js";
import { asBusError, type BusError, busError } from "./bus-error.ts";
import { CallContext, type ServerCall } from "./call-context.ts";
import type { BidiHandler, BidiStream, ResponseStream, ServerStreamHandler, UnaryHandler } from "./call-handlers.ts";
import type { CallerLimits } from "./caller-limits.ts";
import { requestCheck } from "./check-request.ts";
import { ERROR_CATALOGUE, type ReasonName } from "./error-catalogue.ts";
import { GRPC_CODE } from "./grpc-code.ts";
import type { AnyHandler, GrpcService } from "./grpc-service.ts";
import { closeStream, whenStreamCloses } from "./http2-of-call.ts";
import type { Logger } from "./logger.ts";
import { decodeRequest } from "./raw-service-definition.ts";
import { type RawDuplexCall, readRequests } from "./request-stream.ts";
import { toServiceError } from "./service-error.ts";

/** How a call ended, for metrics: labels from small closed sets. */
export interface CallRecord {
  readonly method: string;
  /** The gRPC status code that our side gave; CANCELLED if the caller left first. */
  readonly code: number;
  /** Null unless the call was refused. */
  readonly reason: ReasonName | null;
  readonly durationMs: number;
}

/** What calls share. */
export interface CallEnvironment {
  readonly logger: Logger;
  readonly drainSignal: AbortSignal;
  readonly onCallEnd: ((record: CallRecord) => void) | undefined;
  readonly limits: CallerLimits;
  /** Calls that have not been answered as a whole. */
  readonly open: Set<OpenCall>;
}

/** A call under way, as the server sees it. */
export interface OpenCall {
  readonly context: CallContext;
  /** Ends it with a refusal; at once if its caller does not read. */
  cutOff(why: BusError): void;
}

/** Requests and responses of a method to and from bytes. */
interface Codec {
  decode(bytes: Buffer): unknown;
  encode(response: unknown): Buffer;
}

const SETTLED = Promise.resolve();

/** What of a refusal goes into the log: its sentence and metadata repeat what the caller sent, which may be anybody's data. */
function facts({ reason, metadata, cause }: BusError): object {
  // The causes of a caller's own faults quote the caller as well.
  const isOurs = ERROR_CATALOGUE[reason].owner !== "caller" && cause !== undefined;
  return { reason, field: metadata.field, ...(isOurs ? { err: cause } : {}) };
}

/** HTTP/2's INADEQUATE_SECURITY, which gRPC reads as PERMISSION_DENIED. */
const inadequateSecurity = 0xc;
/** Time for a refusal to reach a caller that was cut off; one that does not read is not waited for. */
const cutOffGraceMs = 1_000;

class RunningCall implements OpenCall {
  readonly context: CallContext;
  readonly #call: ServerCall;
  readonly #environment: CallEnvironment;
  readonly #startedMs = performance.now();
  /** Leaves the caller's share; null while it has none. */
  #leave: (() => void) | null = null;

  constructor(call: ServerCall, environment: CallEnvironment) {
    this.#call = call;
    this.#environment = environment;
    this.context = new CallContext(call, environment.logger, environment.drainSignal);
    environment.open.add(this);
  }

  /** Takes the call from its system's share. Throws LIMIT_REACHED. `byteCount`: of a single request; a stream's are paced as they come. */
  enter(isStream: boolean, byteCount = 0): void {
    const { limits } = this.#environment;
    const { identity } = this.context;
    const refused = limits.begin(identity, isStream, this.#startedMs);
    if (refused !== null) throw refused;
    const leave = (): void => limits.end(identity, isStream);
    // An answer that nobody reads still takes memory, so the place is kept until it is gone.
    if (!whenStreamCloses(this.#call, leave)) this.#leave = leave;
    if (byteCount === 0) return;
    const tooMuch = limits.takeBytes(identity, byteCount, this.#startedMs);
    if (tooMuch !== null) throw tooMuch;
  }

  /** Tells of the bytes of a stream's next request; answers for how many milliseconds nothing further is to be read. */
  pace(byteCount: number): number {
    return this.#environment.limits.spendBytes(this.context.identity, byteCount, performance.now());
  }

  cutOff(why: BusError): void {
    this.context.logger.info({ reason: why.reason }, "A call was ended: its system may not go on with it.");
    this.context.cutOff(why);
    setTimeout(() => closeStream(this.#call, inadequateSecurity), cutOffGraceMs).unref();
  }

  /** Runs the handler's part; what it throws comes back as a refusal, logged as it deserves. */
  async run<T>(work: () => T | Promise<T>): Promise<{ value: T; refusal: null } | { value: null; refusal: BusError }> {
    try {
      return { value: await work(), refusal: null };
    } catch (thrown) {
      const refusal = asBusError(thrown);
      if (this.context.ended) {
        this.context.logger.debug(facts(refusal), "The call ended before its answer.");
      } else if (refusal.reason === "INTERNAL") {
        this.context.logger.error({ err: refusal.cause ?? refusal }, "A call failed with a fault of ours.");
      } else if (this.#environment.logger.isLevelEnabled("debug")) {
        this.context.logger.debug(facts(refusal), "A call was refused.");
      }
      return { value: null, refusal };
    }
  }

  /** Says that the answer is complete. */
  finish(refusal: BusError | null): void {
    const { context } = this;
    const left = context.ended && context.cutOffBecause === null;
    this.#environment.open.delete(this);
    this.#leave?.();
    context.finish();
    this.#environment.onCallEnd?.({
      method: context.method,
      code: refusal?.code ?? (left ? GRPC_CODE.CANCELLED : GRPC_CODE.OK),
      reason: refusal?.reason ?? null,
      durationMs: performance.now() - this.#startedMs,
    });
  }
}

async function answerUnary(
  handler: UnaryHandler<unknown, unknown>,
  codec: Codec,
  environment: CallEnvironment,
  call: ServerUnaryCall<Buffer, unknown>,
  callback: sendUnaryData<unknown>,
): Promise<void> {
  const running = new RunningCall(call, environment);
  const { value, refusal } = await running.run(async () => {
    running.enter(false, call.request.length);
    return codec.encode(await handler.run(codec.decode(call.request), running.context));
  });
  running.finish(refusal);
  if (refusal === null) callback(null, value);
  else callback(toServiceError(refusal));
}

interface WritableCall extends ServerCall {
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
  write(message: unknown): boolean;
  end(): unknown;
  emit(event: "cancelled", what: string): boolean;
  emit(event: "error", error: Error): boolean;
  once(event: "cancelled" | "drain" | "close", listener: () => void): unknown;
  off(event: "cancelled" | "drain" | "close", listener: () => void): unknown;
}

function responseStream(call: WritableCall, context: CallContext, codec: Codec): ResponseStream<unknown> {
  let drained: Promise<void> | null = null;
  return {
    send(response) {
      if (context.ended || call.destroyed || call.writableEnded) return SETTLED;
      let bytes: Buffer;
      try {
        bytes = codec.encode(response);
      } catch (error) {
        return Promise.reject(error);
      }
      if (call.write(bytes)) return SETTLED;
      drained ??= new Promise<void>((resolve) => {
        const goOn = (): void => {
          drained = null;
          call.off("drain", goOn);
          call.off("cancelled", goOn);
          call.off("close", goOn);
          resolve();
        };
        call.once("drain", goOn);
        call.once("cancelled", goOn);
        call.once("close", goOn);
      });
      return drained;
    },
  };
}

/** Ends a stream after what was sent on it. */
function endStream(call: WritableCall, running: RunningCall, refusal: BusError | null): void {
  // A handler that left its loop in good order because it was cut off has not answered all.
  const why = running.context.cutOffBecause ?? refusal;
  running.finish(why);
  if (why === null) call.end();
  // grpc-js takes the status from an "error" event, and sends it when all messages are out.
  else call.emit("error", toServiceError(why));
}

async function answerServerStream(
  handler: ServerStreamHandler<unknown, unknown>,
  codec: Codec,
  environment: CallEnvironment,
  call: ServerWritableStream<Buffer, unknown>,
): Promise<void> {
  const running = new RunningCall(call, environment);
  const { context } = running;
  const stream = responseStream(call, context, codec);
  const { refusal } = await running.run(() => {
    running.enter(true, call.request.length);
    return handler.run(codec.decode(call.request), stream, context);
  });
  endStream(call, running, refusal);
}

async function answerBidi(
  handler: BidiHandler<unknown, unknown>,
  codec: Codec,
  environment: CallEnvironment,
  call: RawDuplexCall<unknown>,
): Promise<void> {
  const running = new RunningCall(call, environment);
  const { context } = running;
  let malformed: unknown = null;
  const decodeAndRemember = (bytes: Buffer): unknown => {
    try {
      return codec.decode(bytes);
    } catch (error) {
      malformed ??= error;
      throw error;
    }
  };
  const pace = (byteCount: number): number => running.pace(byteCount);
  const reader = readRequests(call as RawDuplexCall<never>, context, decodeAndRemember, pace);
  const stream: BidiStream<unknown, unknown> = {
    requests: reader.requests,
    send: responseStream(call, context, codec).send,
  };
  const { refusal } = await running.run(async () => {
    running.enter(true);
    await handler.run(stream, context);
    // A handler that catches the error of its loop must not turn an unreadable request into success.
    if (malformed !== null) throw malformed;
    if (context.drainSignal.aborted && !call.readableEnded) throw busError("DRAINING");
  });
  reader.release();
  endStream(call, running, refusal);
}

function compileHandler(handler: AnyHandler, codec: Codec, environment: CallEnvironment): UntypedHandleCall {
  switch (handler.kind) {
    case "unary":
      return (call: ServerUnaryCall<Buffer, unknown>, callback: sendUnaryData<unknown>) => {
        void answerUnary(handler, codec, environment, call, callback);
      };
    case "serverStream":
      return (call: ServerWritableStream<Buffer, unknown>) => {
        void answerServerStream(handler, codec, environment, call);
      };
    case "bidi":
      return (call: RawDuplexCall<unknown>) => {
        void answerBidi(handler, codec, environment, call);
      };
  }
}

/** The handlers of a service as grpc-js wants them, for its raw definition. */
export function compileService(service: GrpcService, environment: CallEnvironment): Record<string, UntypedHandleCall> {
  return Object.fromEntries(
    Object.entries(service.definition).map(([name, method]) => {
      const check = requestCheck(method.path);
      const codec: Codec = {
        decode: (bytes) => decodeRequest(bytes, check, method.requestDeserialize),
        encode: (response) => method.responseSerialize(response),
      };
      return [name, compileHandler(service.implementation[name]!, codec, environment)];
    }),
  );
}
