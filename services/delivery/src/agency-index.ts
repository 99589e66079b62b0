import { type IndexEntry, indexAfter } from "./index-entry.ts";
import type { Subscription } from "./subscription.ts";
import type { ViewStore } from "./view-store.ts";

/** The events addressed to one agency: those in the store, and behind them those that still wait to be written there. */
export class AgencyIndex {
  readonly name: string;
  readonly id: number;
  /** Subscriptions that were used; "main" is among them from its first use. */
  readonly subscriptions = new Map<string, Subscription>();
  readonly #store: ViewStore;
  /** Not in the store yet, in order. */
  #unwritten: IndexEntry[] = [];
  #count: number;

  /** `count`: entries in the store. */
  constructor(name: string, id: number, store: ViewStore, count: number) {
    this.name = name;
    this.id = id;
    this.#store = store;
    this.#count = count;
  }

  /** All events addressed to the agency. */
  get count(): number {
    return this.#count;
  }

  get unwritten(): readonly IndexEntry[] {
    return this.#unwritten;
  }

  add(entry: IndexEntry): void {
    this.#unwritten.push(entry);
    this.#count += 1;
  }

  /** The store has all of `unwritten`. */
  written(): void {
    this.#unwritten = [];
  }

  /** Entries after a sequence, in order, at most `limit`. */
  entriesAfter(sequence: number, limit: number): IndexEntry[] {
    const first = this.#unwritten[0];
    if (first !== undefined && first.sequence <= sequence + 1) return this.#unwrittenAfter(sequence, limit);
    const stored = this.#store.entriesAfter(this.id, sequence, limit);
    return stored.length === limit ? stored : [...stored, ...this.#unwrittenAfter(sequence, limit - stored.length)];
  }

  /** The entry at a sequence; null if that event is not addressed to the agency. */
  entry(sequence: number): IndexEntry | null {
    const first = this.#unwritten[0];
    if (first === undefined || sequence < first.sequence) return this.#store.entry(this.id, sequence);
    const found = this.#unwritten[indexAfter(this.#unwritten, sequence - 1)];
    return found?.sequence === sequence ? found : null;
  }

  /** How many entries there are after a sequence. */
  countAfter(sequence: number): number {
    if (sequence <= 0) return this.#count;
    const unwritten = this.#unwritten.length - indexAfter(this.#unwritten, sequence);
    return unwritten + this.#store.countAfter(this.id, sequence);
  }

  #unwrittenAfter(sequence: number, limit: number): IndexEntry[] {
    const start = indexAfter(this.#unwritten, sequence);
    return this.#unwritten.slice(start, start + limit);
  }
}
