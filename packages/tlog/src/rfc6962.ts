import { sha256, sha256Prefixed } from "#sha256";

/** Bytes in a hash. */
export const hashBytes = 32;

/** Root of the empty tree: SHA-256 of nothing (RFC 6962 section 2.1). */
export const emptyRoot: Uint8Array = sha256(new Uint8Array(0));

/** Leaf hash of an entry: SHA-256(0x00 ‖ entry) (RFC 6962 section 2.1). This is "the hash of an event". */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256Prefixed(0x00, entry);
}

const pair = new Uint8Array(1 + 2 * hashBytes);
pair[0] = 0x01;

/** Interior node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(left, 1);
  pair.set(right, 1 + hashBytes);
  return sha256(pair);
}

/** Interior node over two hashes that stand side by side in `bytes` from position `at`. */
export function nodeHashAt(bytes: Uint8Array, at: number): Uint8Array {
  pair.set(bytes.subarray(at, at + 2 * hashBytes), 1);
  return sha256(pair);
}

/** Root over leaf hashes in order; `emptyRoot` for none. */
export function rootOf(leafHashes: readonly Uint8Array[]): Uint8Array {
  if (leafHashes.length === 0) return emptyRoot;
  // Level by level, an odd node at the end moving up as it is: the same tree as splitting at the largest power of two.
  let level: readonly Uint8Array[] = leafHashes;
  while (level.length > 1) level = levelAbove(level);
  return level[0] as Uint8Array;
}

/** Root and, for every leaf, its inclusion path, nearest sibling first. */
export function rootAndPaths(leafHashes: readonly Uint8Array[]): { root: Uint8Array; paths: Uint8Array[][] } {
  const paths: Uint8Array[][] = leafHashes.map(() => []);
  if (leafHashes.length === 0) return { root: emptyRoot, paths };
  let level: readonly Uint8Array[] = leafHashes;
  let depth = 0;
  while (level.length > 1) {
    for (let leaf = 0; leaf < leafHashes.length; leaf++) {
      const sibling = level[(leaf >> depth) ^ 1];
      if (sibling !== undefined) (paths[leaf] as Uint8Array[]).push(sibling);
    }
    level = levelAbove(level);
    depth++;
  }
  return { root: level[0] as Uint8Array, paths };
}

function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i + 1 < level.length; i += 2)
    above.push(nodeHash(level[i] as Uint8Array, level[i + 1] as Uint8Array));
  if (level.length % 2 === 1) above.push(level[level.length - 1] as Uint8Array);
  return above;
}

/**
 * Root that an inclusion path leads to (RFC 9162 section 2.1.3.2), or null where the path has not exactly the length that
 * index and size ask for.
 */
export function rootFromPath(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | null {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return null;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (sibling.length !== hashBytes || last === 0) return null;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

/** True if the two hashes are the same bytes. Hashes are public, so time need not be constant. */
export function hashesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
