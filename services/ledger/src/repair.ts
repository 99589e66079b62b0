import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { syncFolderSync } from "@lienthong/chassis/durable-file";
import { lockFolder } from "@lienthong/chassis/folder-lock";
import { GrowingTiles, hashesEqual, leafHash, openCheckpoint, parseNote, type VerifierKey } from "@lienthong/tlog";
import { BundleBuilder } from "./bundle-builder.ts";
import type { Disk } from "./disk.ts";
import { type FsckReport, fsck, type StreamMessage } from "./fsck/fsck.ts";
import { RawFiles, tileWidth } from "./fsck/raw-files.ts";
import { KeptCheckpoints } from "./kept-checkpoints.ts";
import { headFileName, keptFileName, LogFiles, publishedFileName } from "./log-files.ts";

/** How a log's files are mended. */
export interface RepairOptions {
  /** Name for sentences. */
  readonly name: string;
  readonly directory: string;
  readonly key: VerifierKey;
  readonly disk: Disk;
  /** Begins to read the stream; absent: it is not at hand. */
  readonly stream?: () => AsyncIterable<StreamMessage>;
  readonly onProgress?: (entries: number, total: number) => void;
}

/** What was done. */
export interface RepairReport {
  /** What was wrong before. */
  readonly before: FsckReport;
  /** "none": nothing was wrong with the files. "files": they were written again. */
  readonly done: "none" | "files";
  /** Copy that the files were written from; null if they were not. */
  readonly from: "entries" | "stream" | null;
  /** Where what was there before lies now; null if nothing was moved. */
  readonly keptDamage: string | null;
  readonly after: FsckReport;
}

/** Nothing at hand leads to what was signed, so nothing may be written. */
export class NotRepairableError extends Error {
  override readonly name = "NotRepairableError";
}

const repairedName = "tile.repaired";
/** Entries written at a time. */
const entriesPerWrite = 16_384;

/**
 * Writes the files of a log again from the copy that the signed head proves right. No leaf changes and no head is signed, so no new generation is
 * needed: whoever holds a proof keeps it. Rejects with NotRepairableError where no copy as a whole leads to a signed head, and where another process
 * keeps the log.
 */
export async function repairLogFiles(options: RepairOptions): Promise<RepairReport> {
  const lock = lockFolder(options.directory);
  try {
    return await repair(options);
  } finally {
    lock.release();
  }
}

async function repair(options: RepairOptions): Promise<RepairReport> {
  const { directory, key, onProgress } = options;
  const tileFolder = join(directory, "tile");
  // A repair that was cut off after it had moved the damage away: what it had written was proven before it got its name.
  if (!existsSync(tileFolder) && existsSync(join(directory, repairedName)))
    renameSync(join(directory, repairedName), tileFolder);
  await restoreHead(options);
  const check = (): Promise<FsckReport> =>
    fsck({
      directory,
      key,
      ...(options.stream === undefined ? {} : { stream: options.stream() }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  const before = await check();
  const filesWrong = before.findings.some(
    (finding) =>
      finding.what === "tile-wrong" ||
      finding.what === "bundle-malformed" ||
      finding.what === "copies-differ" ||
      finding.what === "all-changed" ||
      (finding.what === "entry-wrong" && finding.copy !== "stream"),
  );
  if (!filesWrong) return { before, done: "none", from: null, keptDamage: null, after: before };

  const from = before.proven.includes("entries") ? "entries" : before.proven.includes("stream") ? "stream" : null;
  if (from === null) {
    throw new NotRepairableError(
      `No copy of ${options.name} as a whole leads to the root that was signed for ${before.size} entries${options.stream === undefined ? "; start the store and try again, so that the stream can be read too" : ""}. ` +
        `Restore the log's folder from a backup or a mirror; events and promises that agencies keep can prove single entries.`,
    );
  }
  const scratch = join(directory, repairedName);
  await options.disk.removeFolders([scratch, `${scratch}.new`]);
  await writeProvenFiles(
    options,
    before.size,
    from === "entries" ? entriesOf(directory, before.size) : payloadsOf(options, before.size),
  );
  const keptDamage = join(directory, `tile.damaged-${new Date().toISOString().replaceAll(":", "")}`);
  // A crash between the two leaves no `tile` folder: the ledger refuses to start, and the next repair puts the proven one in place.
  renameSync(tileFolder, keptDamage);
  renameSync(scratch, tileFolder);
  syncFolderSync(directory);
  const after = await check();
  return { before, done: "files", from, keptDamage, after };
}

/** Writes bundles and tiles to the scratch folder, and gives it its name only when they lead to the signed root. */
export async function writeProvenFiles(
  { directory, key, disk }: Pick<RepairOptions, "name" | "directory" | "key" | "disk">,
  size: number,
  entries: AsyncIterable<Uint8Array>,
): Promise<void> {
  const building = join(directory, `${repairedName}.new`);
  const files = new LogFiles(building);
  const tiles = new GrowingTiles();
  const bundles = new BundleBuilder(0, new Uint8Array(0));
  const write = async (): Promise<void> => {
    await disk.putFiles(bundles.take().map(({ bundle, bytes }) => ({ path: files.pathOfBundle(bundle), bytes })));
    await disk.putFiles(tiles.takeTiles().map(({ tile, bytes }) => ({ path: files.pathOfTile(tile), bytes })));
  };
  for await (const entry of entries) {
    bundles.append(entry);
    tiles.append(leafHash(entry));
    if (tiles.size % entriesPerWrite === 0) await write();
  }
  await write();
  const signed = await openCheckpoint(readFileSync(join(directory, headFileName)), key);
  if (tiles.size !== size || signed.size !== size || !hashesEqual(tiles.root(), signed.root)) {
    throw new NotRepairableError(
      `What was read does not lead to the signed root of ${signed.size} entries; nothing was changed.`,
    );
  }
  renameSync(join(building, "tile"), join(directory, repairedName));
  syncFolderSync(directory);
  await disk.removeFolders([building]);
}

async function* entriesOf(directory: string, size: number): AsyncGenerator<Uint8Array> {
  const files = new RawFiles(directory);
  for (let from = 0; from < size; from += tileWidth) {
    yield* (await files.bundle(from / tileWidth, Math.min(tileWidth, size - from)))?.entries ?? [];
  }
}

async function* payloadsOf({ stream }: RepairOptions, size: number): AsyncGenerator<Uint8Array> {
  if (stream === undefined) return;
  for await (const { sequence, payload } of stream()) {
    if (sequence > size) return;
    yield payload;
  }
}

/** A head that is missing or old is put back from the largest that was kept; its signature holds, and fsck holds it against the entries. */
export async function restoreHead({
  directory,
  key,
  disk,
}: Pick<RepairOptions, "directory" | "key" | "disk">): Promise<void> {
  const keptPath = join(directory, keptFileName);
  if (!existsSync(keptPath)) return;
  const kept = new KeptCheckpoints(keptPath, { readOnly: true });
  try {
    const newest = kept.newest(false);
    if (newest === null) return;
    const opened = await openCheckpoint(newest.note, key).catch(() => null);
    if (opened === null) return;
    const size = (await signedSizeIn(join(directory, headFileName), key)) ?? -1;
    const own = parseNote(newest.note).signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
    const note = `${opened.text}\n${own.map(({ line }) => line).join("")}`;
    const puts = [];
    if (size < opened.size) puts.push({ path: join(directory, headFileName), bytes: Buffer.from(note) });
    if ((await signedSizeIn(join(directory, publishedFileName), key)) === null)
      puts.push({ path: join(directory, publishedFileName), bytes: Buffer.from(newest.note) });
    if (puts.length > 0) await disk.putFiles(puts);
  } finally {
    kept.close();
  }
}

/** Size that a file's checkpoint names; null where there is none that the log signed. */
async function signedSizeIn(path: string, key: VerifierKey): Promise<number | null> {
  try {
    return (await openCheckpoint(readFileSync(path), key)).size;
  } catch {
    return null;
  }
}
