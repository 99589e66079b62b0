import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { ServiceErrorLike } from "@lienthong/chassis/status";
import type {
  AcceptedStatement,
  StatementAnswer,
  StreamStatementsRequest,
  StreamStatementsResponse,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import { type BusCallError, callError, deadlinePassed, refusedStatement } from "./bus-call-error.ts";
import { CALL_DEADLINE_MS } from "./unary-call.ts";

/** Statements of a message: what the contract allows, and far below the largest message a server takes. */
const statementsPerMessageMax = 1_000;
const envelopeBytesPerMessageMax = 1_048_576;

/** How a stream behaves. */
export interface StatementStreamOptions {
  /** Statements sent and not yet answered; more wait here. Default 1,024. */
  readonly inFlightMax?: number;
  /** Span within which a statement that was sent is answered, in milliseconds. Default 10,000. */
  readonly answerWithinMs?: number;
}

/** Submits many statements over one stream: those of one turn of the event loop share a message. */
export interface StatementStream {
  /** Statements sent and not yet answered. */
  readonly inFlight: number;
  /** Statements that wait because `inFlightMax` are in flight. */
  readonly waiting: number;
  /**
   * Submits one envelope. Rejects with BusCallError: when the statement is refused, when no answer comes in time, and when the stream
   * ends first; in the last two the same envelope, sent again, gives the answer.
   */
  submit(envelope: Uint8Array): Promise<AcceptedStatement>;
  /** Resolves when a statement submitted now would not have to wait: for callers that make statements as fast as they are taken. */
  ready(): Promise<void>;
  /** Takes no more, waits for all answers, and ends the stream. */
  end(): Promise<void>;
  /** Breaks the stream off; what is not answered yet rejects as when a stream ends, its outcome unknown. */
  cancel(): void;
  /** Resolves when the stream is over: with null after `end`, else with why. Never rejects. */
  readonly ended: Promise<BusCallError | null>;
}

interface Submitted {
  readonly envelope: Uint8Array;
  readonly resolve: (accepted: AcceptedStatement) => void;
  readonly reject: (error: Error) => void;
  /** By when it must be answered, once sent; `performance.now()` time. */
  overdueMs: number;
}

export function openStatementStream(
  call: ClientDuplexStream<StreamStatementsRequest, StreamStatementsResponse>,
  options: StatementStreamOptions,
): StatementStream {
  return new DuplexStatementStream(call, options);
}

class DuplexStatementStream implements StatementStream {
  readonly ended: Promise<BusCallError | null>;
  readonly #call: ClientDuplexStream<StreamStatementsRequest, StreamStatementsResponse>;
  readonly #inFlightMax: number;
  readonly #answerWithinMs: number;
  /** In the order they were sent, which is the order in which they become overdue. */
  readonly #sent = new Map<bigint, Submitted>();
  #queue: Submitted[] = [];
  #nextCorrelation = 1n;
  #flushScheduled = false;
  #choked = false;
  #ending = false;
  #over: { readonly why: BusCallError | null } | null = null;
  #overdueTimer: NodeJS.Timeout | null = null;
  #readyWaiters: (() => void)[] = [];

  constructor(
    call: ClientDuplexStream<StreamStatementsRequest, StreamStatementsResponse>,
    { inFlightMax = 1_024, answerWithinMs = CALL_DEADLINE_MS }: StatementStreamOptions,
  ) {
    this.#call = call;
    this.#inFlightMax = inFlightMax;
    this.#answerWithinMs = answerWithinMs;
    this.ended = new Promise((resolve) => {
      const finish = (why: BusCallError | null) => {
        if (this.#over !== null) return;
        this.#over = { why };
        this.#leaveNobodyWaiting(why);
        resolve(why);
      };
      call.on("data", ({ answers }: StreamStatementsResponse) => {
        for (const answer of answers) this.#take(answer);
        this.#afterAnswers();
      });
      call.on("error", (error: ServiceErrorLike) => finish(callError(error)));
      call.on("end", () => finish(null));
    });
    call.on("drain", () => {
      this.#choked = false;
      this.#flush();
    });
  }

  get inFlight(): number {
    return this.#sent.size;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  submit(envelope: Uint8Array): Promise<AcceptedStatement> {
    return new Promise((resolve, reject) => {
      if (this.#over !== null || this.#ending) {
        reject(this.#over?.why ?? new Error("This stream was ended; open another one."));
        return;
      }
      this.#queue.push({ envelope, resolve, reject, overdueMs: 0 });
      this.#scheduleFlush();
    });
  }

  ready(): Promise<void> {
    if (this.#over !== null || this.#hasRoom()) return Promise.resolve();
    return new Promise((resolve) => this.#readyWaiters.push(resolve));
  }

  async end(): Promise<void> {
    this.#ending = true;
    this.#endCallWhenDone();
    await this.ended;
  }

  cancel(): void {
    if (this.#over === null) this.#call.cancel();
  }

  #hasRoom(): boolean {
    return !this.#choked && this.#sent.size + this.#queue.length < this.#inFlightMax;
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled || this.#choked) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    let taken = 0;
    while (this.#over === null && !this.#choked && taken < this.#queue.length && this.#sent.size < this.#inFlightMax) {
      const statements: { correlation: bigint; envelope: Uint8Array }[] = [];
      const overdueMs = performance.now() + this.#answerWithinMs;
      let bytes = 0;
      while (
        taken < this.#queue.length &&
        this.#sent.size < this.#inFlightMax &&
        statements.length < statementsPerMessageMax
      ) {
        const submitted = this.#queue[taken] as Submitted;
        if (statements.length > 0 && bytes + submitted.envelope.length > envelopeBytesPerMessageMax) break;
        bytes += submitted.envelope.length;
        const correlation = this.#nextCorrelation++;
        submitted.overdueMs = overdueMs;
        this.#sent.set(correlation, submitted);
        statements.push({ correlation, envelope: submitted.envelope });
        taken += 1;
      }
      this.#choked = !this.#call.write({ statements });
    }
    if (taken > 0) this.#queue.splice(0, taken);
    this.#watchOverdue();
    this.#wakeReady();
  }

  #take({ correlation, outcome }: StatementAnswer): void {
    const submitted = this.#sent.get(correlation);
    // An answer that came too late: its statement was given up, and will be sent again.
    if (submitted === undefined) return;
    this.#sent.delete(correlation);
    if (outcome?.$case === "accepted") submitted.resolve(outcome.value);
    else if (outcome?.$case === "refused") submitted.reject(refusedStatement(outcome.value));
    else submitted.reject(new Error("The exchange answered a statement with nothing."));
  }

  #afterAnswers(): void {
    if (this.#queue.length > 0) this.#scheduleFlush();
    this.#wakeReady();
    this.#endCallWhenDone();
  }

  #wakeReady(): void {
    while (this.#readyWaiters.length > 0 && (this.#over !== null || this.#hasRoom())) {
      for (const resume of this.#readyWaiters.splice(0)) resume();
    }
  }

  #endCallWhenDone(): void {
    if (this.#ending && this.#over === null && this.#sent.size === 0 && this.#queue.length === 0) this.#call.end();
  }

  #watchOverdue(): void {
    const oldest = this.#sent.values().next().value;
    if (this.#overdueTimer !== null || oldest === undefined || this.#over !== null) return;
    this.#overdueTimer = setTimeout(
      () => {
        this.#overdueTimer = null;
        this.#giveUpOverdue();
        this.#watchOverdue();
      },
      Math.max(1, oldest.overdueMs - performance.now()),
    );
  }

  #giveUpOverdue(): void {
    const nowMs = performance.now();
    for (const [correlation, submitted] of this.#sent) {
      if (submitted.overdueMs > nowMs) break;
      this.#sent.delete(correlation);
      submitted.reject(
        deadlinePassed(`No answer came within ${this.#answerWithinMs} ms; the same envelope, sent again, gives it.`),
      );
    }
    this.#afterAnswers();
  }

  #leaveNobodyWaiting(why: BusCallError | null): void {
    if (this.#overdueTimer !== null) clearTimeout(this.#overdueTimer);
    this.#overdueTimer = null;
    const left = [...this.#sent.values(), ...this.#queue];
    this.#sent.clear();
    this.#queue = [];
    for (const submitted of left) {
      submitted.reject(
        why ?? deadlinePassed("The stream ended before the answer came; the same envelope, sent again, gives it."),
      );
    }
    this.#wakeReady();
  }
}
