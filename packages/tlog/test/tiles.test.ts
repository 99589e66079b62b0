import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  consistencyProof,
  decodeBundle,
  encodeBundle,
  encodeTile,
  entriesPath,
  GrowingTiles,
  hashesInTile,
  hashSourceOfTiles,
  inclusionProof,
  newBundles,
  newTiles,
  parseTilePath,
  rootOf,
  type Tile,
  tilePath,
  tilesOfSize,
  treeRoot,
} from "../src/index.ts";
import { base64, leavesOf, NaiveTree } from "./naive-tree.ts";

const tile = (level: number, index: number, width = 256): Tile => ({ level, index, width });

describe("paths of tiles and bundles", () => {
  test("are those of the specification", () => {
    expect(tilePath(tile(0, 0))).toBe("tile/0/000");
    expect(tilePath(tile(0, 1_234_067))).toBe("tile/0/x001/x234/067");
    expect(tilePath(tile(3, 999, 1))).toBe("tile/3/999.p/1");
    expect(tilePath(tile(63, 1_000, 255))).toBe("tile/63/x001/000.p/255");
    expect(entriesPath({ index: 1_234_067, width: 256 })).toBe("tile/entries/x001/x234/067");
    expect(entriesPath({ index: 0, width: 15 })).toBe("tile/entries/000.p/15");
  });

  test("read back as what they name", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 63 }),
        fc.oneof(fc.nat(2_000), fc.maxSafeNat()),
        fc.integer({ min: 1, max: 256 }),
        (level, index, width) => {
          expect(parseTilePath(tilePath({ level, index, width }))).toEqual({ kind: "hashes", level, index, width });
          expect(parseTilePath(entriesPath({ index, width }))).toEqual({ kind: "entries", index, width });
        },
      ),
    );
  });

  test("have one form only, and anything else is none", () => {
    for (const path of [
      "",
      "tile",
      "tile/0",
      "tile/0/0",
      "tile/0/00",
      "tile/0/0000",
      "tile/00/000",
      "tile/64/000",
      "tile/-1/000",
      "tile/0/x000/000",
      "tile/0/x001/x000",
      "tile/0/001/000",
      "tile/0/x1/000",
      "tile/0/000.p/0",
      "tile/0/000.p/256",
      "tile/0/000.p/01",
      "tile/0/000.p/",
      "tile/0/000.p",
      "tile/0/000/",
      "/tile/0/000",
      "tile/0/000 ",
      "tile/0/000\n",
      "tile/0/٠٠٠",
      "tile/entries/x000/001",
      "tile/data/000",
      "tile/0/x999/x999/x999/x999/x999/999",
      "tile/../0/000",
      "checkpoint",
    ]) {
      expect(parseTilePath(path), path).toBeNull();
    }
  });

  test("no text makes the reader throw", () => {
    const near = fc.stringMatching(/^tile\/(entries|\d{1,3})\/(x?\d{1,4}\/){0,7}\d{1,4}(\.p\/\d{0,4})?$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (path) => {
        const read = parseTilePath(path);
        if (read !== null) expect(read.kind === "hashes" ? tilePath(read) : entriesPath(read)).toBe(path);
      }),
    );
  });

  test("positions that no tile has are refused", () => {
    expect(() => tilePath(tile(64, 0))).toThrow("A tile's level is 0 to 63, not 64.");
    expect(() => tilePath(tile(0, -1))).toThrow("A tile's index is 0 to 2^53 - 1, not -1.");
    expect(() => tilePath(tile(0, 0, 257))).toThrow("A tile's width is 1 to 256, not 257.");
  });
});

describe("which tiles a tree has", () => {
  const paths = (size: number) => [...tilesOfSize(size)].map(tilePath);

  test("as the specification counts them", () => {
    expect(paths(0)).toEqual([]);
    expect(paths(1)).toEqual(["tile/0/000.p/1"]);
    expect(paths(255)).toEqual(["tile/0/000.p/255"]);
    expect(paths(256)).toEqual(["tile/0/000", "tile/1/000.p/1"]);
    expect(paths(257)).toEqual(["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
    const large = paths(70_000);
    expect(large).toHaveLength(273 + 1 + 2 + 1);
    expect(large.filter((path) => path.includes(".p/"))).toEqual([
      "tile/0/273.p/112",
      "tile/1/001.p/17",
      "tile/2/000.p/1",
    ]);
    expect(large).toContain("tile/1/000");
  });

  test("growing step by step writes what growing at once does, except partial tiles that were outgrown", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 12 }), (steps) => {
        const written = new Set<string>();
        let size = 0;
        for (const step of steps) {
          for (const each of newTiles(size, size + step)) {
            expect(written.has(tilePath(each))).toBe(false);
            written.add(tilePath(each));
          }
          size += step;
        }
        for (const path of paths(size)) expect(written.has(path)).toBe(true);
        for (const path of written) expect(path.includes(".p/") || paths(size).includes(path)).toBe(true);
        const level0 = [...newTiles(0, size)].filter(({ level }) => level === 0);
        expect([...newBundles(0, size)]).toEqual(level0.map(({ index, width }) => ({ index, width })));
      }),
      { numRuns: 50 },
    );
  });

  test("a log that shrinks has no new tiles", () => {
    expect(() => [...newTiles(5, 4)]).toThrow("A log of 5 cannot grow to 4.");
    expect(() => newBundles(5, 4)).toThrow("A log of 5 cannot grow to 4.");
  });
});

const leaves = leavesOf(70_000);

/** A folder of tiles in memory, as a log of this size published them, with all partial ones of the sizes it stopped at. */
function publish(stops: readonly number[]): { files: Map<string, Uint8Array>; root: Uint8Array } {
  const growing = new GrowingTiles();
  const files = new Map<string, Uint8Array>();
  for (const stop of stops) {
    while (growing.size < stop) growing.append(leaves[growing.size] as Uint8Array);
    for (const { tile: each, bytes } of growing.takeTiles()) files.set(tilePath(each), bytes);
  }
  return { files, root: growing.root() };
}

describe("tiles that grow", () => {
  test.each([
    [[0]],
    [[1]],
    [[255]],
    [[256]],
    [[257]],
    [[1, 2, 255, 256, 257, 511, 512]],
    [[65_535, 65_536, 65_537]],
    [[300, 70_000]],
  ])("at %j: the tiles of that size, and the root of the tree", (stops) => {
    const { files, root } = publish(stops);
    const size = stops.at(-1) as number;
    expect(base64(root)).toBe(base64(rootOf(leaves.slice(0, size))));
    for (const each of tilesOfSize(size)) {
      const bytes = files.get(tilePath(each)) as Uint8Array;
      const span = 256 ** each.level;
      const first = (each.index * 256 + each.width - 1) * span;
      expect(base64(hashesInTile(bytes, each.width).at(-1) as Uint8Array)).toBe(
        base64(rootOf(leaves.slice(first, first + span))),
      );
    }
  });

  test("go on from any size with nothing but the partial tiles of the edge", () => {
    for (const size of [0, 1, 255, 256, 257, 300, 511, 512, 65_535, 65_536, 65_793]) {
      const { files } = publish([size]);
      const resumed = new GrowingTiles(size, (each) => files.get(tilePath(each)) as Uint8Array);
      expect(resumed.takeTiles()).toEqual([]);
      expect(base64(resumed.root())).toBe(base64(rootOf(leaves.slice(0, size))));
      const more = size + 700;
      while (resumed.size < more) resumed.append(leaves[resumed.size] as Uint8Array);
      const written = resumed.takeTiles().map(({ tile: each }) => tilePath(each));
      expect(written.sort()).toEqual([...newTiles(size, more)].map(tilePath).sort());
      expect(base64(resumed.root())).toBe(base64(rootOf(leaves.slice(0, more))));
    }
  });

  test("refuse an edge of another length", () => {
    expect(() => new GrowingTiles(3, () => new Uint8Array(32))).toThrow("A tile of 3 hashes has 96 bytes, not 32.");
  });

  test("a tile given out does not change when more is appended", () => {
    const growing = new GrowingTiles();
    growing.append(leaves[0] as Uint8Array);
    const [first] = growing.takeTiles();
    const before = base64(first!.bytes);
    growing.append(leaves[1] as Uint8Array);
    growing.takeTiles();
    expect(base64(first!.bytes)).toBe(before);
  });
});

describe("hashes out of tiles", () => {
  const sourceOf = (files: Map<string, Uint8Array>, size: number, asked: string[] = []) =>
    hashSourceOfTiles(size, async (each) => {
      asked.push(tilePath(each));
      return files.get(tilePath(each)) ?? null;
    });

  test.each([1, 2, 255, 256, 257, 511, 65_536, 65_537, 70_000])(
    "proofs at size %i are those of the tree",
    async (size) => {
      const { files, root } = publish([size]);
      const source = sourceOf(files, size);
      const naive = new NaiveTree(leaves);
      expect(base64(await treeRoot(size, source))).toBe(base64(root));
      for (const index of new Set([0, 1, 255, 256, Math.floor(size / 2), size - 1].filter((i) => i < size))) {
        expect((await inclusionProof(index, size, source)).map(base64)).toEqual(naive.path(index, size).map(base64));
        const oldSize = index + 1;
        expect((await consistencyProof(oldSize, size, source)).map(base64)).toEqual(
          naive.consistency(oldSize, size).map(base64),
        );
      }
    },
  );

  test("a partial tile that was outgrown and is gone is cut out of the full one", async () => {
    const { files } = publish([300, 600]);
    expect(files.delete("tile/0/001.p/44")).toBe(true);
    expect(base64(await treeRoot(300, sourceOf(files, 300)))).toBe(base64(rootOf(leaves.slice(0, 300))));
  });

  test("each tile is read once per proof", async () => {
    const { files } = publish([70_000]);
    const asked: string[] = [];
    await inclusionProof(12_345, 70_000, sourceOf(files, 70_000, asked));
    expect(asked.length).toBe(new Set(asked).size);
    expect(asked.length).toBeLessThanOrEqual(5);
  });

  test("a missing tile and one of another length are named or counted", async () => {
    const { files } = publish([257]);
    files.delete("tile/0/001.p/1");
    await expect(treeRoot(257, sourceOf(files, 257))).rejects.toThrow("The tile tile/0/001.p/1 is missing.");
    files.set("tile/0/001.p/1", new Uint8Array(31));
    await expect(treeRoot(257, sourceOf(files, 257))).rejects.toThrow("A tile of 1 hashes has 32 bytes, not 31.");
  });
});

describe("tiles and bundles as bytes", () => {
  test("a tile holds 1 to 256 hashes of 32 bytes", () => {
    const bytes = encodeTile(leaves.slice(0, 3));
    expect(hashesInTile(bytes, 3).map(base64)).toEqual(leaves.slice(0, 3).map(base64));
    expect(() => encodeTile([])).toThrow("A tile holds 1 to 256 hashes, not 0.");
    expect(() => encodeTile(leaves.slice(0, 257))).toThrow("A tile holds 1 to 256 hashes, not 257.");
    expect(() => encodeTile([new Uint8Array(31)])).toThrow("A hash has 31 bytes; it must have 32.");
  });

  test("a bundle reads back as its entries, up to the longest", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { minLength: 1, maxLength: 256 }), (entries) => {
        expect(decodeBundle(encodeBundle(entries), entries.length).map(base64)).toEqual(entries.map(base64));
      }),
      { numRuns: 30 },
    );
    const longest = new Uint8Array(65_535).fill(7);
    expect(decodeBundle(encodeBundle([longest]), 1)).toEqual([longest]);
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(
      "An entry has 65536 bytes; a log takes at most 65535.",
    );
    expect(() => encodeBundle([])).toThrow("A bundle holds 1 to 256 entries, not 0.");
  });

  test("a bundle is exactly as long as its entries say", () => {
    const bytes = encodeBundle([Uint8Array.of(1, 2, 3), new Uint8Array(0)]);
    expect(() => decodeBundle(bytes, 1)).toThrow("The bundle goes on for 2 bytes after its 1 entries.");
    expect(() => decodeBundle(bytes, 3)).toThrow("The bundle ends at entry 2 of 3.");
    expect(() => decodeBundle(bytes.subarray(0, 4), 2)).toThrow("The bundle ends inside entry 0 of 2.");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 10 }), (any, width) => {
        try {
          expect(Buffer.from(encodeBundle(decodeBundle(any, width))).equals(any)).toBe(true);
        } catch (error) {
          expect((error as Error).name).toBe("TlogFormatError");
        }
      }),
    );
  });
});
