import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyRoot, GrowingRoot, leafHash, nodeHash, rootAndPaths, rootFromPath, rootOf } from "../src/index.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const utf8 = (text: string) => new TextEncoder().encode(text);

/** The definition of RFC 6962 section 2.1, written as it stands there. */
function rootByDefinition(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot;
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)));
}

const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leafHash(utf8(`entry ${i}`)));

describe("hashing agrees with RFC 6962 and with logs of others", () => {
  test("the empty tree", () => {
    expect(base64(emptyRoot)).toBe("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  });

  test("RecordHash of golang.org/x/mod", () => {
    expect(base64(leafHash(utf8("hello world")))).toBe("TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=");
  });

  test("the log of 15 entries that Tessera publishes", () => {
    const words = "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten".split(" ");
    const leaves = words.map((word) => leafHash(utf8(word)));
    const expected: Record<number, string> = {
      1: "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
      2: "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=",
      3: "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=",
      8: "bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY=",
      15: "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=",
    };
    for (const [size, root] of Object.entries(expected))
      expect(base64(rootOf(leaves.slice(0, Number(size))))).toBe(root);
  });

  test("every size to 130: level-wise, growing and by definition agree", () => {
    const growing = new GrowingRoot();
    for (let size = 0; size <= 130; size++) {
      const leaves = leavesOf(size);
      const root = base64(rootByDefinition(leaves));
      expect(base64(rootOf(leaves))).toBe(root);
      expect(base64(growing.root())).toBe(root);
      growing.append(leafHash(utf8(`entry ${size}`)));
    }
  });
});

describe("an inclusion path leads to the root, and only for its own leaf, index and size", () => {
  test("every leaf of every size to 40", () => {
    for (let size = 1; size <= 40; size++) {
      const leaves = leavesOf(size);
      const { root, paths } = rootAndPaths(leaves);
      for (let index = 0; index < size; index++) {
        const path = paths[index] as Uint8Array[];
        const leaf = leaves[index] as Uint8Array;
        expect(base64(rootFromPath(leaf, index, size, path) as Uint8Array)).toBe(base64(root));
        for (let other = 0; other < size; other++) {
          if (other === index) continue;
          const elsewhere = rootFromPath(leaf, other, size, path);
          expect(elsewhere === null || base64(elsewhere) !== base64(root)).toBe(true);
        }
      }
    }
  });

  test("a flipped bit, a missing and an extra hash never verify", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(), fc.nat(), (size, anyIndex, anyBit) => {
        const index = anyIndex % size;
        const leaves = leavesOf(size);
        const { root, paths } = rootAndPaths(leaves);
        const path = paths[index] as Uint8Array[];
        const leaf = leaves[index] as Uint8Array;
        const flipped = path.map((hash) => Uint8Array.from(hash));
        const bit = anyBit % (flipped.length * 256);
        (flipped[Math.floor(bit / 256)] as Uint8Array)[Math.floor((bit % 256) / 8)]! ^= 1 << (bit % 8);
        const verifies = (candidate: Uint8Array[]) => {
          const found = rootFromPath(leaf, index, size, candidate);
          return found !== null && base64(found) === base64(root);
        };
        expect(verifies(path)).toBe(true);
        expect(verifies(flipped)).toBe(false);
        expect(verifies(path.slice(0, -1))).toBe(false);
        expect(verifies([...path, leaf])).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
