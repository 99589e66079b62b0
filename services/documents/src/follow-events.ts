import { timestampToMs } from "@lienthong/chassis";
import type { ReadEvent } from "@lienthong/statement";
import type { DocumentsIndex, Erasure } from "./documents-index.ts";
import { travellingDocuments } from "./trail-documents.ts";

/** An event of the stream, decoded once for all who follow in a process. */
export interface FedEvent {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** Leaf hash, 32 bytes. */
  readonly hash: Uint8Array;
  readonly event: ReadEvent;
}

/** Told of what concerns documents, once it is in the index. */
export interface EventNews {
  onNamed(): void;
  onErasure(): void;
  /** The index cannot be written; what is not in it is kept in memory, and read again after a restart. */
  onUnwritten(error: unknown): void;
}

/** Folds events into the index. Most name no document and cost no more than a look; the position is written when one does, and each second. */
export class EventFold {
  readonly #index: DocumentsIndex;
  readonly #news: EventNews;
  #sequence: number;
  #hash: Uint8Array | null;
  #written: number;
  #named = new Set<string>();
  #erasures: Erasure[] = [];

  constructor(index: DocumentsIndex, news: EventNews) {
    this.#index = index;
    this.#news = news;
    const position = index.eventPosition();
    this.#sequence = this.#written = position?.sequence ?? 0;
    this.#hash = position?.hash ?? null;
  }

  get position(): number {
    return this.#sequence;
  }

  /** Those seen before are passed over; one that is not the next is an Error: a hole must not be skipped. */
  apply(batch: readonly FedEvent[]): void {
    for (const { sequence, hash, event } of batch) {
      if (sequence <= this.#sequence) continue;
      if (sequence !== this.#sequence + 1) {
        throw new Error(`The documents stand at event ${this.#sequence} and were given event ${sequence}.`);
      }
      this.#sequence = sequence;
      this.#hash = hash;
      for (const { document } of travellingDocuments(event)) this.#named.add(document.documentId);
      const erasure = erasureIn(event, sequence);
      if (erasure !== null) this.#erasures.push(erasure);
    }
    if (this.#named.size > 0 || this.#erasures.length > 0) this.write();
  }

  /** Brings the index up to date: what lies between is read again after a crash. */
  write(): void {
    if (this.#sequence === this.#written || this.#hash === null) return;
    const named = [...this.#named];
    const erasures = this.#erasures;
    try {
      this.#index.applyEvents({ named, erasures, position: { sequence: this.#sequence, hash: this.#hash } });
    } catch (error) {
      this.#news.onUnwritten(error);
      return;
    }
    this.#written = this.#sequence;
    this.#named = new Set();
    this.#erasures = [];
    if (named.length > 0) this.#news.onNamed();
    if (erasures.length > 0) this.#news.onErasure();
  }
}

function erasureIn(event: ReadEvent, sequence: number): Erasure | null {
  if (event.body.$case !== "statement") return null;
  const { dossier, what } = event.body.statement;
  if (what?.$case !== "erase") return null;
  const wallMs = event.header.wallTime === undefined ? 0 : timestampToMs(event.header.wallTime);
  return { sequence, dossier, wallMs, documentIds: what.value.documentIds };
}
