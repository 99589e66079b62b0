import { asBusError, type BusError, busError, type Clock, localDate, timestampFromMs } from "@lienthong/chassis";
import type { Decision, DossierState, Refusal } from "@lienthong/domain";
import {
  type Appender,
  batchMessagesMax,
  eventSubject,
  LeaderUnconfirmedError,
  type Reader,
} from "@lienthong/event-store";
import { type AppendDraft, type AppendedRound, appendDurably, singlePublishesMax } from "./append-durably.ts";
import { decideProposal } from "./decide-proposal.ts";
import { absentDossier, type DossierStore, type LoadedDossier } from "./dossier-store.ts";
import type { EventDraft, RoundTimes } from "./event-draft.ts";
import type { PromisePen } from "./promise-pen.ts";
import type { DossierProposal, WriteOutcome } from "./proposal.ts";
import { refusalError } from "./refusal-error.ts";
import type { RegistryInForce } from "./registry-in-force.ts";
import { type ShardGuard, ShardStoppedError } from "./shard-guard.ts";
import { WaitingLine } from "./waiting-line.ts";

/** What the write path stands on. */
export interface WritePathOptions {
  readonly shard: string;
  readonly generation: number;
  /** This replica, named as the system of the bus's own events. */
  readonly replica: string;
  readonly clock: Clock;
  /** Real UTC, whatever the shard's clock is. */
  readonly wallClock: Clock;
  readonly appender: Appender;
  readonly reader: Reader;
  readonly dossiers: DossierStore;
  readonly guard: ShardGuard;
  readonly promises: PromisePen;
  registry(): RegistryInForce;
  /** Told of a round before it is appended, for whoever meets its events in the stream first; what it returns is called when the round has ended. */
  onDrafted?(drafts: readonly { readonly subject: string; readonly event: EventDraft }[]): () => void;
  /** Told of the events of a round, durable and in the order of their sequence, before their authors are. */
  onAppended?(appended: readonly { readonly sequence: number; readonly draft: { readonly event: EventDraft } }[]): void;
  log(message: string, details?: Record<string, unknown>): void;
}

interface Waiting {
  readonly dossier: string;
  readonly proposal: DossierProposal;
  readonly sinceMs: number;
  settle(outcome: WriteOutcome): void;
}

/** An event drafted in a round, and who waits for it. */
interface Draft extends AppendDraft {
  readonly waiting: Waiting;
  readonly event: EventDraft;
}

/** An answer that cites this round's drafts: it waits until they are durable. */
interface HeldAnswer {
  readonly waiting: Waiting;
  readonly dossier: string;
  /** The dossier as the round found it. */
  readonly found: LoadedDossier;
  readonly decision: Exclude<Decision, { kind: "accept" }>;
}

/** A dossier in a round: its state so far, and whether that state was read at the leader in this round. */
interface RoundDossier {
  readonly found: LoadedDossier;
  state: DossierState | null;
  readonly fresh: boolean;
  /** Drafts of this round are part of `state`. */
  drafted: boolean;
  /** Must be read anew; whatever concerns it waits for the next round. */
  postponed: boolean;
}

const waitingMax = 20_000;
/** How long somebody waits for a store that does not answer. */
const answerWithinMs = 5_000;
const comparePauseMsMin = 20;
const comparePauseMsMax = 500;

/**
 * The write path of one shard, round by round: take what waits, decide each in turn, append the round, commit the head, answer. Few
 * statements go side by side, each a round by itself; many share a round and one fsync (see WaitingLine). A dossier is in one round at a
 * time, so nothing is ever built on an outcome that is not known.
 */
export class WritePath {
  readonly #options: WritePathOptions;
  readonly #line = new WaitingLine<Waiting>(singlePublishesMax, batchMessagesMax);
  #pumpScheduled = false;
  #draining = false;
  #mustCompare = true;
  #comparing: Promise<void> | null = null;
  #whenIdle: (() => void) | null = null;
  /** Dossiers to be read at the leader in the next round, new or not: something is about to be refused by them. */
  readonly #mustRead = new Set<string>();

  constructor(options: WritePathOptions) {
    this.#options = options;
  }

  /** Resolves when the proposal is durable, refused, or no news. Never rejects. */
  submit(proposal: DossierProposal): Promise<WriteOutcome> {
    const stopped = this.#options.guard.stopped();
    if (stopped !== null) return Promise.resolve(refused(stoppedError(stopped)));
    if (this.#draining) return Promise.resolve(refused(busError("DRAINING")));
    if (this.#line.length >= waitingMax) return Promise.resolve(refused(busError("OVERLOADED")));
    return new Promise((settle) => {
      const waiting: Waiting = { dossier: proposal.dossier, proposal, sinceMs: performance.now(), settle };
      // A receiver settles before it acknowledges. Were the two looked at the other way round, "delivered" would be no news any more.
      if (proposal.kind === "delivered") this.#line.addFirst(waiting);
      else this.#line.add(waiting);
      this.#schedulePump();
    });
  }

  /** After a reconnect or a change of leader: the stream is compared again before anything is appended. */
  distrust(): void {
    this.#mustCompare = true;
    this.#options.dossiers.forgetAll();
  }

  /** Takes nothing more, finishes what waits. */
  async drain(): Promise<void> {
    this.#draining = true;
    while (!this.#line.idle) {
      await new Promise<void>((resume) => {
        this.#whenIdle = resume;
      });
    }
  }

  /** Whatever arrives in this turn of the event loop is looked at together. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      for (const round of this.#line.takeRounds()) void this.#runRound(round);
      if (this.#line.idle) this.#whenIdle?.();
    });
  }

  async #runRound(round: readonly Waiting[]): Promise<void> {
    try {
      await this.#writeRound(round);
    } catch (error) {
      for (const { dossier } of round) this.#options.dossiers.forget(dossier);
      const cause = error instanceof ShardStoppedError ? stoppedError(error) : asBusError(error);
      if (cause.reason === "INTERNAL") this.#options.log("a round failed", { error });
      for (const waiting of round) waiting.settle(refused(cause));
      const answered = new Set(round);
      this.#line.remove((waiting) => answered.has(waiting));
    }
    this.#schedulePump();
  }

  async #writeRound(round: readonly Waiting[]): Promise<void> {
    const { dossiers, promises, appender, reader } = this.#options;
    let decided: { drafts: Draft[]; held: HeldAnswer[] };
    let result: AppendedRound<Draft>;
    let forgetDrafts: (() => void) | undefined;
    try {
      await this.#compareIfDistrusted();
      const loaded = await this.#loadDossiers(round);

      // Decide. Up to here and through here: no side effect.
      decided = this.#decideRound(round, loaded);
      forgetDrafts = this.#options.onDrafted?.(decided.drafts);

      // Append. When this returns, the statements are durable: fsynced by the store, on a majority where replicated. A crash
      // before it loses nothing that anybody was told; a crash after it loses only answers, and a retry gets them.
      result = await appendDurably(decided.drafts, { appender, reader }, (why, outcomeKnown) =>
        this.#beforeRetry(round, why, outcomeKnown),
      );
      // ---- durable -----------------------------------------------------------------------------------------------------
      for (const { draft, sequence } of result.appended) {
        dossiers.keep(draft.dossier, { state: draft.event.after, sequence, lastBytes: draft.bytes });
      }
      this.#options.onAppended?.(result.appended);
      for (const dossier of result.losers) dossiers.forget(dossier);
    } finally {
      forgetDrafts?.();
      // What these dossiers are is known again: the next round of theirs need not wait for the answers of this one.
      this.#line.end(round);
    }
    const { drafts, held } = decided;
    const { appended, losers } = result;
    // Whoever lost a race, and whatever was decided on its outcome, is decided anew, in the order it came.
    const again = new Set([...drafts, ...held].filter((item) => losers.has(item.dossier)).map((item) => item.waiting));
    this.#line.putBack(round.filter((waiting) => again.has(waiting)));
    this.#schedulePump();

    const last = appended.at(-1);
    // The head is outside NATS before anybody is answered: a stream that comes back shorter will be noticed.
    if (last !== undefined) {
      await this.#options.guard.commit(last.sequence, last.draft.event.hash).catch((cause: unknown) => {
        throw busError("OUTCOME_UNKNOWN", {}, { cause });
      });
    }
    for (const accepted of promises.promise(appended)) {
      accepted.draft.waiting.settle({
        kind: "accepted",
        bytes: accepted.draft.bytes,
        leafIndex: accepted.sequence - 1,
        promise: accepted.promise,
        repeated: false,
      });
    }

    await Promise.all(
      held.filter(({ dossier }) => !losers.has(dossier)).map((answer) => this.#answerHeld(answer, appended)),
    );
  }

  /** States of the round's dossiers: from the cache, or read at the leader. A new dossier is taken to be new: the store will tell. */
  async #loadDossiers(round: readonly Waiting[]): Promise<Map<string, RoundDossier>> {
    const { dossiers } = this.#options;
    const loaded = new Map<string, RoundDossier>();
    const loads: Promise<void>[] = [];
    for (const { proposal } of round) {
      const { dossier } = proposal;
      if (loaded.has(dossier)) continue;
      const known = dossiers.cached(dossier);
      const opens = proposal.kind === "statement" && proposal.received.statement.what?.$case === "open";
      const mustRead = this.#mustRead.delete(dossier);
      const takenAsNew = opens && known === undefined && !dossiers.wasSeen(dossier) ? absentDossier : undefined;
      const taken = mustRead ? undefined : (known ?? takenAsNew);
      const put = (found: LoadedDossier, fresh: boolean): void =>
        void loaded.set(dossier, { found, state: found.state, fresh, drafted: false, postponed: false });
      put(taken ?? absentDossier, false);
      if (taken === undefined) loads.push(dossiers.confirm(dossier).then((found) => put(found, true)));
    }
    // A store that cannot be read fails the round: nothing is stored, and everybody may try again.
    await Promise.all(loads).catch((error: unknown) => {
      throw error instanceof ShardStoppedError ? error : busError("STORE_UNAVAILABLE", {}, { cause: error });
    });
    return loaded;
  }

  #decideRound(round: readonly Waiting[], loaded: Map<string, RoundDossier>): { drafts: Draft[]; held: HeldAnswer[] } {
    const { clock, wallClock } = this.#options;
    const registry = this.#options.registry();
    const recordedTime = clock.now();
    const times: RoundTimes = {
      shard: this.#options.shard,
      generation: this.#options.generation,
      registryHead: registry.head,
      recordedTime,
      wallTime: timestampFromMs(wallClock.nowMs()),
    };
    const rules = registry.rulebook(localDate(recordedTime));
    const drafts: Draft[] = [];
    const held: HeldAnswer[] = [];
    const postponed: Waiting[] = [];
    // A round of one dossier appends one event, as a plain publish; more would be a batch, and everybody would wait for it.
    const isOfOneDossier = loaded.size === 1;
    for (const waiting of round) {
      const { proposal } = waiting;
      const dossier = loaded.get(proposal.dossier) as RoundDossier;
      if (dossier.postponed) {
        postponed.push(waiting);
        continue;
      }
      const verdict = decideProposal(proposal, dossier.state, {
        registry,
        rules,
        times,
        replica: this.#options.replica,
      });
      if (verdict.kind === "draft" && isOfOneDossier && dossier.drafted) {
        dossier.postponed = true;
        postponed.push(waiting);
      } else if (verdict.kind === "draft") {
        const { event } = verdict;
        drafts.push({
          waiting,
          event,
          dossier: proposal.dossier,
          subject: eventSubject(this.#options.shard, proposal.dossier),
          bytes: event.bytes,
          expectedSequence: dossier.drafted ? null : dossier.found.sequence,
        });
        dossier.state = event.after;
        dossier.drafted = true;
      } else if (verdict.kind === "error") {
        waiting.settle(refused(verdict.error));
      } else if (dossier.drafted || dossier.fresh || verdict.kind === "repeat") {
        // What it cites is durable already, or will be before this answer goes out. A repeat cites a durable event in any
        // case: the cache may be old, but what it holds was read from the stream.
        held.push({ waiting, dossier: proposal.dossier, found: dossier.found, decision: verdict });
      } else {
        // A cached head may accept, never refuse: read it at the leader and decide again.
        this.#mustRead.add(proposal.dossier);
        dossier.postponed = true;
        postponed.push(waiting);
      }
    }
    this.#line.putBack(postponed);
    return { drafts, held };
  }

  async #answerHeld(
    { waiting, dossier, found, decision }: HeldAnswer,
    appended: readonly { draft: Draft; sequence: number }[],
  ): Promise<void> {
    if (waiting.proposal.kind === "delivered") {
      waiting.settle({ kind: "dropped" });
      return;
    }
    try {
      if (decision.kind === "refuse" && !(await this.#isRefusalSure(dossier, found, appended))) {
        // It has moved on since, perhaps at a leader that this one had not heard of: decided anew.
        if (performance.now() - waiting.sinceMs > answerWithinMs)
          throw new LeaderUnconfirmedError(`Dossier ${dossier} moves on.`);
        this.#line.putBack([waiting]);
        this.#schedulePump();
        return;
      }
      const number = decision.kind === "repeat" ? decision.number : decision.decidedBy;
      const cited = number === undefined ? null : await this.#eventOf(dossier, number, found, appended);
      waiting.settle(
        decision.kind === "repeat"
          ? this.#repeated(cited as { bytes: Uint8Array; sequence: number })
          : refused(refusalError(decision as Refusal, cited)),
      );
    } catch (error) {
      waiting.settle(
        refused(
          error instanceof ShardStoppedError
            ? stoppedError(error)
            : busError("STORE_UNAVAILABLE", {}, { cause: error }),
        ),
      );
    }
  }

  /** Whether the state that a refusal cites is the dossier's newest: a leader that was cut off may have shown an older one. */
  async #isRefusalSure(dossier: string, found: LoadedDossier, appended: readonly { draft: Draft }[]): Promise<boolean> {
    // What this round appended passed its compare-and-set a moment ago.
    if (appended.some(({ draft }) => draft.dossier === dossier)) return true;
    return this.#options.dossiers.isConfirmed(dossier, found);
  }

  #repeated(event: { bytes: Uint8Array; sequence: number }): WriteOutcome {
    const promise = this.#options.promises.promiseAgain(event.bytes);
    return { kind: "accepted", bytes: event.bytes, leafIndex: event.sequence - 1, promise, repeated: true };
  }

  /** The event with this number: from the round just appended, the last one known, or from the stream. */
  async #eventOf(
    dossier: string,
    number: number,
    found: LoadedDossier,
    appended: readonly { draft: Draft; sequence: number }[],
  ): Promise<{ bytes: Uint8Array; sequence: number }> {
    const own = appended.find(({ draft }) => draft.dossier === dossier && draft.event.after.number === number);
    if (own !== undefined) return { bytes: own.draft.bytes, sequence: own.sequence };
    if (found.state?.number === number) return { bytes: found.lastBytes, sequence: found.sequence };
    const event = (await this.#options.dossiers.events(dossier))[number - 1];
    if (event === undefined) throw new Error(`Event ${number} of ${dossier} is not in the stream.`);
    return event;
  }

  #compareIfDistrusted(): Promise<void> {
    if (this.#comparing === null && !this.#mustCompare) return Promise.resolve();
    if (this.#comparing === null) {
      this.#mustCompare = false;
      this.#comparing = this.#options.guard
        .compareWithStream()
        .catch((error: unknown) => {
          this.#mustCompare = true;
          throw error instanceof ShardStoppedError ? error : busError("STORE_UNAVAILABLE", {}, { cause: error });
        })
        .finally(() => {
          this.#comparing = null;
        });
    }
    return this.#comparing;
  }

  async #beforeRetry(round: readonly Waiting[], why: string, outcomeKnown: boolean): Promise<void> {
    this.#options.log("an append is tried again", { why, outcomeKnown });
    this.#mustCompare = true;
    for (let pauseMs = comparePauseMsMin; ; pauseMs = Math.min(pauseMs * 2, comparePauseMsMax)) {
      const nowMs = performance.now();
      const overdue = (waiting: Waiting) => nowMs - waiting.sinceMs > answerWithinMs;
      // They are told that it is not known yet; the append goes on, and a retry of theirs finds what came of it.
      for (const waiting of round.filter(overdue))
        waiting.settle(refused(busError(outcomeKnown ? "STORE_UNAVAILABLE" : "OUTCOME_UNKNOWN")));
      for (const waiting of this.#line.remove(overdue)) waiting.settle(refused(busError("STORE_UNAVAILABLE")));
      if (round.every(overdue)) {
        if (outcomeKnown) throw busError("STORE_UNAVAILABLE", {}, { cause: new Error(why) });
        // Whoever starts next reads the heads: this process builds nothing on the outcome any more.
        if (this.#draining) throw busError("OUTCOME_UNKNOWN", {}, { cause: new Error(why) });
      }
      try {
        return await this.#compareIfDistrusted();
      } catch (error) {
        if (error instanceof ShardStoppedError) throw error;
        // A store that cannot be compared is not appended to either.
        await new Promise((resume) => setTimeout(resume, pauseMs));
      }
    }
  }
}

function refused(error: BusError): WriteOutcome {
  return { kind: "refused", error };
}

function stoppedError(error: ShardStoppedError): BusError {
  return busError("SHARD_STOPPED", { message: error.message });
}
