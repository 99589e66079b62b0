import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  nodeHash,
  TlogFormatError,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from "../src/index.ts";
import { base64, flipBit, leavesOf, NaiveTree, utf8 } from "./naive-tree.ts";

const sizeMax = 300;
const leaves = leavesOf(sizeMax);
const tree = new NaiveTree(leaves);

describe("every tree of 0 to 300 leaves", () => {
  test("has the root of the definition", async () => {
    for (let size = 0; size <= sizeMax; size++) {
      expect(base64(await treeRoot(size, tree))).toBe(base64(tree.root(size)));
    }
  });

  test("has for every leaf the inclusion proof of the definition, and it verifies", async () => {
    for (let size = 1; size <= sizeMax; size++) {
      const root = tree.root(size);
      for (let index = 0; index < size; index++) {
        const path = await inclusionProof(index, size, tree);
        if (!sameHashes(path, tree.path(index, size))) expect.fail(`path of ${index} in ${size}`);
        if (!verifyInclusion(leaves[index] as Uint8Array, index, size, path, root)) expect.fail(`${index} in ${size}`);
      }
    }
  });

  test("has from every smaller tree the consistency proof of the definition, and it verifies", async () => {
    for (let size = 0; size <= sizeMax; size++) {
      const root = tree.root(size);
      for (let oldSize = 0; oldSize <= size; oldSize++) {
        const path = await consistencyProof(oldSize, size, tree);
        if (!sameHashes(path, tree.consistency(oldSize, size))) expect.fail(`path from ${oldSize} to ${size}`);
        if (!verifyConsistency(oldSize, tree.root(oldSize), size, root, path)) expect.fail(`${oldSize} to ${size}`);
      }
    }
  });
});

function sameHashes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, i) => Buffer.compare(hash, b[i] as Uint8Array) === 0);
}

describe("a proof holds for nothing else", () => {
  test("each flipped bit of an inclusion proof, of the leaf and of the root fails; so does each other index and each other size near", () => {
    for (const size of [1, 2, 3, 7, 8, 9, 33]) {
      const root = tree.root(size);
      for (const index of size < 33 ? leaves.slice(0, size).keys() : [0, 16, 31, 32]) {
        const path = tree.path(index, size);
        const leaf = leaves[index] as Uint8Array;
        for (let other = 0; other <= size; other++) {
          if (other !== index) expect(verifyInclusion(leaf, other, size, path, root)).toBe(false);
        }
        for (let bit = 0; bit < 256; bit++) {
          expect(verifyInclusion(flipBit(leaf, bit), index, size, path, root)).toBe(false);
          expect(verifyInclusion(leaf, index, size, path, flipBit(root, bit))).toBe(false);
          path.forEach((_, i) => {
            const changed = path.map((hash, j) => (i === j ? flipBit(hash, bit) : hash));
            expect(verifyInclusion(leaf, index, size, changed, root)).toBe(false);
          });
        }
      }
    }
  });

  test("each flipped bit of a consistency proof and of both roots fails; so does a proof for other sizes", () => {
    for (const [oldSize, size] of [
      [1, 2],
      [3, 7],
      [4, 7],
      [6, 8],
      [8, 9],
      [7, 33],
    ] as const) {
      const path = tree.consistency(oldSize, size);
      const [oldRoot, root] = [tree.root(oldSize), tree.root(size)];
      expect(verifyConsistency(oldSize, oldRoot, size, root, path)).toBe(true);
      for (let bit = 0; bit < 256; bit++) {
        expect(verifyConsistency(oldSize, flipBit(oldRoot, bit), size, root, path)).toBe(false);
        expect(verifyConsistency(oldSize, oldRoot, size, flipBit(root, bit), path)).toBe(false);
        path.forEach((_, i) => {
          const changed = path.map((hash, j) => (i === j ? flipBit(hash, bit) : hash));
          expect(verifyConsistency(oldSize, oldRoot, size, root, changed)).toBe(false);
        });
      }
      expect(verifyConsistency(oldSize, oldRoot, size, root, path.slice(0, -1))).toBe(false);
      expect(verifyConsistency(oldSize, oldRoot, size, root, [...path, root])).toBe(false);
      expect(verifyConsistency(size, root, oldSize, oldRoot, path)).toBe(false);
      expect(verifyConsistency(oldSize, root, size, root, path)).toBe(false);
    }
  });

  test("the empty tree: only with its own root and an empty proof", () => {
    const root = tree.root(5);
    expect(verifyConsistency(0, emptyRoot, 5, root, [])).toBe(true);
    expect(verifyConsistency(0, root, 5, root, [])).toBe(false);
    expect(verifyConsistency(0, emptyRoot, 5, root, [root])).toBe(false);
    expect(verifyConsistency(0, emptyRoot, 0, emptyRoot, [])).toBe(true);
    expect(verifyConsistency(0, emptyRoot, 0, root, [])).toBe(false);
  });

  test("sizes and indexes that are no counts, and hashes of other lengths, never verify", () => {
    const root = tree.root(4);
    const path = tree.path(1, 4);
    const leaf = leaves[1] as Uint8Array;
    for (const odd of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(verifyInclusion(leaf, odd, 4, path, root)).toBe(false);
      expect(verifyInclusion(leaf, 1, odd, path, root)).toBe(false);
      expect(verifyConsistency(odd, root, 4, root, [])).toBe(false);
      expect(verifyConsistency(4, root, odd, root, [])).toBe(false);
    }
    expect(verifyInclusion(leaf.subarray(1), 1, 4, path, root)).toBe(false);
    expect(verifyInclusion(leaf, 1, 4, [path[0] as Uint8Array, root.subarray(1)], root)).toBe(false);
    expect(verifyConsistency(4, root.subarray(1), 4, root.subarray(1), [])).toBe(false);
  });
});

describe("trees of more than 2^31 leaves", () => {
  // A tree all of whose leaves are the same has one hash per level, so that its nodes need no memory.
  const level: Uint8Array[] = [leafHash(utf8("the same"))];
  for (let i = 1; i < 54; i++) level.push(nodeHash(level[i - 1] as Uint8Array, level[i - 1] as Uint8Array));
  const uniform = { hashes: async (nodes: readonly { level: number }[]) => nodes.map((node) => level[node.level]!) };
  const sizes = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 + 5, 2 ** 40 + 123_456_789, 2 ** 53 - 1];

  test("prove and verify, to the largest safe integer", async () => {
    for (const size of sizes) {
      const root = await treeRoot(size, uniform);
      for (const index of [0, 1, 2 ** 31 - 2, Math.floor(size / 3), size - 2, size - 1]) {
        const path = await inclusionProof(index, size, uniform);
        expect(verifyInclusion(level[0] as Uint8Array, index, size, path, root)).toBe(true);
        expect(verifyInclusion(level[0] as Uint8Array, index, size, path.slice(1), root)).toBe(false);
      }
      for (const oldSize of [1, 2 ** 30, Math.floor(size / 5), size - 1, size]) {
        const path = await consistencyProof(oldSize, size, uniform);
        expect(verifyConsistency(oldSize, await treeRoot(oldSize, uniform), size, root, path)).toBe(true);
      }
    }
  });

  test("random sizes and older sizes", async () => {
    const sizeOf = fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER });
    await fc.assert(
      fc.asyncProperty(sizeOf, fc.double({ min: 0, max: 0.999999, noNaN: true }), async (size, part) => {
        const oldSize = Math.max(1, Math.floor(size * part));
        const [oldRoot, root] = [await treeRoot(oldSize, uniform), await treeRoot(size, uniform)];
        const path = await consistencyProof(oldSize, size, uniform);
        expect(verifyConsistency(oldSize, oldRoot, size, root, path)).toBe(true);
        const inclusion = await inclusionProof(oldSize, size, uniform).catch(() => null);
        if (oldSize < size) {
          expect(verifyInclusion(level[0] as Uint8Array, oldSize, size, inclusion as Uint8Array[], root)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("what cannot be proven is refused in a sentence", () => {
  test("an index outside the tree, a tree that shrinks, sizes that are none", async () => {
    await expect(inclusionProof(4, 4, tree)).rejects.toThrow("Leaf 4 is not in a tree of 4.");
    await expect(inclusionProof(-1, 4, tree)).rejects.toThrow(TlogFormatError);
    await expect(consistencyProof(5, 4, tree)).rejects.toThrow("A tree of 4 cannot begin with one of 5.");
    await expect(treeRoot(2 ** 53, tree)).rejects.toThrow(TlogFormatError);
  });

  test("a source that answers with something else than a hash", async () => {
    const short = { hashes: async (nodes: readonly unknown[]) => nodes.map(() => new Uint8Array(31)) };
    await expect(treeRoot(3, short)).rejects.toThrow("A hash has 31 bytes; it must have 32.");
  });
});
