import { sha256 } from "@lienthong/tlog";

/**
 * Random numbers that follow from a name alone. Every choice of a scenario draws from a source of its own, named after what is chosen
 * ("seed 7, dossier 12, handoff to district-appraisal, first attempt"): so it does not depend on the order in which answers arrive, and
 * a play that is repeated chooses the same.
 *
 * For plans, not for secrets.
 */
export class SeededRandom {
  readonly #name: string;
  #block: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #blocks = 0;

  constructor(...name: readonly (string | number)[]) {
    // Lengths keep ("a", "b1") and ("ab", "1") apart.
    this.#name = name.map((part) => `${String(part).length}:${part}`).join("/");
  }

  /** A whole number of 0 to 2³² - 1. */
  uint32(): number {
    if (this.#at + 4 > this.#block.byteLength) {
      const digest = sha256(new TextEncoder().encode(`${this.#name}#${this.#blocks++}`));
      this.#block = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
      this.#at = 0;
    }
    const drawn = this.#block.getUint32(this.#at);
    this.#at += 4;
    return drawn;
  }

  /** A number of 0 up to but without 1. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** A whole number of `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** A number between two others; the middle is likelier than the ends. */
  between(least: number, most: number): number {
    return least + ((this.fraction() + this.fraction()) / 2) * (most - least);
  }

  /** One of the items; throws where there is none. */
  pick<T>(items: readonly T[]): T {
    const picked = items[this.integer(0, items.length - 1)];
    if (picked === undefined) throw new RangeError("Nothing can be picked from an empty list.");
    return picked;
  }

  /** One of the items, each as likely as its weight says; throws where all weights are 0. */
  pickWeighted<T>(items: readonly T[], weightOf: (item: T) => number): T {
    const total = items.reduce((sum, item) => sum + weightOf(item), 0);
    let left = this.fraction() * total;
    for (const item of items) {
      left -= weightOf(item);
      if (left < 0) return item;
    }
    throw new RangeError("Nothing can be picked where every weight is 0.");
  }

  /** The items in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.integer(0, last);
      [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
    }
    return shuffled;
  }

  /** This many bytes. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.uint32() & 0xff);
  }
}
