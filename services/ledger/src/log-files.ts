import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Bundle,
  decodeBundle,
  entriesPath,
  type HashSource,
  hashSourceOfTiles,
  type Tile,
  TlogFormatError,
  tilePath,
  tileWidth,
} from "@lienthong/tlog";

/** Names in a log's folder beside `tile/`, which is laid out as it is served (C2SP tlog-tiles). */
export const headFileName = "head";
export const publishedFileName = "checkpoint";
export const keptFileName = "checkpoints.sqlite";

/** Bytes of a file, or null if there is none. */
export async function readIfAny(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
}

/** Reads what a log's folder holds. Nothing that it answers is verified. */
export class LogFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  pathOfTile(tile: Tile): string {
    return join(this.directory, tilePath(tile));
  }

  pathOfBundle(bundle: Bundle): string {
    return join(this.directory, entriesPath(bundle));
  }

  /** Bytes of a tile, or null. A partial tile that is gone is cut out of the full one. */
  async tile(tile: Tile): Promise<Uint8Array | null> {
    const bytes = await readIfAny(this.pathOfTile(tile));
    if (bytes !== null || tile.width === tileWidth) return bytes;
    const whole = await readIfAny(this.pathOfTile({ ...tile, width: tileWidth }));
    return whole === null ? null : whole.subarray(0, tile.width * 32);
  }

  /** Bytes of a bundle, or null. A partial bundle that is gone is cut out of the full one. */
  async bundle(bundle: Bundle): Promise<Uint8Array | null> {
    const bytes = await readIfAny(this.pathOfBundle(bundle));
    if (bytes !== null || bundle.width === tileWidth) return bytes;
    const whole = await readIfAny(this.pathOfBundle({ ...bundle, width: tileWidth }));
    if (whole === null) return null;
    const kept = decodeBundle(whole, tileWidth).slice(0, bundle.width);
    return whole.subarray(
      0,
      kept.reduce((sum, entry) => sum + 2 + entry.length, 0),
    );
  }

  /** Entries of a bundle. Throws where it is missing or not a bundle. */
  async entries(bundle: Bundle): Promise<Uint8Array[]> {
    const bytes = await this.bundle(bundle);
    if (bytes === null) throw new TlogFormatError(`The bundle ${entriesPath(bundle)} is missing.`);
    return decodeBundle(bytes, bundle.width);
  }

  /** Hashes of the tree of `size`, for proofs. Each tile is read once for all that this source is asked: make one per call. */
  hashes(size: number): HashSource {
    const read = new Map<string, Promise<Uint8Array | null>>();
    return hashSourceOfTiles(size, (tile) => {
      const path = tilePath(tile);
      const known = read.get(path) ?? this.tile(tile);
      read.set(path, known);
      return known;
    });
  }
}
