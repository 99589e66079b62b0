import { emptyRoot, nodeHash } from "@lienthong/tlog";

/**
 * The tree over the registry's entries, kept whole (64 bytes an entry), because a repeated append and the heads that events
 * cite need the root at earlier sizes. Appending costs amortised one hash, `rootAt` at most log2(size).
 */
export class EntryTree {
  /** `#levels[k][i]` is the root over leaves i·2^k to (i+1)·2^k - 1; only full subtrees are in here. */
  readonly #levels: Uint8Array[][] = [[]];

  get size(): number {
    return this.#levels[0]!.length;
  }

  /** Leaf hash of an entry, undefined beyond the end. */
  leaf(number: number): Uint8Array | undefined {
    return this.#levels[0]![number];
  }

  append(leaf: Uint8Array): void {
    this.#levels[0]!.push(leaf);
    for (let k = 0; this.#levels[k]!.length % 2 === 0; k++) {
      const level = this.#levels[k]!;
      const above = this.#levels[k + 1] ?? [];
      above.push(nodeHash(level[level.length - 2]!, level[level.length - 1]!));
      this.#levels[k + 1] = above;
    }
  }

  /** Root over the first `size` leaves. Throws a RangeError beyond the end. */
  rootAt(size: number): Uint8Array {
    if (!(Number.isSafeInteger(size) && size >= 0 && size <= this.size)) {
      throw new RangeError(`The registry has ${this.size} entries, so it has no root at size ${size}.`);
    }
    let root: Uint8Array | undefined;
    for (let k = 0, nodes = size; nodes > 0; k++, nodes = Math.floor(nodes / 2)) {
      if (nodes % 2 === 0) continue;
      const node = this.#levels[k]![nodes - 1]!;
      root = root === undefined ? node : nodeHash(node, root);
    }
    return root ?? emptyRoot;
  }
}
