import type { ForwardBranch } from "@lienthong/contracts/exchange/v1/statement";
import { type AnsweredHandoff, answeredHandoff } from "@lienthong/domain";
import type { ReadEvent } from "@lienthong/statement";
import type { StoredHandoff, ViewStore } from "./view-store.ts";

/** A receiver settled a handoff for the first time. */
export interface FirstSettlement {
  readonly dossier: string;
  /** Hash of the forward event, 32 bytes. */
  readonly forward: Uint8Array;
  readonly branch: string;
  readonly receiver: string;
}

interface Branch {
  readonly receiver: string;
  /** "Delivered" is in the stream. */
  delivered: boolean;
  /** The exchange was told in this run. */
  told: boolean;
}

interface OpenHandoff {
  readonly key: string;
  readonly sequence: number;
  readonly forward: Uint8Array;
  readonly dossier: string;
  readonly branches: Map<string, Branch>;
  /** Differs from the store. */
  changed: boolean;
  /** The store has a row of it. */
  stored: boolean;
}

/** Unchanged handoffs kept in memory, newest first; about 400 bytes each. */
const keptMax = 16_384;

/**
 * Handoffs from their forward to their end, so that the first settlement of each can be told. A handoff that has ended is
 * forgotten: the table grows with the work that is open, not with the shard.
 */
export class OpenHandoffs {
  readonly #store: ViewStore;
  readonly #byForward = new Map<string, OpenHandoff>();
  readonly #bySequence = new Map<number, OpenHandoff>();
  #changed: OpenHandoff[] = [];
  #ended: number[] = [];
  /** Rows that are about to be deleted and must not be read any more. */
  #endedForwards = new Set<string>();

  constructor(store: ViewStore) {
    this.#store = store;
  }

  /** Folds one event. `ended`: the handoffs that it ends. */
  apply(event: ReadEvent, sequence: number, hash: Uint8Array, ended: readonly AnsweredHandoff[]): void {
    const offered = offeredBy(event);
    if (offered.length > 0) {
      const branches = offered.map(({ branch, receiver }): [string, Branch] => [
        branch,
        { receiver: receiver?.agency ?? "", delivered: false, told: false },
      ]);
      const handoff = this.#keep({
        key: keyOf(hash),
        sequence,
        forward: hash,
        dossier: event.dossier ?? "",
        branches: new Map(branches),
        changed: false,
        stored: false,
      });
      this.#markChanged(handoff);
    }
    for (const { forward, branch } of ended) {
      const handoff = this.#find(forward);
      if (handoff?.branches.delete(branch)) this.#afterEnd(handoff);
    }
    if (event.body.$case !== "bus") return;
    const delivered = answeredHandoff(event);
    const handoff = delivered === null ? null : this.#find(delivered.forward);
    const branch = handoff?.branches.get(delivered?.branch ?? "");
    if (handoff === null || branch === undefined) return;
    branch.delivered = true;
    this.#markChanged(handoff);
  }

  #afterEnd(handoff: OpenHandoff): void {
    if (handoff.branches.size > 0) {
      this.#markChanged(handoff);
      return;
    }
    this.#byForward.delete(handoff.key);
    this.#bySequence.delete(handoff.sequence);
    if (handoff.stored) {
      this.#ended.push(handoff.sequence);
      this.#endedForwards.add(handoff.key);
    }
  }

  /** The handoffs that a receiver's first settlement of a forward is news for; each is named once, unless `tellAgain`. */
  firstSettlements(sequence: number, receiver: string): FirstSettlement[] {
    const handoff = this.#bySequence.get(sequence) ?? this.#load(this.#store.handoffBySequence(sequence));
    if (handoff === null) return [];
    const news: FirstSettlement[] = [];
    for (const [branch, state] of handoff.branches) {
      if (state.receiver !== receiver || state.delivered || state.told) continue;
      state.told = true;
      news.push({ dossier: handoff.dossier, forward: handoff.forward, branch, receiver });
    }
    return news;
  }

  /** Whether it is still news that a handoff was settled. */
  isNews(settlement: FirstSettlement): boolean {
    const branch = this.#find(settlement.forward)?.branches.get(settlement.branch);
    return branch !== undefined && !branch.delivered;
  }

  /** What the store lacks. */
  changes(): { handoffs: StoredHandoff[]; ended: number[] } {
    const live = this.#changed.filter((handoff) => handoff.branches.size > 0);
    return { handoffs: live.map(toStored), ended: this.#ended };
  }

  /** The store has them now. */
  changesWritten(): void {
    for (const handoff of this.#changed) {
      handoff.changed = false;
      handoff.stored = true;
    }
    this.#changed = [];
    this.#ended = [];
    this.#endedForwards = new Set();
    for (const handoff of this.#byForward.values()) {
      if (this.#byForward.size <= keptMax) break;
      this.#byForward.delete(handoff.key);
      this.#bySequence.delete(handoff.sequence);
    }
  }

  #find(forward: Uint8Array): OpenHandoff | null {
    const key = keyOf(forward);
    const kept = this.#byForward.get(key);
    if (kept !== undefined) return kept;
    return this.#endedForwards.has(key) ? null : this.#load(this.#store.handoffByForward(forward));
  }

  #load(stored: StoredHandoff | null): OpenHandoff | null {
    if (stored === null || this.#endedForwards.has(keyOf(stored.forward))) return null;
    const branches = stored.branches.map(([branch, receiver, delivered]): [string, Branch] => [
      branch,
      { receiver, delivered, told: delivered },
    ]);
    return this.#keep({
      ...stored,
      key: keyOf(stored.forward),
      branches: new Map(branches),
      changed: false,
      stored: true,
    });
  }

  #keep(handoff: OpenHandoff): OpenHandoff {
    this.#byForward.set(handoff.key, handoff);
    this.#bySequence.set(handoff.sequence, handoff);
    return handoff;
  }

  #markChanged(handoff: OpenHandoff): void {
    if (handoff.changed) return;
    handoff.changed = true;
    this.#changed.push(handoff);
  }
}

/** What an event offers to others: branches of a forward, and questions of a consultation. */
function offeredBy({ body }: ReadEvent): readonly ForwardBranch[] {
  const what = body.$case === "statement" ? body.statement.what : undefined;
  return what?.$case === "forward" || what?.$case === "consult" ? what.value.branches : [];
}

function toStored(handoff: OpenHandoff): StoredHandoff {
  return {
    sequence: handoff.sequence,
    forward: handoff.forward,
    dossier: handoff.dossier,
    branches: [...handoff.branches].map(([branch, { receiver, delivered }]) => [branch, receiver, delivered]),
  };
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString("latin1");
}
