import { createHash } from "node:crypto";

// A second implementation of RFC 6962 section 2.1, on purpose: what checks the logs shares no hashing with what writes them.

/** SHA-256(0x00 ‖ entry). */
export function plainLeafHash(entry: Uint8Array): Buffer {
  return createHash("sha256").update("\u0000").update(entry).digest();
}

function plainNodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash("sha256").update("\u0001").update(left).update(right).digest();
}

/** Root over hashes, as the definition reads: split at the largest power of two below the count. */
export function plainRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined) return createHash("sha256").digest();
  if (hashes.length === 1) return first;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return plainNodeHash(plainRoot(hashes.slice(0, split)), plainRoot(hashes.slice(split)));
}

/** A tree that is read from the left: perfect subtrees so far, the largest first, each with its number of leaves. */
export class PlainTree {
  readonly #subtrees: { leaves: number; hash: Uint8Array }[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(leafHash: Uint8Array): void {
    this.#size += 1;
    let grown = { leaves: 1, hash: leafHash };
    for (let last = this.#subtrees.at(-1); last?.leaves === grown.leaves; last = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      grown = { leaves: grown.leaves * 2, hash: plainNodeHash(last.hash, grown.hash) };
    }
    this.#subtrees.push(grown);
  }

  root(): Uint8Array {
    const last = this.#subtrees.at(-1);
    if (last === undefined) return plainRoot([]);
    return this.#subtrees.slice(0, -1).reduceRight((right, { hash }) => plainNodeHash(hash, right), last.hash);
  }
}
