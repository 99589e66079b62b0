import { TlogFormatError } from "./errors.ts";
import { emptyRoot, hashBytes, hashesEqual, nodeHash, rootFromPath } from "./rfc6962.ts";

/** A full subtree: its root stands `level` steps above the leaves, at position `index` among those of its level. */
export interface NodeCoordinate {
  readonly level: number;
  readonly index: number;
}

/** Where proofs take the hashes of full subtrees from: one answer per coordinate, in order. Rejects where it lacks one. */
export interface HashSource {
  hashes(coordinates: readonly NodeCoordinate[]): Promise<Uint8Array[]>;
}

/** Full subtrees that cover the leaves from `from` to before `to`, left to right; `from` must be aligned to the span's power of two. */
function cover(from: number, to: number): NodeCoordinate[] {
  const nodes: NodeCoordinate[] = [];
  let level = 0;
  let span = 1;
  while (span * 2 <= to - from) {
    span *= 2;
    level++;
  }
  for (let at = from; at < to; ) {
    while (span > to - at) {
      span /= 2;
      level--;
    }
    nodes.push({ level, index: at / span });
    at += span;
  }
  return nodes;
}

/** Root of a subtree from the full subtrees that cover it: smaller ones to the right are joined first (RFC 6962 section 2.1). */
function join(hashes: readonly Uint8Array[]): Uint8Array {
  let hash = hashes[hashes.length - 1] as Uint8Array;
  for (let i = hashes.length - 2; i >= 0; i--) hash = nodeHash(hashes[i] as Uint8Array, hash);
  return hash;
}

async function joinAll(parts: readonly (readonly NodeCoordinate[])[], source: HashSource): Promise<Uint8Array[]> {
  const wanted = parts.flat();
  if (wanted.length === 0) return [];
  const found = await source.hashes(wanted);
  let at = 0;
  return parts.map((part) => {
    const hashes = found.slice(at, at + part.length);
    at += part.length;
    for (const hash of hashes) {
      if (hash.length !== hashBytes)
        throw new TlogFormatError(`A hash has ${hash.length} bytes; it must have ${hashBytes}.`);
    }
    return join(hashes);
  });
}

/** Largest power of two below `n`, for n of 2 and more. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}

function requireSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0)
    throw new TlogFormatError(`A tree has 0 to 2^53 - 1 leaves, not ${size}.`);
}

/** Root of the tree of that size. */
export async function treeRoot(size: number, source: HashSource): Promise<Uint8Array> {
  requireSize(size);
  if (size === 0) return emptyRoot;
  return (await joinAll([cover(0, size)], source))[0] as Uint8Array;
}

/** Inclusion proof of a leaf (RFC 6962 section 2.1.1), nearest sibling first. Throws TlogFormatError for an index outside the tree. */
export async function inclusionProof(index: number, size: number, source: HashSource): Promise<Uint8Array[]> {
  requireSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new TlogFormatError(`Leaf ${index} is not in a tree of ${size}.`);
  }
  const parts: NodeCoordinate[][] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      parts.push(cover(middle, to));
      to = middle;
    } else {
      parts.push(cover(from, middle));
      from = middle;
    }
  }
  return joinAll(parts.reverse(), source);
}

/**
 * Proof that the tree of `size` leaves begins with that of `oldSize` (RFC 6962 section 2.1.2). Empty for equal sizes and for the
 * empty tree, which every tree begins with. Throws TlogFormatError for an older size that is larger.
 */
export async function consistencyProof(oldSize: number, size: number, source: HashSource): Promise<Uint8Array[]> {
  requireSize(size);
  requireSize(oldSize);
  if (oldSize > size) throw new TlogFormatError(`A tree of ${size} cannot begin with one of ${oldSize}.`);
  if (oldSize === 0 || oldSize === size) return [];
  const parts: NodeCoordinate[][] = [];
  let from = 0;
  let to = size;
  while (oldSize !== to) {
    const middle = from + splitOf(to - from);
    if (oldSize <= middle) {
      parts.push(cover(middle, to));
      to = middle;
    } else {
      parts.push(cover(from, middle));
      from = middle;
    }
  }
  // Where the descent never went right, the old root itself is the last piece, and whoever verifies has it.
  if (from !== 0) parts.push(cover(from, to));
  return joinAll(parts.reverse(), source);
}

/** True if the path leads from this leaf hash at this index to the root of a tree of exactly this size. */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (leafHash.length !== hashBytes) return false;
  const found = rootFromPath(leafHash, index, size, path);
  return found !== null && hashesEqual(found, root);
}

/** True if the path proves that the tree (size, root) begins with the tree (oldSize, oldRoot) (RFC 9162 section 2.1.4.2). */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Uint8Array,
  size: number,
  root: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(size) || oldSize < 0 || oldSize > size) return false;
  if (oldRoot.length !== hashBytes || root.length !== hashBytes) return false;
  if (path.some((hash) => hash.length !== hashBytes)) return false;
  if (oldSize === 0) {
    return path.length === 0 && hashesEqual(oldRoot, emptyRoot) && (size > 0 || hashesEqual(root, emptyRoot));
  }
  if (oldSize === size) return path.length === 0 && hashesEqual(oldRoot, root);

  const half = (n: number) => Math.floor(n / 2);
  let node = oldSize - 1;
  let last = size - 1;
  while (node % 2 === 1) {
    node = half(node);
    last = half(last);
  }
  // An old tree that is one full subtree is where the path begins.
  const hashes = node === 0 ? [oldRoot, ...path] : path;
  if (hashes.length === 0) return false;
  let oldHash = hashes[0] as Uint8Array;
  let hash = oldHash;
  for (const sibling of hashes.slice(1)) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash);
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && hashesEqual(oldHash, oldRoot) && hashesEqual(hash, root);
}
