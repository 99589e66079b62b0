import { existsSync, mkdirSync, renameSync } from "node:fs";
import { copyFile, open } from "node:fs/promises";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { syncFolderSync } from "@lienthong/chassis/durable-file";
import { parseCheckpoint, parseNote, type VerifierKey } from "@lienthong/tlog";
import type { Disk } from "./disk.ts";
import { type FsckReport, fsck, type StreamMessage } from "./fsck/fsck.ts";
import { RawFiles } from "./fsck/raw-files.ts";
import { KeptCheckpoints } from "./kept-checkpoints.ts";
import type { LeafRules } from "./leaf-rules.ts";
import { keptFileName } from "./log-files.ts";
import { ProvenEntries } from "./proven-entries.ts";
import { restoreHead, writeProvenFiles } from "./repair.ts";

const pageSize = 500;

/**
 * Copies every signed head of a log that may be running into a file of its own, whole as of one moment, and answers the newest; null, and writes
 * nothing, where none was signed. Fsynced when it resolves.
 */
export async function copyKeptCheckpoints(
  directory: string,
  target: string,
): Promise<{ readonly size: number; readonly note: string } | null> {
  const path = join(directory, keptFileName);
  if (!existsSync(path)) return null;
  const source = new DatabaseSync(path, { readOnly: true });
  try {
    await backup(source, target);
  } finally {
    source.close();
  }
  // One file without a journal beside it: a copy that is read only must not need to write.
  const copied = new DatabaseSync(target);
  copied.exec("PRAGMA journal_mode = DELETE");
  copied.close();
  await syncAsOwn(target);
  const kept = new KeptCheckpoints(target, { readOnly: true });
  try {
    const newest = kept.newest(false);
    return newest === null ? null : { size: newest.size, note: newest.note };
  } finally {
    kept.close();
  }
}

/** Makes a file's bytes durable, and nobody else's to read. */
async function syncAsOwn(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Sizes and roots of the signed heads in such a file, ascending. Signatures are not verified. Throws where one cannot be read. */
export async function keptHeads(path: string): Promise<{ readonly size: number; readonly root: Uint8Array }[]> {
  const kept = new KeptCheckpoints(path, { readOnly: true });
  try {
    const heads: { size: number; root: Uint8Array }[] = [];
    for (let minSize = 0; ; ) {
      const page = kept.list({
        minSize,
        maxSize: Number.MAX_SAFE_INTEGER,
        witnessed: false,
        newestFirst: false,
        limit: pageSize,
      });
      for (const { note } of page) {
        const { size, root } = parseCheckpoint(parseNote(note).text);
        heads.push({ size, root });
      }
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) return heads.sort((a, b) => a.size - b.size);
      minSize = last.size + 1;
    }
  } finally {
    kept.close();
  }
}

/** Leaves that are taken one after the other and kept by their hashes alone. */
export function chainedEntries(rules: LeafRules): ProvenEntries {
  return new ProvenEntries(new RawFiles(""), Number.MAX_SAFE_INTEGER, rules);
}

/** What a log's folder is made again from. */
export interface LogCopy {
  /** Name for sentences. */
  readonly name: string;
  /** Folder to make; it must hold no log. */
  readonly directory: string;
  readonly key: VerifierKey;
  readonly disk: Disk;
  /** File of signed heads, as `copyKeptCheckpoints` wrote it. */
  readonly kept: string;
  /** Leaves under the newest of them, and the leaves, which may go on behind. */
  readonly size: number;
  readonly entries: () => AsyncIterable<Uint8Array>;
  /** The stream that was put back, to be compared. */
  readonly stream: () => AsyncIterable<StreamMessage>;
  readonly rules: LeafRules;
}

/**
 * Makes a log's folder again out of its leaves and signed heads: bundles, tiles, head, published checkpoint. Nothing is signed. Answers what a whole
 * check finds afterwards. A crash leaves a part; whoever restores begins again.
 */
export async function restoreLogFiles(copy: LogCopy): Promise<FsckReport> {
  const { name, directory, key, disk, size } = copy;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await copyFile(copy.kept, join(directory, keptFileName));
  await syncAsOwn(join(directory, keptFileName));
  await restoreHead({ directory, key, disk });
  if (size > 0) {
    await writeProvenFiles({ name, directory, key, disk }, size, firstOf(copy.entries(), size));
    renameSync(join(directory, "tile.repaired"), join(directory, "tile"));
    syncFolderSync(directory);
  }
  return fsck({ directory, key, stream: copy.stream(), rules: copy.rules });
}

async function* firstOf(entries: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let taken = 0;
  if (size === 0) return;
  for await (const entry of entries) {
    yield entry;
    taken += 1;
    if (taken === size) return;
  }
}
