import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { SignedStatement } from "./agency-pen.ts";
import { AnswerTeller } from "./answer-teller.ts";
import { backOffMs } from "./back-off.ts";
import { BusCallError } from "./bus-call-error.ts";
import type { Outbox, OutboxOptions, OutboxTrouble } from "./outbox.ts";
import { contested, isRefusal, refusalOf, StatementRefusedError } from "./outbox-refusals.ts";
import {
  type AcceptedEntry,
  type KeptStatement,
  type OutboxCounts,
  OutboxStore,
  payloadOf,
  type Refusal,
  type RefusedEntry,
} from "./outbox-store.ts";
import { AnswerRejectedError, readAccepted } from "./read-accepted.ts";
import { SendingWindow, type WaitingStatement } from "./sending-window.ts";
import type { StatementStream } from "./statement-stream.ts";
import { CALL_DEADLINE_MS } from "./unary-call.ts";

/** Envelopes that the bus takes (contract). */
const envelopeBytesMax = 61_440;
const listMax = 1_000;

interface Incoming {
  readonly signed: SignedStatement;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface AcceptedAnswer {
  readonly $case: "accepted";
  readonly item: WaitingStatement;
  readonly shard: string;
  readonly accepted: AcceptedStatement;
  /** Its place among the accepted ones, once it is written. */
  number: number;
}

interface RefusedAnswer {
  readonly $case: "refused";
  readonly item: WaitingStatement;
  readonly envelope: Uint8Array;
  readonly refusal: Refusal;
}

/** Keeps, sends, and tells: the outbox as `openOutbox` gives it. */
export class DurableOutbox implements Outbox {
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  readonly #backOff: { firstBackoffMs: number; backoffMsMax: number };
  readonly #inFlightMax: number;
  readonly #window: SendingWindow;
  readonly #teller: AnswerTeller;
  #inFlight = 0;
  #incoming: Incoming[] = [];
  #answers: (AcceptedAnswer | RefusedAnswer)[] = [];
  #commitScheduled = false;
  #stream: StatementStream | null = null;
  #streamFailures = 0;
  #pause: NodeJS.Timeout | null = null;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #waiters = new Map<string, PromiseWithResolvers<AcceptedEntry>>();
  #idleWaiters: (() => void)[] = [];
  #closing = false;
  #closed = false;
  #closeOnce: Promise<{ pending: number }> | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#backOff = { firstBackoffMs: options.firstBackoffMs ?? 100, backoffMsMax: options.backoffMsMax ?? 30_000 };
    this.#inFlightMax = options.inFlightMax ?? 256;
    this.#store = new OutboxStore(options.directory);
    this.#window = new SendingWindow(this.#store);
    this.#teller = new AnswerTeller(this.#store, options, {
      backOff: this.#backOff,
      onTrouble: (trouble) => this.#trouble(trouble),
      onTold: () => {
        if (this.#closed) return;
        this.#scheduleCommit();
        this.#dispatch();
        this.#checkIdle();
      },
    });
    this.#dispatch();
  }

  get counts(): OutboxCounts {
    return this.#store.counts;
  }

  submit(signed: SignedStatement): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#checkOpen();
      if (signed.envelope.length > envelopeBytesMax) {
        throw new Error(`The statement has ${signed.envelope.length} bytes with its signatures; 61,440 are allowed.`);
      }
      this.#checkRoom();
      this.#incoming.push({ signed, resolve, reject });
      this.#scheduleCommit();
    });
  }

  async answered(statementId: string): Promise<AcceptedEntry> {
    // What was submitted in this turn is not on the disk yet.
    await this.#incomingCommitted();
    this.#checkOpen();
    const accepted = this.#store.acceptedById(statementId);
    if (accepted !== null) return accepted;
    const refused = this.#store.refusedById(statementId);
    if (refused !== null) throw new StatementRefusedError(refused);
    if (!this.#store.isPending(statementId)) throw new Error(`No statement ${statementId} is kept in this outbox.`);
    let waiter = this.#waiters.get(statementId);
    if (waiter === undefined) {
      waiter = Promise.withResolvers<AcceptedEntry>();
      this.#waiters.set(statementId, waiter);
    }
    return waiter.promise;
  }

  pending(limit: number = listMax): KeptStatement[] {
    return this.#store.pendingAfter(0, limit);
  }

  refused(limit: number = listMax): RefusedEntry[] {
    return this.#store.refused(limit);
  }

  accepted({ since = 0, limit = listMax }: { since?: number; limit?: number } = {}): AcceptedEntry[] {
    return this.#store.accepted(since, limit);
  }

  ofDossier(dossier: string) {
    return this.#store.ofDossier(dossier);
  }

  sendAgain(statementId: string): boolean {
    this.#checkOpen();
    let known = false;
    this.#store.transaction(() => {
      known = this.#store.sendAgain(statementId, Date.now());
    });
    this.#window.grew();
    this.#dispatch();
    return known;
  }

  forgetRefused(statementId: string): boolean {
    let known = false;
    this.#store.transaction(() => {
      known = this.#store.forgetRefused(statementId);
    });
    return known;
  }

  receiptStored(leafIndex: bigint, shard?: string): boolean {
    let known = false;
    this.#store.transaction(() => {
      known = this.#store.forgetAccepted(leafIndex, shard ?? null);
    });
    return known;
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      this.#checkIdle();
    });
  }

  close({ drainWithinMs = 10_000 }: { drainWithinMs?: number } = {}): Promise<{ pending: number }> {
    this.#closeOnce ??= this.#close(drainWithinMs);
    return this.#closeOnce;
  }

  async #close(drainWithinMs: number): Promise<{ pending: number }> {
    this.#closing = true;
    let timer: NodeJS.Timeout | null = null;
    await Promise.race([
      this.idle(),
      new Promise((resume) => {
        timer = setTimeout(resume, drainWithinMs);
      }),
    ]);
    if (timer !== null) clearTimeout(timer);
    // What was answered so far is kept; what was not is sent again the next time.
    this.#commit();
    this.#closed = true;
    if (this.#pause !== null) clearTimeout(this.#pause);
    for (const waiting of this.#timers) clearTimeout(waiting);
    this.#teller.close();
    const stream = this.#stream;
    this.#stream = null;
    stream?.cancel();
    await stream?.ended;
    const { pending } = this.#store.counts;
    this.#store.close();
    const closed = new Error("The outbox was closed; the statement is in it and is sent when it is opened again.");
    for (const waiter of this.#waiters.values()) {
      waiter.promise.catch(() => {});
      waiter.reject(closed);
    }
    return { pending };
  }

  #checkOpen(): void {
    if (this.#closing) throw new Error("This outbox is closed; open it again.");
  }

  #checkRoom(): void {
    const { waitingMax = 100_000, unreceiptedMax = 1_000_000 } = this.#options;
    const { pending, refused, accepted } = this.#store.counts;
    if (pending + refused + this.#incoming.length >= waitingMax) {
      throw new Error(
        `The outbox is full: ${pending} statements wait to be sent and ${refused} refused ones to be looked at; at most ${waitingMax} may. Wait until some are sent, or forget refused ones.`,
      );
    }
    if (accepted >= unreceiptedMax) {
      throw new Error(
        `The outbox is full: ${accepted} accepted statements wait for their receipts; at most ${unreceiptedMax} may. Store receipts and say receiptStored.`,
      );
    }
  }

  async #incomingCommitted(): Promise<void> {
    while (this.#incoming.length > 0) await new Promise((resume) => setImmediate(resume));
  }

  #scheduleCommit(): void {
    if (this.#commitScheduled) return;
    this.#commitScheduled = true;
    // What comes in one turn of the event loop shares one fsync.
    setImmediate(() => {
      this.#commitScheduled = false;
      if (!this.#closed) this.#commit();
    });
  }

  /** Writes what came in and what was answered, then goes on with it. */
  #commit(): void {
    const incoming = this.#incoming;
    const answers = this.#answers;
    const told = this.#teller.takeTold();
    this.#incoming = [];
    this.#answers = [];
    if (incoming.length + answers.length + told.length === 0) return;
    const failed = new Map<Incoming, unknown>();
    const { onAccepted, onRefused } = this.#options;
    try {
      this.#store.transaction(() => {
        for (const one of incoming) {
          try {
            this.#store.keep(one.signed, Date.now());
          } catch (error) {
            // A statement that cannot be kept here leaves the others alone; a disk that cannot be written fails the whole.
            if ((error as { code?: string }).code === "ERR_SQLITE_ERROR") throw error;
            failed.set(one, error);
          }
        }
        for (const answer of answers) {
          const { statementId } = answer.item;
          if (answer.$case === "accepted") {
            answer.number = this.#store.accept(statementId, answer.shard, answer.accepted, onAccepted === undefined);
          } else this.#store.refuse(statementId, answer.refusal, onRefused === undefined);
        }
        for (const statementId of told) this.#store.markTold(statementId);
      });
      // A crash before this: nobody was told that anything is kept, and what was answered is sent again and answered the same.
    } catch (error) {
      for (const { reject } of incoming) reject(error);
      for (const { item } of answers) this.#failed(item, error as Error);
      this.#teller.putBackTold(told);
      return;
    }
    for (const one of incoming) {
      const error = failed.get(one);
      if (error === undefined) one.resolve();
      else one.reject(error);
    }
    if (incoming.length > failed.size) this.#window.grew();
    for (const { item } of answers) this.#window.answered(item);
    for (const answer of answers) this.#announce(answer);
    this.#dispatch();
    this.#checkIdle();
  }

  #dispatch(): void {
    if (this.#closed || this.#pause !== null) return;
    try {
      while (this.#inFlight < this.#inFlightMax && !this.#teller.behind) {
        const item = this.#window.next();
        if (item === undefined) return;
        this.#inFlight += 1;
        void this.#send(item, this.#openStream());
      }
    } catch (error) {
      // The disk cannot be read.
      this.#pauseAfter(error as Error);
    }
  }

  /** Null when none can be opened, because the caller closed the connection. */
  #openStream(): StatementStream | null {
    if (this.#stream !== null) return this.#stream;
    const { connection, answerWithinMs = CALL_DEADLINE_MS } = this.#options;
    try {
      const stream = connection.exchange.openStream({ inFlightMax: this.#inFlightMax, answerWithinMs });
      this.#stream = stream;
      void stream.ended.then((why) => this.#streamLost(stream, why ?? new Error("The bus ended the stream.")));
      return stream;
    } catch (error) {
      this.#pauseAfter(error as Error);
      return null;
    }
  }

  async #send(item: WaitingStatement, stream: StatementStream | null): Promise<void> {
    let error: Error;
    let envelope: Uint8Array = new Uint8Array(0);
    try {
      if (stream === null) throw new Error("No stream can be opened on this connection.");
      envelope = this.#store.envelope(item.position);
      // A crash after this leaves the statement pending: the same bytes go again, and the bus answers with the event it recorded.
      const accepted = await stream.submit(envelope);
      this.#inFlight -= 1;
      this.#streamFailures = 0;
      if (!this.#closed) this.#answer(this.#heldAgainst(item, envelope, accepted));
      return;
    } catch (thrown) {
      error = thrown as Error;
      this.#inFlight -= 1;
    }
    if (this.#closed) return;
    if (error instanceof BusCallError && error.scope === "statement") {
      this.#streamFailures = 0;
      if (isRefusal(error)) this.#answer({ $case: "refused", item, envelope, refusal: refusalOf(error) });
      else this.#failed(item, error);
      return;
    }
    if (error instanceof BusCallError && error.reason === "DEADLINE_PASSED") {
      this.#failed(item, error);
      return;
    }
    // Nothing was said about this statement: it goes first when the bus can be reached again.
    this.#window.putBack(item);
    if (stream !== null) this.#streamLost(stream, error);
  }

  /** The answer, or that it does not hold: then it is kept as evidence, and nothing is built on it. */
  #heldAgainst(
    item: WaitingStatement,
    envelope: Uint8Array,
    accepted: AcceptedStatement,
  ): AcceptedAnswer | RefusedAnswer {
    try {
      const sent = { envelope, payload: payloadOf(envelope) };
      const read = readAccepted(accepted, { ...this.#options.expected, sent, network: this.#store.network() });
      const { shard } = read.event.header;
      if (this.#store.isLeafOfAnother(shard, accepted.leafIndex, item.statementId)) {
        throw new AnswerRejectedError(`The bus gave the leaf index ${accepted.leafIndex} to two statements.`);
      }
      return { $case: "accepted", item, shard, accepted, number: 0 };
    } catch (error) {
      return { $case: "refused", item, envelope, refusal: contested(error as Error, accepted) };
    }
  }

  #answer(answer: AcceptedAnswer | RefusedAnswer): void {
    this.#answers.push(answer);
    this.#scheduleCommit();
  }

  /** It is tried again after a while, with the same bytes; its dossier waits for it. */
  #failed(item: WaitingStatement, error: Error): void {
    item.failures += 1;
    const asked = error instanceof BusCallError ? (error.retryAfterMs ?? 0) : 0;
    const retryInMs = asked + backOffMs(item.failures, this.#backOff);
    this.#trouble({ error, statementId: item.statementId, retryInMs });
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#window.again(item);
      this.#dispatch();
    }, retryInMs);
    this.#timers.add(timer);
  }

  /** The stream is over; another one is opened after a while. */
  #streamLost(stream: StatementStream, error: Error): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    stream.cancel();
    this.#pauseAfter(error);
  }

  #pauseAfter(error: Error): void {
    this.#streamFailures += 1;
    const asked = error instanceof BusCallError ? (error.retryAfterMs ?? 0) : 0;
    const retryInMs = asked + backOffMs(this.#streamFailures, this.#backOff);
    // A stream that ended while nothing was to be sent is no trouble.
    if (!this.#window.empty) this.#trouble({ error, statementId: null, retryInMs });
    this.#pause ??= setTimeout(() => {
      this.#pause = null;
      this.#dispatch();
    }, retryInMs);
  }

  #trouble(trouble: OutboxTrouble): void {
    try {
      this.#options.onTrouble?.(trouble);
    } catch {
      // Whoever is told of troubles must not become one.
    }
  }

  /** Tells those who wait for this answer, and whoever is told of all. */
  #announce(answer: AcceptedAnswer | RefusedAnswer): void {
    const { statementId, dossier } = answer.item;
    const waiter = this.#waiters.get(statementId);
    this.#waiters.delete(statementId);
    if (answer.$case === "accepted") {
      const { number, shard, accepted } = answer;
      const entry = { number, statementId, dossier, shard, leafIndex: accepted.leafIndex, accepted };
      waiter?.resolve(entry);
      this.#teller.accepted(entry);
    } else {
      const { envelope, refusal } = answer;
      const entry = { statementId, dossier, envelope, refusal };
      waiter?.reject(new StatementRefusedError(entry));
      this.#teller.refused(entry);
    }
  }

  #checkIdle(): void {
    if (this.#idleWaiters.length === 0) return;
    const busy = this.#incoming.length + this.#answers.length > 0 || this.#teller.busy;
    if (busy || this.#store.counts.pending > 0) return;
    for (const resume of this.#idleWaiters.splice(0)) resume();
  }
}
