import type { KeptStatement, OutboxStore } from "./outbox-store.ts";

/** Statements known in memory; the others wait on the disk. */
const windowMax = 1_024;

/** A statement that is to be sent, in memory. */
export interface WaitingStatement extends KeptStatement {
  /** Attempts that were answered with "not now", or not in time. */
  failures: number;
}

/** The part of the pending statements that is in memory, and whose turn it is: one of each dossier at a time, in order. */
export class SendingWindow {
  readonly #store: OutboxStore;
  /** By dossier, in order; the first of each is in flight, ready, or waits for its next attempt. */
  readonly #lanes = new Map<string, WaitingStatement[]>();
  #count = 0;
  /** Position up to which the disk was read. */
  #loadedTo = 0;
  /** The disk may hold more behind that. */
  #moreOnDisk = true;
  readonly #ready: WaitingStatement[] = [];

  constructor(store: OutboxStore) {
    this.#store = store;
  }

  /** Nothing is to be sent, as far as was read. */
  get empty(): boolean {
    return this.#count === 0 && !this.#moreOnDisk;
  }

  /** Statements were kept since the disk was read last. */
  grew(): void {
    this.#moreOnDisk = true;
  }

  /** Whose turn it is; undefined if nobody's. Throws SQLite's error when the disk cannot be read. */
  next(): WaitingStatement | undefined {
    this.#load();
    return this.#ready.shift();
  }

  /** It could not be sent: its turn comes again, before others. */
  putBack(item: WaitingStatement): void {
    this.#ready.unshift(item);
  }

  /** Its wait is over. */
  again(item: WaitingStatement): void {
    this.#ready.push(item);
  }

  /** It has its answer, and that is on the disk: the next one of its dossier may go. */
  answered(item: WaitingStatement): void {
    this.#count -= 1;
    const lane = this.#lanes.get(item.dossier) ?? [];
    lane.shift();
    const [next] = lane;
    if (next === undefined) this.#lanes.delete(item.dossier);
    else this.#ready.push(next);
  }

  #load(): void {
    while (this.#moreOnDisk && this.#count < windowMax) {
      const limit = windowMax - this.#count;
      const rows = this.#store.pendingAfter(this.#loadedTo, limit);
      for (const row of rows) {
        const item: WaitingStatement = { ...row, failures: 0 };
        this.#loadedTo = row.position;
        this.#count += 1;
        const lane = this.#lanes.get(row.dossier);
        if (lane === undefined) {
          this.#lanes.set(row.dossier, [item]);
          this.#ready.push(item);
        } else lane.push(item);
      }
      this.#moreOnDisk = rows.length === limit;
    }
  }
}
