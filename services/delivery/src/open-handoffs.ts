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
  readonly sender: string;
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
 * Handoffs from their forward to their answer, so that an answer can be taken to the sender. A handoff that has ended is
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

  /** Who forwarded a handoff that has not ended. */
  readonly senderOf = (handoff: AnsweredHandoff): string | undefined => {
    const found = this.#find(handoff.forward);
    return found?.branches.has(handoff.branch) ? found.sender : undefined;
  };

  /** Folds one event; after its audience was asked for, because an answer ends what names its sender. */
  apply(event: ReadEvent, sequence: number, hash: Uint8Array): void {
    if (event.body.$case === "statement" && event.body.statement.what?.$case === "forward") {
      const { statement } = event.body;
      const branches = event.body.statement.what.value.branches.map((branch): [string, Branch] => [
        branch.branch,
        { receiver: branch.receiver?.agency ?? "", delivered: false, told: false },
      ]);
      this.#keep({
        key: keyOf(hash),
        sequence,
        forward: hash,
        sender: statement.author?.agency ?? "",
        dossier: statement.dossier,
        branches: new Map(branches),
        changed: false,
        stored: false,
      });
      this.#markChanged(this.#bySequence.get(sequence) as OpenHandoff);
      return;
    }
    const answered = answeredHandoff(event);
    const handoff = answered === null ? null : this.#find(answered.forward);
    const branch = answered === null ? undefined : handoff?.branches.get(answered.branch);
    if (answered === null || handoff === null || branch === undefined) return;
    if (event.body.$case === "bus") branch.delivered = true;
    else handoff.branches.delete(answered.branch);
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

function toStored(handoff: OpenHandoff): StoredHandoff {
  return {
    sequence: handoff.sequence,
    forward: handoff.forward,
    sender: handoff.sender,
    dossier: handoff.dossier,
    branches: [...handoff.branches].map(([branch, { receiver, delivered }]) => [branch, receiver, delivered]),
  };
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString("latin1");
}
