import { randomBytes } from "node:crypto";
import type { Metadata } from "@grpc/grpc-js";
import { type BusError, busError } from "./bus-error.ts";
import { isStreamGone } from "./http2-of-call.ts";
import type { Logger } from "./logger.ts";
import { type CallOfConnection, type PeerIdentity, peerIdentity } from "./peer-identity.ts";

/** The caller went away, or the connection broke, before the answer was complete. Nobody hears of what is thrown then. */
export class CallEndedError extends Error {
  override readonly name = "CallEndedError";

  constructor() {
    super("The caller ended the call, or its connection broke, before the answer was complete.");
  }
}

/** What is common to the calls of grpc-js. */
export interface ServerCall extends CallOfConnection {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getDeadline(): Date | number;
  getPath(): string;
  getPeer(): string;
  once(event: "cancelled", listener: () => void): unknown;
  emit(event: "cancelled", what: string): boolean;
}

/** W3C trace context, version 00. */
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What a handler knows about the call it answers. Parts that cost something are made when first asked for. */
export class CallContext {
  /** "/lienthong.exchange.v1.ExchangeService/SubmitStatement". */
  readonly method: string;
  /** The calling system; null if its certificate names none. */
  readonly identity: PeerIdentity | null;
  /** Aborted when the server begins to drain: end open streams soon, take nothing new on. */
  readonly drainSignal: AbortSignal;
  readonly #call: ServerCall;
  readonly #parentLogger: Logger;
  #controller: AbortController | null = null;
  #ended = false;
  #finished = false;
  #cutOff: BusError | null = null;
  #traceId: string | null = null;
  #logger: Logger | null = null;

  constructor(call: ServerCall, logger: Logger, drainSignal: AbortSignal) {
    this.#call = call;
    this.#parentLogger = logger;
    this.drainSignal = drainSignal;
    this.method = call.getPath();
    this.identity = peerIdentity(call);
    this.#ended = call.cancelled;
    call.once("cancelled", () => {
      // grpc-js says so after a regular end, too.
      if (this.#finished) return;
      this.#ended = true;
      this.#controller?.abort(this.endReason());
    });
  }

  /** When the caller stops waiting, milliseconds since 1970; null: it named no deadline. */
  get deadlineMs(): number | null {
    const deadline = Number(this.#call.getDeadline());
    return Number.isFinite(deadline) ? deadline : null;
  }

  /** Aborted when the deadline passes, the caller cancels or the connection breaks; its reason says which. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.ended) this.#controller.abort(this.endReason());
    }
    return this.#controller.signal;
  }

  /** Whether nobody waits for the answer any more. */
  get ended(): boolean {
    return this.#ended || (!this.#finished && isStreamGone(this.#call));
  }

  /** Headers of the call. */
  get metadata(): Metadata {
    return this.#call.metadata;
  }

  /** The caller's trace id, else a new one: 32 lower-case hexadecimal characters. */
  get traceId(): string {
    this.#traceId ??=
      TRACEPARENT.exec(String(this.#call.metadata.get("traceparent")[0] ?? ""))?.[1] ?? randomBytes(16).toString("hex");
    return this.#traceId;
  }

  /** Logs with method, trace id, system and peer. */
  get logger(): Logger {
    this.#logger ??= this.#parentLogger.child({
      method: this.method,
      traceId: this.traceId,
      system: this.identity?.systemId ?? null,
      peer: this.#call.getPeer(),
    });
    return this.#logger;
  }

  /** Why the server itself ended the call; null if it did not. */
  get cutOffBecause(): BusError | null {
    return this.#cutOff;
  }

  /** What a handler that was cut short should throw: why the server ended the call, DEADLINE_PASSED or CallEndedError. */
  endReason(): Error {
    if (this.#cutOff !== null) return this.#cutOff;
    const { deadlineMs } = this;
    return deadlineMs !== null && Date.now() >= deadlineMs ? busError("DEADLINE_PASSED") : new CallEndedError();
  }

  /** Called by the wrapper when the caller may not go on: whoever waits for the call hears as if it had been cancelled. */
  cutOff(why: BusError): void {
    if (this.#finished || this.ended) return;
    this.#cutOff = why;
    this.#call.emit("cancelled", "cancelled");
  }

  /** Called by the wrapper when the answer is complete; from then on the end of the call means nothing. */
  finish(): void {
    this.#finished = true;
  }
}
