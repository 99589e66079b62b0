import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { entriesPath, tilePath } from "@lienthong/tlog";

export const tileWidth = 256;
export const hashBytes = 32;

/** A bundle taken apart as far as it goes. */
export interface RawBundle {
  readonly path: string;
  readonly entries: readonly Uint8Array[];
  /** Why it could not be taken apart to its end, in words; null if it could. */
  readonly malformed: string | null;
}

/** Reads the files of a log for who checks them; takes nothing for granted. */
export class RawFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Bytes of a file of the log, or null. */
  read(path: string): Promise<Buffer | null> {
    return readFile(join(this.#directory, path)).catch(() => null);
  }

  /** Hashes of a tile, out of the full one where the partial one is gone; null where it is missing or has another length. */
  async tile(level: number, index: number, count: number): Promise<Buffer | null> {
    const exact = await this.read(tilePath({ level, index, width: count }));
    if (exact !== null) return exact.length === count * hashBytes ? exact : null;
    if (count === tileWidth) return null;
    const full = await this.read(tilePath({ level, index, width: tileWidth }));
    return full !== null && full.length === tileWidth * hashBytes ? full.subarray(0, count * hashBytes) : null;
  }

  /** The first `count` entries of a bundle; null where there is none. */
  async bundle(index: number, count: number): Promise<RawBundle | null> {
    const path = entriesPath({ index, width: count });
    const exact = await this.read(path);
    if (exact !== null) return takeApart(path, exact, count);
    if (count === tileWidth) return null;
    const fullPath = entriesPath({ index, width: tileWidth });
    const full = await this.read(fullPath);
    if (full === null) return null;
    const bundle = takeApart(fullPath, full, tileWidth);
    return { ...bundle, entries: bundle.entries.slice(0, count) };
  }

  /** Every partial tile and bundle that lies there, as paths. */
  async partialPaths(): Promise<string[]> {
    const root = join(this.#directory, "tile");
    const files = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    return files
      .filter((file) => file.isFile() && file.parentPath.endsWith(".p"))
      .map((file) => relative(this.#directory, join(file.parentPath, file.name)))
      .sort();
  }
}

/** Takes a bundle of `count` entries apart. */
export function takeApart(path: string, bytes: Buffer, count: number): RawBundle {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (entries.length < count && at + 2 <= bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) break;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  let malformed: string | null = null;
  if (entries.length < count) malformed = `it ends inside entry ${entries.length} of ${count}`;
  else if (at !== bytes.length) malformed = `${bytes.length - at} bytes follow its ${count} entries`;
  return { path, entries, malformed };
}
