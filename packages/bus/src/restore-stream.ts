import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "@lienthong/chassis/process-alive";
import {
  createAppender,
  createReader,
  eventStreamName,
  openDurableHead,
  shardEventSubject,
} from "@lienthong/event-store";
import {
  type FsckReport,
  fsck,
  NotRepairableError,
  openDisk,
  type ProvenEntries,
  provenEntries,
  readStream,
  type StreamMessage,
  shardRules,
} from "@lienthong/ledger";
import { jetstreamManager } from "@nats-io/jetstream";
import { openDataFolder } from "./data-folder.ts";
import { LedgerMissingError, logKeyIn } from "./ledger-tools.ts";
import { appendLeaves, declareGeneration } from "./restore-generation.ts";
import { readRunFile } from "./run-file.ts";
import { RunningParts } from "./running-parts.ts";
import { reconcileShard, startNats } from "./start-nats.ts";
import type { ReportStart } from "./start-report.ts";

/** What was done to a shard's stream. */
export interface RestoredStream {
  readonly shard: string;
  readonly before: FsckReport;
  /** Null: the stream is as it was signed, and nothing was done. */
  readonly restored: {
    /** Generation that was declared. */
    readonly generation: number;
    /** Leaves that lie where they lay; the declaration is the next. */
    readonly from: number;
    /** Of those, leaves that were accepted and not sealed. */
    readonly unsealed: number;
  } | null;
}

/**
 * Makes a new generation of a shard's stream: every sealed leaf out of the entry bundles, as the signed head proves it, at its old sequence, then what the
 * old stream still holds behind them without a hole, then the event that declares all this. Nothing may run on the folder: the store is started for it.
 * Throws NotRepairableError where an accepted event would be lost, and changes nothing then.
 */
export async function restoreStream(options: {
  readonly dataDirectory: string;
  readonly shard: string;
  readonly report: ReportStart;
}): Promise<RestoredStream> {
  const { shard, report } = options;
  if (!existsSync(join(options.dataDirectory, "ledger", shard))) {
    throw new LedgerMissingError(`There is no log ${JSON.stringify(shard)} in ${options.dataDirectory}.`);
  }
  const folder = await openDataFolder(options.dataDirectory);
  const run = readRunFile(folder);
  if (run !== null && isAlive(run.pid)) {
    throw new LedgerMissingError(`A bus runs on ${folder.root} (process ${run.pid}); stop it first.`);
  }
  const parts = new RunningParts();
  const disk = openDisk();
  try {
    const nats = await startNats(folder, report, parts);
    const reading = await nats.connect("ledger", "lienthong repair");
    parts.add("the reading connection", () => reading.close());
    const directory = join(folder.ledger, shard);
    const key = await logKeyIn(folder, shard);
    const streamName = eventStreamName(shard);
    const tailPath = join(directory, "tail.restoring");
    const check = (): Promise<FsckReport> =>
      fsck({ directory, key, stream: readStream(reading, streamName), rules: shardRules(shard, key.name) });
    const exists = await createReader({ connection: reading, streamName })
      .state()
      .then(
        () => true,
        () => false,
      );
    if (!exists) await reconcileShard(nats, shard);
    const before = await check();
    const isUnfinished = existsSync(tailPath);
    if (!isUnfinished && before.findings.every((finding) => !isOfStream(finding)))
      return { shard, before, restored: null };
    if (!before.proven.includes("entries")) {
      throw new NotRepairableError(
        `The entry bundles of ${shard} do not lead to the signed root, so the stream cannot be made from them. Run "lienthong ledger repair ${shard}" first, or restore the log's folder from a backup or a mirror.`,
      );
    }
    const entries = await provenEntries(directory, before.size, shardRules(shard, key.name));
    // A repair that was cut off had written down what lay behind the head before it touched the stream.
    const tail = isUnfinished
      ? decodeTail(await readFile(tailPath))
      : await readableTail(readStream(reading, streamName), before.size);
    for (const payload of tail) if (!entries.take(payload)) break;
    expectHeadsWithin(join(folder.exchange, shard), entries);

    // From here on the tail is on disk: a crash after the stream is gone finds it there, and the next repair goes on.
    await disk.putFiles([{ path: tailPath, bytes: encodeTail(entries.payloadsFrom(before.size)) }]);
    const admin = await nats.connect("admin", "lienthong repair");
    try {
      await (await jetstreamManager(admin, { checkAPI: false })).streams.delete(streamName);
    } finally {
      await admin.close();
    }
    await reconcileShard(nats, shard);
    const declaration = declareGeneration(entries, shard, key.name, await newestNote(directory));
    const writing = await nats.connect("exchange", "lienthong repair");
    try {
      const all = async function* (): AsyncGenerator<{ subject: string; payload: Uint8Array }> {
        yield* entries.all();
        yield { subject: shardEventSubject(shard), payload: declaration.bytes };
      };
      await appendLeaves(createAppender({ connection: writing, timeoutMs: 30_000 }), all());
    } finally {
      await writing.close();
    }
    const after = await check();
    if (after.findings.length > 0) {
      throw new Error(
        `The stream of ${shard} was made again, but is still not as it was signed; run "lienthong ledger fsck ${shard}".`,
      );
    }
    await disk.removeFolders([tailPath]);
    return {
      shard,
      before,
      restored: { generation: declaration.generation, from: entries.size, unsealed: entries.size - before.size },
    };
  } finally {
    await disk.close();
    await parts.stopAll();
  }
}

function isOfStream(finding: FsckReport["findings"][number]): boolean {
  return (
    finding.what === "stream-short" ||
    finding.what === "message-odd" ||
    (finding.what === "entry-wrong" && finding.copy === "stream")
  );
}

/** What the old stream holds behind the sealed leaves, up to the first hole. */
async function readableTail(stream: AsyncIterable<StreamMessage>, size: number): Promise<Uint8Array[]> {
  const tail: Uint8Array[] = [];
  for await (const { sequence, payload } of stream) {
    if (sequence <= size) continue;
    if (sequence !== size + tail.length + 1) break;
    tail.push(payload.slice());
  }
  return tail;
}

/** No exchange replica may have answered for an event that is not among what is put back. */
function expectHeadsWithin(exchangeFolder: string, entries: ProvenEntries): void {
  const replicas = existsSync(exchangeFolder) ? readdirSync(exchangeFolder) : [];
  for (const replica of replicas) {
    const path = join(exchangeFolder, replica, "head");
    if (!existsSync(path)) continue;
    const opened = openDurableHead(path);
    const head = opened.read();
    opened.close();
    if (head === null) continue;
    const hash = entries.hashAt(head.sequence - 1);
    if (hash !== null && Buffer.compare(hash, head.leafHash) === 0) continue;
    throw new NotRepairableError(
      `${replica} answered for event ${head.sequence} of the stream, and no copy at hand holds it (${entries.size} leaves could be put back). ` +
        `Nothing was changed. Restore the stream from the store's own backup; agencies' outboxes hold the missing events with their promises.`,
    );
  }
}

async function newestNote(directory: string): Promise<string> {
  return readFile(join(directory, "checkpoint"), "utf8").catch(() => "");
}

function encodeTail(payloads: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(payload.length);
      return [length, payload];
    }),
  );
}

function decodeTail(bytes: Buffer): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    payloads.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return payloads;
}
