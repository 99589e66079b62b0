import { rootOf, sha256 } from "@lienthong/tlog";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EntryTree } from "../src/entry-tree.ts";
import { StateTree, stateLeafHash } from "../src/index.ts";

const hashOf = (number: number) => sha256(new TextEncoder().encode(`entry ${number}`));

test("the state root kept up step by step is the root computed from nothing, in whatever order subjects come", () => {
  const kinds = fc.constantFrom(1, 2, 5, 10, 15) as fc.Arbitrary<1 | 2 | 5 | 10 | 15>;
  const ids = fc.stringMatching(/^[a-z0-9./-]{1,3}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(kinds, ids), { maxLength: 120 }), (writes) => {
      const tree = new StateTree();
      const subjects = new Map<string, Uint8Array>();
      for (const [number, [kind, id]] of writes.entries()) {
        tree.set(kind, id, hashOf(number));
        subjects.set(`${String(kind).padStart(2, "0")} ${id}`, stateLeafHash(kind, id, hashOf(number)));
        // Sorted by other means than the tree's own comparison.
        const sorted = [...subjects].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(tree.root()).toEqual(rootOf(sorted.map(([, leaf]) => leaf)));
      }
      expect(tree.size).toBe(subjects.size);
    }),
    { numRuns: 60 },
  );
});

test("every earlier root of the entry tree is the root over that many leaves", () => {
  const leaves = Array.from({ length: 70 }, (_, number) => hashOf(number));
  const tree = new EntryTree();
  for (const leaf of leaves) tree.append(leaf);
  for (let size = 0; size <= leaves.length; size++) expect(tree.rootAt(size)).toEqual(rootOf(leaves.slice(0, size)));
});
