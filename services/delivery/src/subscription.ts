import type { AgencyIndex } from "./agency-index.ts";
import type { IndexEntry } from "./index-entry.ts";
import type { SettledState } from "./settled-state.ts";

/** Who is handed something. */
export interface Holder {
  /** Deliveries that it would take now. */
  readonly freeCredit: number;
  /** It no longer has one of a subscription's deliveries, settled or not. */
  release(from: Subscription): void;
}

/** An event that the subscription has not settled and that is in memory: waiting in the queue, or under way to a holder. */
export interface OpenDelivery extends IndexEntry {
  holder: Holder | null;
  /** When it was handed out last, on the monotonic clock. */
  givenAtMs: number;
  /** It was handed out in this subscription before. */
  handedOut: boolean;
  /** Settled while it waited in the queue, where it is skipped. */
  settled: boolean;
}

/** What became of an attempt to settle. */
export type Settlement =
  /** It is settled now. */
  | { readonly kind: "settled"; readonly entry: IndexEntry }
  /** It was before, or will be handed out again because too much was settled out of turn. */
  | { readonly kind: "unchanged" }
  /** No event at that sequence is addressed to the agency. */
  | { readonly kind: "not addressed" };

/** Deliveries that wait in memory; what comes behind them stays in the index until there is room. */
const queueMax = 1_024;
const refillBelow = 256;
const pageMax = 512;
/** Settlements kept for deliveries that were not handed out since the last reconnect. */
const settledAheadMax = 10_000;

/**
 * One agency's events under one name. Of all events addressed to the agency, those up to `#cursor` are settled unless they are
 * open; those behind it are not settled unless they are in `#settledAhead`. So what is settled takes no memory at all.
 */
export class Subscription {
  readonly agency: AgencyIndex;
  readonly name: string;
  /** Who receives under this name: streams, calls that fetch, and the desk that stands for such calls between them. */
  readonly receivers = new Set<Holder>();
  /** Sequence of its last message in the SETTLED stream; 0 before the first. */
  settledMessage = 0;
  /** What is settled differs from that message. */
  changed = false;
  #epoch = 0;
  #cursor: number;
  /** Highest sequence known to be settled; never beyond the cursor. */
  #settledUpTo: number;
  #handedOutUpTo = 0;
  readonly #open = new Map<number, OpenDelivery>();
  /** The open ones that have a holder, in the order in which they were handed out. */
  readonly #underWay = new Map<number, OpenDelivery>();
  /** The open ones without a holder, ascending. */
  #queue: OpenDelivery[] = [];
  /** Lanes with something under way: all of it is with one holder, so that a dossier's events arrive in order. */
  readonly #lanes = new Map<number, { readonly holder: Holder; count: number }>();
  readonly #settledAhead = new Set<number>();
  /** What another replica settled of events that this one has not seen yet. */
  #settledElsewhere: { readonly position: number; readonly exceptions: ReadonlySet<number> } | null = null;
  /** Settled, and how many notices of it are not recorded yet: stays an exception, so that a crash cannot lose them. */
  readonly #unconfirmed = new Map<number, number>();
  /** Entries behind the cursor. */
  #beyondCount: number;
  /** The queue must be refilled from the index; otherwise all entries are before the cursor. */
  #behind = true;

  /** `settledUpTo`: everything up to this sequence counts as settled. */
  constructor(agency: AgencyIndex, name: string, settledUpTo: number) {
    this.agency = agency;
    this.name = name;
    this.#cursor = settledUpTo;
    this.#settledUpTo = settledUpTo;
    this.#beyondCount = agency.countAfter(settledUpTo);
  }

  /** Events addressed to the agency that are not settled. */
  get waitingCount(): number {
    return this.#beyondCount - this.#settledAhead.size + this.#open.size;
  }

  get underWayCount(): number {
    return this.#underWay.size;
  }

  /** Deliveries held in memory, for bounds. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Deliveries that could be handed out, as far as they are in memory. */
  get queuedCount(): number {
    return this.#queue.length;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** An event was just added to the agency's index. */
  add(entry: IndexEntry): void {
    const elsewhere = this.#settledElsewhere;
    if (elsewhere !== null && !this.#behind) {
      if (entry.sequence <= elsewhere.position) {
        this.#cursor = entry.sequence;
        if (elsewhere.exceptions.has(entry.sequence)) this.#enqueue(entry);
        else this.#settledUpTo = entry.sequence;
        return;
      }
      this.#settledElsewhere = null;
    }
    if (this.receivers.size === 0 || this.#queue.length >= queueMax) this.#behind = true;
    if (this.#behind) {
      this.#beyondCount += 1;
      return;
    }
    this.#cursor = entry.sequence;
    this.#enqueue(entry);
  }

  /** Sequence of the first delivery in the queue, which is refilled first; null if there is none. */
  firstQueued(): number | null {
    this.#refill();
    let at = 0;
    while (this.#queue[at]?.settled) at += 1;
    if (at > 0) this.#queue.splice(0, at);
    return this.#queue[0]?.sequence ?? null;
  }

  /**
   * Hands out deliveries in order, up to `upTo`, as long as `fits` agrees. A dossier of which something is under way to somebody
   * else is passed over.
   */
  take(
    holder: Holder,
    countMax: number,
    upTo: number,
    nowMs: number,
    fits: (delivery: OpenDelivery) => boolean,
  ): OpenDelivery[] {
    const taken: OpenDelivery[] = [];
    const passedOver: OpenDelivery[] = [];
    let passedLanes: Set<number> | null = null;
    let at = 0;
    for (; at < this.#queue.length && taken.length < countMax; at++) {
      const delivery = this.#queue[at] as OpenDelivery;
      if (delivery.settled) continue;
      if (delivery.sequence > upTo) break;
      const lane = this.#lanes.get(delivery.lane);
      if (passedLanes?.has(delivery.lane) || (lane !== undefined && lane.holder !== holder)) {
        passedLanes ??= new Set();
        passedLanes.add(delivery.lane);
        passedOver.push(delivery);
        continue;
      }
      if (!fits(delivery)) break;
      if (lane === undefined) this.#lanes.set(delivery.lane, { holder, count: 1 });
      else lane.count += 1;
      delivery.holder = holder;
      delivery.givenAtMs = nowMs;
      this.#underWay.set(delivery.sequence, delivery);
      this.#handedOutUpTo = Math.max(this.#handedOutUpTo, delivery.sequence);
      taken.push(delivery);
    }
    if (passedOver.length > 0) this.#queue = [...passedOver, ...this.#queue.slice(at)];
    else if (at === this.#queue.length) this.#queue = [];
    else if (at > 0) this.#queue.splice(0, at);
    return taken;
  }

  /** Settles the event at a sequence, whoever holds it. */
  settle(sequence: number): Settlement {
    if (this.#settledAhead.has(sequence)) return { kind: "unchanged" };
    // Behind the cursor it was handed out before a reconnect, or by another replica.
    if (sequence > this.#cursor && this.agency.entry(sequence) !== null) this.#refill(sequence);
    const open = this.#open.get(sequence);
    if (open !== undefined) {
      this.#settleOpen(open);
      this.changed = true;
      return { kind: "settled", entry: open };
    }
    const entry = this.agency.entry(sequence);
    if (entry === null) return { kind: "not addressed" };
    if (sequence <= this.#cursor || this.#settledAhead.size >= settledAheadMax) return { kind: "unchanged" };
    this.#settledAhead.add(sequence);
    return { kind: "settled", entry };
  }

  /** Keeps a settled event an exception until `confirm` was called as often. */
  awaitConfirmation(sequence: number): void {
    this.#unconfirmed.set(sequence, (this.#unconfirmed.get(sequence) ?? 0) + 1);
  }

  confirm(sequence: number): void {
    const count = this.#unconfirmed.get(sequence) ?? 0;
    if (count > 1) this.#unconfirmed.set(sequence, count - 1);
    else if (this.#unconfirmed.delete(sequence)) this.changed = true;
  }

  /** Takes back what was handed out before `givenBeforeMs`, with what followed it of the same dossiers. */
  takeBackOlder(givenBeforeMs: number): boolean {
    const firstOfLane = new Map<number, number>();
    for (const { lane, sequence, givenAtMs } of this.#underWay.values()) {
      if (givenAtMs > givenBeforeMs) break;
      firstOfLane.set(lane, Math.min(sequence, firstOfLane.get(lane) ?? sequence));
    }
    if (firstOfLane.size === 0) return false;
    this.#takeBack(
      (delivery) => delivery.sequence >= (firstOfLane.get(delivery.lane) ?? Number.POSITIVE_INFINITY),
      true,
    );
    return true;
  }

  /** Takes back what a holder has and may have seen. */
  takeBackFrom(holder: Holder): void {
    this.#takeBack((delivery) => delivery.holder === holder, true);
  }

  /** Takes back deliveries that were not sent after all. */
  takeBackUnsent(deliveries: readonly OpenDelivery[]): void {
    const unsent = new Set(deliveries);
    this.#takeBack((delivery) => unsent.has(delivery), false);
  }

  /** Nobody receives any more, and nothing is under way: what can be read from the index again leaves the memory. */
  rest(): void {
    // While others are ahead of this replica, what comes is settled by their word: that is forgotten only when it is used up.
    if (this.#settledElsewhere !== null) return;
    const keep = (delivery: OpenDelivery) => !delivery.settled && delivery.sequence <= this.#settledUpTo;
    for (const delivery of this.#queue) {
      if (delivery.settled || keep(delivery)) continue;
      this.#open.delete(delivery.sequence);
      this.#beyondCount += 1;
    }
    this.#queue = this.#queue.filter(keep);
    this.#cursor = this.#settledUpTo;
    this.#behind = true;
  }

  /** Makes everything from a sequence on unsettled again. */
  startAgainFrom(sequence: number, nowMs: number): void {
    if (this.#settledElsewhere !== null && sequence <= this.#settledElsewhere.position) this.#settledElsewhere = null;
    for (const ahead of this.#settledAhead) if (ahead >= sequence) this.#settledAhead.delete(ahead);
    if (sequence > this.#cursor) return;
    this.#takeBack((delivery) => delivery.sequence >= sequence, true);
    for (const open of this.#open.keys()) if (open >= sequence) this.#open.delete(open);
    this.#queue = this.#queue.filter((delivery) => delivery.sequence < sequence);
    this.#cursor = sequence - 1;
    this.#settledUpTo = Math.min(this.#settledUpTo, this.#cursor);
    this.#settledAhead.clear();
    this.#beyondCount = this.agency.countAfter(this.#cursor);
    this.#behind = true;
    this.#epoch = Math.max(this.#epoch + 1, Math.floor(nowMs));
    this.changed = true;
  }

  /** Adds what another replica, or this one before a restart, has settled. `seenUpTo`: last sequence in the index. */
  merge(remote: SettledState, seenUpTo: number): void {
    if (remote.epoch < this.#epoch) return;
    if (remote.epoch > this.#epoch) this.#beginEpoch(remote.epoch);
    this.#handedOutUpTo = Math.max(this.#handedOutUpTo, remote.handedOutUpTo);
    const exceptions = new Set(remote.exceptions);
    for (const delivery of [...this.#open.values()]) {
      if (delivery.sequence <= remote.position && !exceptions.has(delivery.sequence)) this.#settleOpen(delivery);
    }
    const reach = Math.min(remote.position, seenUpTo);
    if (reach > this.#cursor) {
      this.#beyondCount -= this.agency.countAfter(this.#cursor) - this.agency.countAfter(reach);
      for (const sequence of remote.exceptions) {
        if (sequence <= this.#cursor || sequence > reach || this.#settledAhead.has(sequence)) continue;
        const entry = this.agency.entry(sequence);
        if (entry !== null) this.#enqueue(entry);
      }
      for (const sequence of this.#settledAhead) if (sequence <= reach) this.#settledAhead.delete(sequence);
      this.#cursor = reach;
      this.#settledUpTo = reach;
    }
    if (remote.position > seenUpTo) {
      // All that is in the index lies before the cursor now, so what comes is seen by `add`.
      this.#settledElsewhere = { position: remote.position, exceptions };
      this.#behind = false;
    }
  }

  /**
   * Doubts what was settled beyond the end of the stream: a stream that came back shorter numbers other events so, and those
   * must be handed out.
   */
  doubtBeyond(lastSequence: number): boolean {
    const elsewhere = this.#settledElsewhere;
    if (elsewhere === null || elsewhere.position <= lastSequence) return false;
    this.#settledElsewhere = lastSequence <= this.#cursor ? null : { ...elsewhere, position: lastSequence };
    this.#epoch += 1;
    this.changed = true;
    return true;
  }

  /** What is settled, to be kept and told to others. */
  settledState(): SettledState {
    const exceptions = [...this.#open.keys(), ...this.#unconfirmed.keys()]
      .filter((sequence) => sequence <= this.#settledUpTo)
      .sort((a, b) => a - b)
      .filter((sequence, index, all) => sequence !== all[index - 1]);
    return { epoch: this.#epoch, position: this.#settledUpTo, exceptions, handedOutUpTo: this.#handedOutUpTo };
  }

  #beginEpoch(epoch: number): void {
    this.#takeBack(() => true, true);
    this.#open.clear();
    this.#queue = [];
    this.#settledAhead.clear();
    this.#settledElsewhere = null;
    this.#cursor = 0;
    this.#settledUpTo = 0;
    this.#beyondCount = this.agency.count;
    this.#behind = true;
    this.#epoch = epoch;
  }

  /** Reads on from the index until enough is in memory; up to a sequence as far as the memory allows. */
  #refill(upTo: number = 0): void {
    while (
      this.#behind &&
      (this.#queue.length < refillBelow || (this.#cursor < upTo && this.#queue.length < queueMax))
    ) {
      const page = this.agency.entriesAfter(this.#cursor, pageMax);
      for (const entry of page) {
        this.#cursor = entry.sequence;
        this.#beyondCount -= 1;
        if (this.#settledAhead.delete(entry.sequence)) {
          this.#settledUpTo = entry.sequence;
          this.changed = true;
        } else this.#enqueue(entry);
      }
      if (page.length < pageMax) this.#behind = false;
    }
  }

  /** Only ever called with the highest sequence so far, or while the queue is sorted afterwards. */
  #enqueue(entry: IndexEntry): void {
    const { sequence, role, lane } = entry;
    const handedOut = sequence <= this.#handedOutUpTo;
    const delivery = { sequence, role, lane, holder: null, givenAtMs: 0, handedOut, settled: false };
    this.#open.set(sequence, delivery);
    this.#queue.push(delivery);
  }

  #settleOpen(delivery: OpenDelivery): void {
    this.#open.delete(delivery.sequence);
    if (delivery.holder === null) delivery.settled = true;
    else this.#release(delivery);
    this.#settledUpTo = Math.max(this.#settledUpTo, delivery.sequence);
  }

  #takeBack(chosen: (delivery: OpenDelivery) => boolean, wasSent: boolean): void {
    const before = this.#queue.length;
    for (const delivery of [...this.#underWay.values()]) {
      if (!chosen(delivery)) continue;
      this.#release(delivery);
      delivery.handedOut ||= wasSent;
      this.#queue.push(delivery);
    }
    if (this.#queue.length > before) this.#queue.sort((a, b) => a.sequence - b.sequence);
  }

  #release(delivery: OpenDelivery): void {
    this.#underWay.delete(delivery.sequence);
    delivery.holder?.release(this);
    delivery.holder = null;
    const lane = this.#lanes.get(delivery.lane);
    if (lane === undefined) return;
    lane.count -= 1;
    if (lane.count === 0) this.#lanes.delete(delivery.lane);
  }
}
