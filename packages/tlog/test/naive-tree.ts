import { emptyRoot, type HashSource, leafHash, nodeHash } from "../src/index.ts";

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Leaf hashes of `count` entries that differ. */
export const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Uint8Array.from(leafHash(utf8(`entry ${i}`))));

/** RFC 6962 section 2.1 as it stands there, over ranges of one list of leaves, each range hashed once. */
export class NaiveTree implements HashSource {
  readonly #leaves: readonly Uint8Array[];
  readonly #known = new Map<number, Uint8Array>();

  constructor(leaves: readonly Uint8Array[]) {
    this.#leaves = leaves;
  }

  /** MTH(D[from:to]). */
  range(from: number, to: number): Uint8Array {
    if (from === to) return emptyRoot;
    if (to - from === 1) return this.#leaves[from] as Uint8Array;
    const key = from * 1_000_000 + to;
    let hash = this.#known.get(key);
    if (hash === undefined) {
      const middle = from + split(to - from);
      hash = nodeHash(this.range(from, middle), this.range(middle, to));
      this.#known.set(key, hash);
    }
    return hash;
  }

  root(size: number): Uint8Array {
    return this.range(0, size);
  }

  /** PATH(m, D[n]). */
  path(index: number, size: number): Uint8Array[] {
    const walk = (m: number, from: number, to: number): Uint8Array[] => {
      if (to - from === 1) return [];
      const k = split(to - from);
      return m < k
        ? [...walk(m, from, from + k), this.range(from + k, to)]
        : [...walk(m - k, from + k, to), this.range(from, from + k)];
    };
    return walk(index, 0, size);
  }

  /** PROOF(m, D[n]); empty for m = 0, which the RFC leaves out. */
  consistency(oldSize: number, size: number): Uint8Array[] {
    const walk = (m: number, from: number, to: number, whole: boolean): Uint8Array[] => {
      if (m === to - from) return whole ? [] : [this.range(from, to)];
      const k = split(to - from);
      return m <= k
        ? [...walk(m, from, from + k, whole), this.range(from + k, to)]
        : [...walk(m - k, from + k, to, false), this.range(from, from + k)];
    };
    return oldSize === 0 ? [] : walk(oldSize, 0, size, true);
  }

  async hashes(coordinates: readonly { level: number; index: number }[]): Promise<Uint8Array[]> {
    return coordinates.map(({ level, index }) => {
      const to = (index + 1) * 2 ** level;
      if (to > this.#leaves.length) throw new Error(`no full subtree ${index} on level ${level}`);
      return this.range(index * 2 ** level, to);
    });
  }
}

/** The largest power of two below n. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/** A copy with one bit flipped. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
  return flipped;
}
