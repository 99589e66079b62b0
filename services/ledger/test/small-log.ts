import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { subjectOfEvent } from "@lienthong/event-store";
import { encodeEvent } from "@lienthong/statement";
import { leafHash, newSeed, type SignerKey, signatureType, signerOfSeed } from "@lienthong/tlog";
import type { Disk } from "../src/disk.ts";
import type { StreamMessage } from "../src/fsck/fsck.ts";
import { KeptCheckpoints } from "../src/kept-checkpoints.ts";
import { keptFileName, publishedFileName } from "../src/log-files.ts";
import { type LogWriter, openLogWriter } from "../src/log-writer.ts";
import { putFilesSync, removeFoldersSync } from "../src/put-files.ts";

export const origin = "log.example/small";
export const shard = "small-shard";

/** The disk itself, on this thread. */
export const realDisk: Disk = {
  putFiles: async (files) => putFilesSync(files),
  removeFolders: async (paths) => removeFoldersSync(paths),
};

/** A key for the log `origin`. */
export async function newSigner(name = origin): Promise<SignerKey> {
  return signerOfSeed(name, signatureType.ed25519, newSeed());
}

/** A folder that is removed by `remove`. */
export async function newFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "ledger-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Entries of any bytes, all different, of 1 to 400 bytes. */
export function someEntries(count: number, from = 0): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => Buffer.from(`entry ${from + i} ${"·".repeat((from + i) % 190)}`));
}

/** Events of a shard: its opening, then those of a few dossiers, chained. */
export function shardEvents(count: number): StreamMessage[] {
  const heads = new Map<string, { number: bigint; hash: Uint8Array }>();
  return Array.from({ length: count }, (_, index) => {
    const dossier = index === 0 ? null : `H26-250505-${String((index % 3) + 1).padStart(6, "0")}`;
    const before = heads.get(dossier ?? "") ?? { number: 0n, hash: new Uint8Array(0) };
    const header = {
      version: 1,
      shard,
      generation: 1,
      number: before.number + 1n,
      previous: Buffer.from(before.hash),
      registryHead: { size: 1n, root: Buffer.alloc(32, 7) },
      system: "exchange-1",
      recordedTime: { seconds: 1_746_406_800n + BigInt(index), nanos: 0 },
      wallTime: { seconds: 1_746_406_800n + BigInt(index), nanos: 0 },
    };
    const payload =
      dossier === null
        ? encodeEvent(header, {
            $case: "shard",
            value: {
              what: {
                $case: "opened",
                value: {
                  network: Buffer.alloc(32, 1),
                  shardEntry: Buffer.alloc(32, 2),
                  origin,
                  clock: 1,
                  simulatedStartTime: undefined,
                },
              },
            },
          })
        : encodeEvent(header, {
            $case: "bus",
            value: {
              id: Buffer.alloc(32, index % 256),
              dossier,
              cause: Buffer.alloc(32, 3),
              branch: "0",
              receiver: "hn-so-tp",
              ordinal: index,
              what: { $case: "delivered", value: { system: "hn-mot-cua", subscription: "main" } },
            },
          });
    heads.set(dossier ?? "", { number: header.number, hash: leafHash(payload) });
    const subject = subjectOfEvent(shard, dossier);
    return { sequence: index + 1, subject, payload };
  });
}

/** A log on disk as the ledger leaves it: sealed at the sizes given, every head kept, the last published. */
export async function writeLog(
  directory: string,
  signer: SignerKey,
  entries: readonly Uint8Array[],
  sizes: readonly number[] = [entries.length],
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const writer = await openWriter(directory, signer);
  const kept = new KeptCheckpoints(join(directory, keptFileName));
  try {
    for (const size of sizes) {
      for (const entry of entries.slice(writer.size, size)) writer.append(entry);
      const head = await writer.seal();
      kept.record(head.size, head.note, 0);
      await writeFile(join(directory, publishedFileName), head.note);
    }
  } finally {
    kept.close();
  }
}

export function openWriter(
  directory: string,
  signer: SignerKey,
  disk: Disk = realDisk,
  shownSize = -1,
): Promise<LogWriter> {
  return openLogWriter({ name: "small", directory, signer, disk, shownSize });
}

/** Every file below a folder, as paths relative to it. */
export async function filesBelow(directory: string): Promise<string[]> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(directory.length + 1))
    .sort();
}

/** Messages as a stream that is read once. */
export async function* streamOf(messages: readonly StreamMessage[]): AsyncGenerator<StreamMessage> {
  yield* messages;
}
