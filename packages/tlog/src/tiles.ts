import { TlogFormatError } from "./errors.ts";
import type { HashSource, NodeCoordinate } from "./proofs.ts";
import { hashBytes, rootOf } from "./rfc6962.ts";
import { parseDecimal } from "./text.ts";

/** Levels of the tree in one tile. */
export const tileHeight = 8;

/** Hashes in a full tile, entries in a full bundle. */
export const tileWidth = 256;

/**
 * A tile of hashes (c2sp.org/tlog-tiles): `level` 0 to 63 counts in tiles, `index` is its position on that level, `width` 1 to 256
 * how many hashes it holds, 256 being a full tile.
 */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** A bundle of entries: those from `index` · 256 on, `width` 1 to 256 of them. */
export type Bundle = Omit<Tile, "level">;

/** Bytes of a tile, or null where there is none under that level, index and width. */
export type TileSource = (tile: Tile) => Promise<Uint8Array | null>;

/** Where a tile is served and stored: `tile/0/x001/x234/067`, with `.p/<width>` behind it if it is partial. */
export function tilePath(tile: Tile): string {
  if (!Number.isInteger(tile.level) || tile.level < 0 || tile.level > 63) {
    throw new TlogFormatError(`A tile's level is 0 to 63, not ${tile.level}.`);
  }
  return `tile/${tile.level}/${indexPath(tile)}`;
}

/** Where a bundle of entries is served and stored: `tile/entries/x001/x234/067`, with `.p/<width>` behind it if it is partial. */
export function entriesPath(bundle: Bundle): string {
  return `tile/entries/${indexPath(bundle)}`;
}

function indexPath({ index, width }: Bundle): string {
  if (!Number.isSafeInteger(index) || index < 0)
    throw new TlogFormatError(`A tile's index is 0 to 2^53 - 1, not ${index}.`);
  if (!Number.isInteger(width) || width < 1 || width > tileWidth) {
    throw new TlogFormatError(`A tile's width is 1 to ${tileWidth}, not ${width}.`);
  }
  let path = String(index % 1_000).padStart(3, "0");
  for (let rest = Math.floor(index / 1_000); rest > 0; rest = Math.floor(rest / 1_000)) {
    path = `x${String(rest % 1_000).padStart(3, "0")}/${path}`;
  }
  return width === tileWidth ? path : `${path}.p/${width}`;
}

/** What a path of `tilePath` or `entriesPath` names; null for any other text, one that names a tile in a second way included. */
export function parseTilePath(path: string): ({ kind: "hashes" } & Tile) | ({ kind: "entries" } & Bundle) | null {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5})([0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) return null;
  const [, level, groups, last, partial] = match as unknown as [string, string, string, string, string | undefined];
  const index = Number(groups.replaceAll(/[x/]/g, "") + last);
  const width = partial === undefined ? tileWidth : parseDecimal(partial);
  if (!Number.isSafeInteger(index) || width === null || width < 1) return null;
  if (partial !== undefined && width >= tileWidth) return null;
  const position = { index, width };
  if (level === "entries") return entriesPath(position) === path ? { kind: "entries", ...position } : null;
  const tile = { level: Number(level), ...position };
  return tile.level <= 63 && tilePath(tile) === path ? { kind: "hashes", ...tile } : null;
}

/** Hashes that the tree of `size` leaves has on tile level `level`: roots of full subtrees of 256^level leaves. */
function hashesOnLevel(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level);
}

function requireGrowth(oldSize: number, size: number): void {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(size) || oldSize < 0 || oldSize > size) {
    throw new TlogFormatError(`A log of ${oldSize} cannot grow to ${size}.`);
  }
}

/** Tiles that hold a tree of `size` leaves: the full ones, and on each level that has one the partial one, from level 0 up. */
export function tilesOfSize(size: number): Generator<Tile> {
  return newTiles(0, size);
}

/** Tiles to write when a log grows from `oldSize` to `size`, from level 0 up. A partial tile that was written before is not among them. */
export function* newTiles(oldSize: number, size: number): Generator<Tile> {
  requireGrowth(oldSize, size);
  for (let level = 0; hashesOnLevel(size, level) > 0; level++) {
    for (const bundle of newBundlesOf(hashesOnLevel(oldSize, level), hashesOnLevel(size, level))) {
      yield { level, ...bundle };
    }
  }
}

/** Bundles of entries to write when a log grows from `oldSize` to `size`. */
export function newBundles(oldSize: number, size: number): Generator<Bundle> {
  requireGrowth(oldSize, size);
  return newBundlesOf(oldSize, size);
}

function* newBundlesOf(oldCount: number, count: number): Generator<Bundle> {
  if (oldCount === count) return;
  for (let index = Math.floor(oldCount / tileWidth); index < Math.floor(count / tileWidth); index++) {
    yield { index, width: tileWidth };
  }
  if (count % tileWidth > 0) yield { index: Math.floor(count / tileWidth), width: count % tileWidth };
}

/** The hashes of a tile, as views of its bytes. Throws TlogFormatError for bytes of another length. */
export function hashesInTile(bytes: Uint8Array, width: number): Uint8Array[] {
  if (bytes.length !== width * hashBytes) {
    throw new TlogFormatError(`A tile of ${width} hashes has ${width * hashBytes} bytes, not ${bytes.length}.`);
  }
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * hashBytes, (i + 1) * hashBytes));
}

/** Bytes of a tile: its hashes one after the other, 1 to 256. */
export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length < 1 || hashes.length > tileWidth) {
    throw new TlogFormatError(`A tile holds 1 to ${tileWidth} hashes, not ${hashes.length}.`);
  }
  const bytes = new Uint8Array(hashes.length * hashBytes);
  hashes.forEach((hash, i) => {
    if (hash.length !== hashBytes)
      throw new TlogFormatError(`A hash has ${hash.length} bytes; it must have ${hashBytes}.`);
    bytes.set(hash, i * hashBytes);
  });
  return bytes;
}

/** The tile that a full subtree's hash is read from in a tree of `size`, and which of the tile's hashes it is the root of. */
export function tileOfNode(
  node: NodeCoordinate,
  size: number,
): { readonly tile: Tile; readonly from: number; readonly to: number } {
  const level = Math.floor(node.level / tileHeight);
  const span = 2 ** (node.level % tileHeight);
  const first = node.index * span;
  const count = hashesOnLevel(size, level);
  if (!Number.isSafeInteger(first) || first < 0 || first + span > count) {
    throw new TlogFormatError(`A tree of ${size} has no full subtree ${node.index} on level ${node.level}.`);
  }
  const index = Math.floor(first / tileWidth);
  const width = Math.min(tileWidth, count - index * tileWidth);
  return { tile: { level, index, width }, from: first % tileWidth, to: (first % tileWidth) + span };
}

/**
 * The hashes of a tree of `size` out of its tiles. Each tile is read once per call; a partial one that is no longer there is cut
 * out of the full one. The tiles are believed: what comes of it is proven by the proof. Rejects with TlogFormatError where a tile is missing.
 */
export function hashSourceOfTiles(size: number, source: TileSource): HashSource {
  const read = async (tile: Tile): Promise<Uint8Array[]> => {
    const bytes = await source(tile);
    if (bytes !== null) return hashesInTile(bytes, tile.width);
    if (tile.width < tileWidth) {
      const whole = await source({ ...tile, width: tileWidth });
      if (whole !== null) return hashesInTile(whole, tileWidth).slice(0, tile.width);
    }
    throw new TlogFormatError(`The tile ${tilePath(tile)} is missing.`);
  };
  return {
    async hashes(coordinates) {
      const places = coordinates.map((node) => tileOfNode(node, size));
      const tiles = new Map<string, Promise<Uint8Array[]>>();
      for (const { tile } of places) {
        const key = `${tile.level}/${tile.index}`;
        if (!tiles.has(key)) tiles.set(key, read(tile));
      }
      const hashes = new Map<string, Uint8Array[]>();
      const keys = [...tiles.keys()];
      (await Promise.all(tiles.values())).forEach((found, i) => {
        hashes.set(keys[i] as string, found);
      });
      return places.map(({ tile, from, to }) =>
        rootOf((hashes.get(`${tile.level}/${tile.index}`) as Uint8Array[]).slice(from, to)),
      );
    },
  };
}
