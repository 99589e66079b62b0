import { hashBytes, hashesEqual, nodeHash } from "@lienthong/tlog";

/** What lies above a node that was proven: its hash, and the siblings that lead from it to the root. */
interface ProvenNode {
  readonly level: number;
  readonly node: number;
  readonly hash: Uint8Array;
  readonly above: readonly Uint8Array[];
  readonly from: number;
}

/**
 * Verifies many inclusion paths under one root (RFC 9162 section 2.1.3.2). Paths of one tree meet: from a node that an earlier path proved, the
 * rest is compared and not hashed again.
 */
export class ProvenTree {
  readonly #size: number;
  readonly #root: Uint8Array;
  /** By level, counted from the leaves, and position on it. */
  readonly #proven: Map<number, ProvenNode>[] = [];

  constructor(size: number, root: Uint8Array) {
    this.#size = size;
    this.#root = root;
  }

  /** True if the path leads from this leaf hash at this index to the root. */
  includes(leaf: Uint8Array, index: number, path: readonly Uint8Array[]): boolean {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.#size || leaf.length !== hashBytes) return false;
    let node = index;
    let last = this.#size - 1;
    let hash = leaf;
    let level = 0;
    const climbed: ProvenNode[] = [];
    for (let position = 0; position < path.length; position++) {
      const sibling = path[position] as Uint8Array;
      if (sibling.length !== hashBytes || last === 0) return false;
      const known = this.#proven[level]?.get(node);
      if (known !== undefined && hashesEqual(known.hash, hash) && isSameRest(known, path, position))
        return this.#keep(climbed);
      climbed.push({ level, node, hash, above: path, from: position });
      if (node % 2 === 1 || node === last) {
        hash = nodeHash(sibling, hash);
        while (node % 2 === 0 && node !== 0) {
          node = Math.floor(node / 2);
          last = Math.floor(last / 2);
          level += 1;
        }
      } else {
        hash = nodeHash(hash, sibling);
      }
      node = Math.floor(node / 2);
      last = Math.floor(last / 2);
      level += 1;
    }
    return last === 0 && hashesEqual(hash, this.#root) && this.#keep(climbed);
  }

  #keep(climbed: readonly ProvenNode[]): true {
    for (const proven of climbed) {
      const level = this.#proven[proven.level] ?? new Map<number, ProvenNode>();
      this.#proven[proven.level] = level.set(proven.node, proven);
    }
    return true;
  }
}

function isSameRest({ above, from }: ProvenNode, path: readonly Uint8Array[], position: number): boolean {
  if (above.length - from !== path.length - position) return false;
  for (let step = 0; position + step < path.length; step++) {
    if (!hashesEqual(above[from + step] as Uint8Array, path[position + step] as Uint8Array)) return false;
  }
  return true;
}
