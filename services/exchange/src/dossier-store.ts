import { type DossierState, evolve, hasEnded } from "@lienthong/domain";
import { eventSubject, type Reader } from "@lienthong/event-store";
import { readEvent } from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import { LRUCache } from "lru-cache";
import type { ShardGuard } from "./shard-guard.ts";

/** A dossier and where its last event lies in the stream. */
export interface LoadedDossier {
  /** Null: the stream has no such dossier. */
  readonly state: DossierState | null;
  /** Stream sequence of its last event; 0 for none. What the next append expects. */
  readonly sequence: number;
  /** The last event's bytes; empty for none. What a refusal mostly cites. */
  readonly lastBytes: Uint8Array;
}

/** An event of a dossier as it lies in the stream. */
export interface StoredEvent {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** A dossier that the stream does not have. */
export const absentDossier: LoadedDossier = { state: null, sequence: 0, lastBytes: new Uint8Array(0) };

const aloneForMs = 5_000;

/** States of dossiers, folded from the stream and kept for those that are busy. */
export class DossierStore {
  readonly #shard: string;
  readonly #reader: Reader;
  readonly #guard: ShardGuard;
  readonly #cache: LRUCache<string, LoadedDossier>;
  /** Until when the stream is known to lie on one server. Raising it to three takes longer than that. */
  #aloneUntilMs = 0;

  /** `dossiersMax` bounds what is kept: about 6 KB each. */
  constructor(options: { shard: string; reader: Reader; guard: ShardGuard; dossiersMax: number }) {
    this.#shard = options.shard;
    this.#reader = options.reader;
    this.#guard = options.guard;
    this.#cache = new LRUCache({ max: options.dossiersMax });
  }

  /** What is known without asking the stream. It may be stale: good to accept by, never to refuse by. */
  cached(dossier: string): LoadedDossier | undefined {
    return this.#cache.get(dossier);
  }

  /** True if this replica has seen an event of the dossier: then "there is none" needs no belief, it is an alarm. */
  wasSeen(dossier: string): boolean {
    return this.#guard.dossierHead(dossier) !== null;
  }

  /** Replaces what is known, after an append. A dossier that has ended is hardly asked for again, and read anew if it is. */
  keep(dossier: string, loaded: LoadedDossier): void {
    if (loaded.state !== null && hasEnded(loaded.state)) this.#cache.delete(dossier);
    else this.#cache.set(dossier, loaded);
  }

  /** Forgets what is known, after a conflict or a failure. */
  forget(dossier: string): void {
    this.#cache.delete(dossier);
  }

  /** Forgets everything, after a reconnect. */
  forgetAll(): void {
    this.#cache.clear();
  }

  /** What the dossier is at the leader: what is known already, if its last event there is the one that is known. */
  async confirm(dossier: string): Promise<LoadedDossier> {
    const known = this.#cache.get(dossier);
    if (known?.state == null) return this.load(dossier);
    const last = await this.#reader.lastAtLeader(eventSubject(this.#shard, dossier));
    const isSame = last?.sequence === known.sequence && hashesEqual(leafHash(last.payload), known.state.lastEvent);
    return isSame ? known : this.load(dossier);
  }

  /** Reads the dossier at the leader. */
  async load(dossier: string): Promise<LoadedDossier> {
    const events = await this.events(dossier);
    let state: DossierState | null = null;
    for (const event of events) {
      const hash = leafHash(event.bytes);
      const read = readEvent(event.bytes);
      const chained =
        state === null ? read.header.previous.length === 0 : hashesEqual(read.header.previous, state.lastEvent);
      if (!chained) {
        throw this.#guard.stop(`event ${event.sequence} of dossier ${dossier} is not chained to the one before it.`);
      }
      state = evolve(state, read, hash);
    }
    const last = events.at(-1);
    const loaded =
      state === null || last === undefined
        ? absentDossier
        : { state, sequence: last.sequence, lastBytes: Uint8Array.from(last.bytes) };
    this.#cache.set(dossier, loaded);
    return loaded;
  }

  /**
   * Whether the dossier has no more events than are known, by a leader behind which a majority stands: what a refusal may rest on. Forgets
   * the dossier if it has. Rejects while there is no such leader.
   */
  async isConfirmed(dossier: string, known: LoadedDossier): Promise<boolean> {
    // Asked once in a while only: whoever races for a dossier is refused by the hundred.
    if (performance.now() < this.#aloneUntilMs) return true;
    const { subjectMessageCount, replicas } = await this.#reader.confirmed(eventSubject(this.#shard, dossier));
    // On one server the read that the refusal rests on was the truth when it was made, whatever came since.
    if (replicas === 1) this.#aloneUntilMs = performance.now() + aloneForMs;
    if (replicas === 1 || subjectMessageCount === (known.state?.number ?? 0)) return true;
    this.forget(dossier);
    return false;
  }

  /**
   * All events of a dossier, in order, complete as of the leader and compared with what this replica has seen before: a trail whose last record
   * rotted on disk looks like a shorter one, and must not be shown as if it were whole.
   */
  async events(dossier: string): Promise<StoredEvent[]> {
    // Asked before reading: the follower may see an event of another replica between the leader's answer and its arrival here.
    const seen = this.#guard.dossierHead(dossier);
    const messages = await this.#reader.messagesOfSubject(eventSubject(this.#shard, dossier));
    if (seen !== null) {
      const last = messages.at(-1);
      const number = last === undefined ? 0 : Number(readEvent(last.payload).header.number);
      await this.#guard.compareDossier(dossier, { number, sequence: last?.sequence ?? 0 }, seen);
    }
    return messages.map(({ sequence, payload }) => ({ sequence, bytes: payload }));
  }
}
