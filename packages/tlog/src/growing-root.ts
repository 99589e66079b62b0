import { emptyRoot, nodeHash } from "./rfc6962.ts";

/**
 * The root of a tree that only grows, in O(log n) memory: the roots of the full subtrees along its right edge.
 * Appending costs amortised one interior hash, `root()` at most log2(n).
 */
export class GrowingRoot {
  #size = 0;
  readonly #edge: Uint8Array[] = [];

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds one leaf hash of 32 bytes. */
  append(leaf: Uint8Array): void {
    let hash = leaf;
    for (let bits = this.#size; bits % 2 === 1; bits = Math.floor(bits / 2)) {
      hash = nodeHash(this.#edge.pop() as Uint8Array, hash);
    }
    this.#edge.push(hash);
    this.#size++;
  }

  /** Root over all leaves appended so far. */
  root(): Uint8Array {
    if (this.#edge.length === 0) return emptyRoot;
    let hash = this.#edge[this.#edge.length - 1] as Uint8Array;
    for (let i = this.#edge.length - 2; i >= 0; i--) hash = nodeHash(this.#edge[i] as Uint8Array, hash);
    return hash;
  }
}
