import { join } from "node:path";
import {
  emptyRoot,
  GrowingTiles,
  hashesEqual,
  hashesInTile,
  leafHash,
  openCheckpoint,
  type SignerKey,
  signCheckpoint,
  tileWidth,
} from "@lienthong/tlog";
import { BundleBuilder } from "./bundle-builder.ts";
import type { Disk, FileToPut } from "./disk.ts";
import { headFileName, LogFiles, readIfAny } from "./log-files.ts";
import { logStopped } from "./log-stopped.ts";

/** A head that the log signed and that is on the disk. */
export interface SignedHead {
  readonly size: number;
  readonly root: Uint8Array;
  /** The signed note, without cosignatures. */
  readonly note: string;
}

/** How a writer is opened. */
export interface LogWriterOptions {
  /** Name for sentences. */
  readonly name: string;
  readonly directory: string;
  readonly signer: SignerKey;
  readonly disk: Disk;
  /** Smallest size that was ever shown to anybody: a smaller head on disk is an old one that was put back. */
  readonly shownSize: number;
}

/**
 * Grows one log on disk. `append` only remembers; `seal` makes all that was appended durable and signed, in an order in which a crash
 * at any point leaves a log that `openLogWriter` goes on from. One writer per folder: whoever opens it holds the folder's lock.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #files: LogFiles;
  readonly #tiles: GrowingTiles;
  readonly #bundles: BundleBuilder;
  #head: SignedHead | null;
  #sealing = false;
  #broken: unknown = null;

  constructor(options: LogWriterOptions, head: SignedHead | null, tiles: GrowingTiles, bundles: BundleBuilder) {
    this.#options = options;
    this.#files = new LogFiles(options.directory);
    this.#head = head;
    this.#tiles = tiles;
    this.#bundles = bundles;
  }

  /** Leaves, sealed or not. */
  get size(): number {
    return this.#tiles.size;
  }

  /** The newest head on disk; null before the first. */
  get head(): SignedHead | null {
    return this.#head;
  }

  /** Root over all leaves, sealed or not. */
  root(): Uint8Array {
    return this.#tiles.root();
  }

  /** Adds an entry; its bytes are copied. Answers its leaf hash. Nothing is durable before `seal`. */
  append(entry: Uint8Array): Uint8Array {
    const hash = leafHash(entry);
    this.#bundles.append(entry);
    this.#tiles.append(hash);
    return hash;
  }

  /**
   * Makes what was appended before durable and signed. Entries may be appended meanwhile; they are of the next seal. One at a time. When
   * it rejects, this writer is of no more use: what reached the disk is only known to who opens the folder again.
   */
  async seal(): Promise<SignedHead> {
    if (this.#broken !== null)
      throw new Error("This writer failed before; open the log again.", { cause: this.#broken });
    if (this.#sealing) throw new Error("This log is being sealed already.");
    const { disk, directory, signer, name } = this.#options;
    const before = this.#head;
    const size = this.#tiles.size;
    if (before !== null && before.size === size) return before;
    this.#sealing = true;
    try {
      const root = this.#tiles.root();
      if (before !== null && size < before.size)
        throw logStopped(name, `a head of ${size} would follow one of ${before.size}.`);
      const bundles = this.#bundles
        .take()
        .map(({ bundle, bytes }): FileToPut => ({ path: this.#files.pathOfBundle(bundle), bytes, isGivenAway: true }));
      const tiles = this.#tiles
        .takeTiles()
        .map(({ tile, bytes }): FileToPut => ({ path: this.#files.pathOfTile(tile), bytes, isGivenAway: true }));

      // 1. Entries. A crash here leaves bundles beyond the head: they are written again, from the stream, under the same names.
      if (bundles.length > 0) await disk.putFiles(bundles);
      // 2. Hashes. A crash here leaves tiles beyond the head, likewise; nobody is shown a tile that no head covers.
      if (tiles.length > 0) await disk.putFiles(tiles);
      // 3. The head. Two ledgers on one folder are kept apart by its lock; should that fail, whoever finds another head than its own stops.
      const note = await signCheckpoint({ origin: signer.name, size, root }, signer);
      await this.#expectOwnHead(before);
      // A crash before the rename leaves the old head and the log as it was; after it, the new head, which nobody was shown yet and which
      // the next start goes on from. In neither case can another root be signed for this size: a start reads what is here.
      await disk.putFiles([{ path: join(directory, headFileName), bytes: Buffer.from(note) }]);
      this.#head = { size, root, note };
      await this.#dropPartials(before?.size ?? 0, size);
      return this.#head;
    } catch (error) {
      this.#broken = error;
      throw error;
    } finally {
      this.#sealing = false;
    }
  }

  async #expectOwnHead(own: SignedHead | null): Promise<void> {
    const found = await readIfAny(join(this.#options.directory, headFileName));
    const text = found === null ? null : Buffer.from(found).toString("utf8");
    if (text !== (own?.note ?? null)) {
      throw logStopped(
        this.#options.name,
        "the head on disk is not the one this ledger wrote last; another ledger, or a person, changed it.",
      );
    }
  }

  /** Partial files of what is full now; the head that covers the full ones is durable. A crash leaves them, which costs only space. */
  async #dropPartials(oldSize: number, size: number): Promise<void> {
    const gone: string[] = [];
    for (let level = 0, old = oldSize, now = size; now > 0; level++) {
      const index = Math.floor(old / tileWidth);
      if (old % tileWidth > 0 && index < Math.floor(now / tileWidth)) {
        gone.push(`${this.#files.pathOfTile({ level, index, width: tileWidth })}.p`);
        if (level === 0) gone.push(`${this.#files.pathOfBundle({ index, width: tileWidth })}.p`);
      }
      old = index;
      now = Math.floor(now / tileWidth);
    }
    if (gone.length > 0) await this.#options.disk.removeFolders(gone);
  }
}

/**
 * Opens a log's folder where it was left, after a crash at any point, and checks that the head is signed by this log's key and is the root of the
 * tiles at the right edge, and that the last bundle is what the last tile hashes. Throws LogStoppedError where it is not so.
 */
export async function openLogWriter(options: LogWriterOptions): Promise<LogWriter> {
  const { name, directory, signer, shownSize } = options;
  const files = new LogFiles(directory);
  const bytes = await readIfAny(join(directory, headFileName));
  if (bytes === null) {
    if (shownSize > 0)
      throw logStopped(name, `its head is missing, but a head of size ${shownSize} was signed before.`);
    return new LogWriter(options, null, new GrowingTiles(), new BundleBuilder(0, new Uint8Array(0)));
  }
  const note = Buffer.from(bytes).toString("utf8");
  const { size, root } = await openCheckpoint(note, signer).catch((cause: Error) => {
    throw logStopped(name, `its head is not one that this log's key signed (${cause.message})`, cause);
  });
  if (size < shownSize) {
    throw logStopped(
      name,
      `its head is of size ${size}, but one of size ${shownSize} was signed before: an old one was put back.`,
    );
  }
  const { tiles, partial } = await openEdge(files, size, root).catch((cause: Error) => {
    throw logStopped(name, cause.message, cause);
  });
  return new LogWriter(options, { size, root, note }, tiles, new BundleBuilder(size, partial));
}

async function openEdge(
  files: LogFiles,
  size: number,
  root: Uint8Array,
): Promise<{ tiles: GrowingTiles; partial: Uint8Array }> {
  const edges = new Map<number, Uint8Array>();
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
    const width = count % tileWidth;
    if (width === 0) continue;
    const index = Math.floor(count / tileWidth);
    const tile = await files.tile({ level, index, width });
    if (tile === null || tile.length !== width * 32) {
      throw new Error(`the last tile of level ${level} (${index}, ${width} wide) is missing or has another length.`);
    }
    edges.set(level, tile);
  }
  const tiles = new GrowingTiles(size, ({ level }) => edges.get(level) as Uint8Array);
  if (!hashesEqual(size === 0 ? emptyRoot : tiles.root(), root)) {
    throw new Error(`the tiles at its right edge do not lead to the root that its head of size ${size} names.`);
  }
  const width = size % tileWidth;
  if (width === 0) return { tiles, partial: new Uint8Array(0) };
  const bundle = { index: Math.floor(size / tileWidth), width };
  const entries = await files.entries(bundle);
  const hashes = hashesInTile(edges.get(0) as Uint8Array, width);
  for (const [i, entry] of entries.entries()) {
    if (!hashesEqual(leafHash(entry), hashes[i] as Uint8Array)) {
      throw new Error(`entry ${bundle.index * tileWidth + i} of its last bundle is not the one that was sealed.`);
    }
  }
  return { tiles, partial: (await files.bundle(bundle)) as Uint8Array };
}
