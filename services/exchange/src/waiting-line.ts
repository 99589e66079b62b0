/** Something that waits to be written, about one dossier. */
export interface Waits {
  readonly dossier: string;
}

/**
 * Who goes when. Few dossiers go at once, each by itself and several at a time; many go together, as one batch, when nothing else is
 * under way. No timer decides: when the store answers, whoever waits goes. What is under way of a dossier is never overtaken. All that
 * waits for one dossier goes together: somebody who races its own dossier does not push the others into batches.
 *
 * Why: a batch has a high fixed price and is cheap per event, a single publish the other way round. At 200 handoffs a second on two cores,
 * one round after the other made every event wait about 5 ms for the round before it; publishes side by side do not.
 */
export class WaitingLine<Item extends Waits> {
  readonly #singlesMax: number;
  readonly #batchMax: number;
  #waiting: Item[] = [];
  readonly #dossiersUnderWay = new Set<string>();
  #roundsUnderWay = 0;
  #batchUnderWay = false;

  /** `singlesMax`: rounds of one dossier under way at a time; `batchMax`: items in a round. */
  constructor(singlesMax: number, batchMax: number) {
    this.#singlesMax = singlesMax;
    this.#batchMax = batchMax;
  }

  /** Items that wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** True if nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#roundsUnderWay === 0;
  }

  /** Adds an item at the end. */
  add(item: Item): void {
    this.#waiting.push(item);
  }

  /** Adds an item before all that wait. */
  addFirst(item: Item): void {
    this.#waiting.unshift(item);
  }

  /** Puts items of a round back, before all that came later, in their order. */
  putBack(items: readonly Item[]): void {
    this.#waiting.unshift(...items);
  }

  /** Removes the items that fit and returns them. */
  remove(fits: (item: Item) => boolean): Item[] {
    const removed = this.#waiting.filter(fits);
    if (removed.length > 0) this.#waiting = this.#waiting.filter((item) => !fits(item));
    return removed;
  }

  /** Rounds to be started now; each must be ended by `end`. */
  takeRounds(): Item[][] {
    if (this.#batchUnderWay || this.#waiting.length === 0) return [];
    const byDossier = Map.groupBy(this.#waiting, (item) => item.dossier);
    if (byDossier.size > this.#singlesMax) {
      if (this.#roundsUnderWay > 0) return [];
      const batch = this.#waiting.splice(0, this.#batchMax);
      this.#batchUnderWay = true;
      this.#start(batch);
      return [batch];
    }
    const rounds: Item[][] = [];
    const taken = new Set<Item>();
    for (const [dossier, items] of byDossier) {
      if (this.#roundsUnderWay >= this.#singlesMax || this.#dossiersUnderWay.has(dossier)) continue;
      const round = items.slice(0, this.#batchMax);
      for (const item of round) taken.add(item);
      this.#start(round);
      rounds.push(round);
    }
    if (taken.size > 0) this.#waiting = this.#waiting.filter((item) => !taken.has(item));
    return rounds;
  }

  /** A round has ended: its dossiers are free again. */
  end(round: readonly Item[]): void {
    this.#roundsUnderWay--;
    this.#batchUnderWay = false;
    for (const { dossier } of round) this.#dossiersUnderWay.delete(dossier);
  }

  #start(round: readonly Item[]): void {
    this.#roundsUnderWay++;
    for (const { dossier } of round) this.#dossiersUnderWay.add(dossier);
  }
}
