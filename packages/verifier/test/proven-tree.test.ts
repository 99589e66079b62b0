import { leafHash, rootAndPaths, rootFromPath } from "@lienthong/tlog";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProvenTree } from "../src/proven-tree.ts";

const leaves = (size: number) => Array.from({ length: size }, (_, index) => leafHash(Uint8Array.of(index >> 8, index)));

describe("many inclusion paths under one root", () => {
  it("are all accepted, in whatever order, for every size of tree", () => {
    for (let size = 1; size <= 70; size++) {
      const hashes = leaves(size);
      const { root, paths } = rootAndPaths(hashes);
      for (const order of [hashes.map((_, index) => index), hashes.map((_, index) => size - 1 - index)]) {
        const tree = new ProvenTree(size, root);
        for (const index of order) {
          expect(tree.includes(hashes[index] as Uint8Array, index, paths[index] as Uint8Array[])).toBe(true);
        }
      }
    }
  });

  it("give the answer that hashing each alone gives, also when one was spoilt and the others were proven before", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 10 }), fc.nat({ max: 31 }), fc.boolean()), {
          maxLength: 40,
        }),
        (size, asked) => {
          const hashes = leaves(size);
          const { root, paths } = rootAndPaths(hashes);
          const tree = new ProvenTree(size, root);
          for (const [leaf, at, step, byte, isSpoilt] of asked) {
            const hash = hashes[leaf % size] as Uint8Array;
            const index = isSpoilt && at % 3 === 0 ? at % size : leaf % size;
            const path = (paths[leaf % size] as Uint8Array[]).map((sibling) => Uint8Array.from(sibling));
            const sibling = path[step];
            if (isSpoilt && at % 3 === 1 && sibling !== undefined) sibling[byte] = (sibling[byte] as number) ^ 1;
            if (isSpoilt && at % 3 === 2) path.splice(step, 1);
            const alone = rootFromPath(hash, index, size, path);
            const expected = alone !== null && Buffer.compare(alone, root) === 0;
            expect(tree.includes(hash, index, path)).toBe(expected);
          }
        },
      ),
    );
  });
});
