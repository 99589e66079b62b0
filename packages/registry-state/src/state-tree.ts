import type { RegistryKind } from "@lienthong/contracts/registry/v1/record";
import { emptyRoot, hashBytes, leafHash, nodeHash } from "@lienthong/tlog";

/** Leaf hash of one subject in `state_root`: kind (4 bytes big-endian), length of id (2 bytes), id, hash of its last entry. */
export function stateLeafHash(kind: RegistryKind, id: string, entryHash: Uint8Array): Uint8Array {
  const data = new Uint8Array(6 + id.length + hashBytes);
  const view = new DataView(data.buffer);
  view.setUint32(0, kind);
  view.setUint16(4, id.length);
  // Ids are printable ASCII, so a character is a byte.
  for (let i = 0; i < id.length; i++) data[6 + i] = id.charCodeAt(i);
  data.set(entryHash, 6 + id.length);
  return leafHash(data);
}

/** Orders subjects as `state_root` does: by kind, then by the bytes of the id, in one string comparison. */
export function subjectKey(kind: RegistryKind, id: string): string {
  return String.fromCharCode(kind) + id;
}

/**
 * The RFC 6962 tree over the sorted subjects, with all its levels, so that little is hashed again:
 * - a subject that sorts last, or one that is there already: log2(n) hashes;
 * - a new subject at position i of n: about n - i hashes, because every leaf behind it moves by one. That is inherent in a
 *   tree by position. (8,000 subjects: 8 to 25 ms for one at the very front; an agency added to a running registry pays
 *   that once.) Seeds are written in the order of the leaves wherever parents allow.
 */
export class StateTree {
  readonly #keys: string[] = [];
  readonly #levels: Uint8Array[][] = [[]];

  /** Number of subjects. */
  get size(): number {
    return this.#keys.length;
  }

  root(): Uint8Array {
    return this.#levels[this.#levels.length - 1]![0] ?? emptyRoot;
  }

  /** Sets the hash of a subject's last entry. */
  set(kind: RegistryKind, id: string, entryHash: Uint8Array): void {
    const key = subjectKey(kind, id);
    const leaves = this.#levels[0]!;
    const position = this.#positionOf(key);
    const leaf = stateLeafHash(kind, id, entryHash);
    if (this.#keys[position] === key) {
      leaves[position] = leaf;
      this.#rehash(position, position + 1);
      return;
    }
    this.#keys.splice(position, 0, key);
    leaves.splice(position, 0, leaf);
    this.#rehash(position, leaves.length);
  }

  /** First position whose key is not below `key`. */
  #positionOf(key: string): number {
    const last = this.#keys[this.#keys.length - 1];
    if (last === undefined || last < key) return this.#keys.length;
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Recomputes what lies above leaves `from` to `until` - 1. An odd node at the end moves up as it is. */
  #rehash(from: number, until: number): void {
    let low = from;
    let high = until;
    for (let k = 0; this.#levels[k]!.length > 1; k++) {
      const level = this.#levels[k]!;
      const above = this.#levels[k + 1] ?? [];
      this.#levels[k + 1] = above;
      low >>>= 1;
      high = (high + 1) >>> 1;
      for (let i = low; i < high; i++) {
        const left = level[2 * i]!;
        const right = level[2 * i + 1];
        above[i] = right === undefined ? left : nodeHash(left, right);
      }
    }
  }
}
