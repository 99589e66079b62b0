import type { Copy } from "./findings.ts";

/** Leaf hashes of one entry in each copy that was asked; null where a copy lacks it. */
export type HashesOfEntry = Partial<Record<Copy, Uint8Array | null>>;

/** Where copies disagree, in one way of disagreeing. */
export interface Disagreement {
  /** Copies that hold the same; those that lack the entry are in no group. */
  readonly groups: readonly (readonly Copy[])[];
  readonly missing: readonly Copy[];
  readonly firstIndex: number;
  count: number;
}

/** Collects where copies of a log disagree: one record per way of disagreeing, however many entries there are. */
export class Disagreements {
  readonly #ways = new Map<string, Disagreement>();

  /** Looks at one entry. Answers true if all copies that were asked hold the same. */
  note(index: number, hashes: HashesOfEntry): boolean {
    const groups: { copies: Copy[]; hash: Uint8Array }[] = [];
    const missing: Copy[] = [];
    for (const [copy, hash] of Object.entries(hashes) as [Copy, Uint8Array | null][]) {
      if (hash === null) missing.push(copy);
      else {
        const same = groups.find((group) => Buffer.compare(group.hash, hash) === 0);
        if (same === undefined) groups.push({ copies: [copy], hash });
        else same.copies.push(copy);
      }
    }
    if (groups.length === 1 && missing.length === 0) return true;
    const way = `${groups.map(({ copies }) => copies.join("=")).join("/")}!${missing.join(",")}`;
    const known = this.#ways.get(way);
    if (known === undefined) {
      this.#ways.set(way, { groups: groups.map(({ copies }) => copies), missing, firstIndex: index, count: 1 });
    } else known.count += 1;
    return false;
  }

  /** All ways, by the first entry. */
  all(): Disagreement[] {
    return [...this.#ways.values()].sort((a, b) => a.firstIndex - b.firstIndex);
  }
}
