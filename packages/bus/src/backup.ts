import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { replaceDurably, syncFolder } from "@lienthong/chassis";
import { lockFolder } from "@lienthong/chassis/folder-lock";
import { isAlive } from "@lienthong/chassis/process-alive";
import {
  accessStreamName,
  createReader,
  eventStreamName,
  openDurableHead,
  readRecords,
  registryStreamName,
  settledStreamName,
} from "@lienthong/event-store";
import { copyKeptCheckpoints, readStream } from "@lienthong/ledger";
import { hexOf } from "@lienthong/registry-state";
import type { NatsConnection } from "@nats-io/transport-node";
import { type CheckedBackup, checkBackup, shardsOfRegistry } from "./backup-check.ts";
import { BackupRefusedError } from "./backup-error.ts";
import { readBackupKey, sealBytes } from "./backup-keys.ts";
import {
  type BackedUpFile,
  type BackedUpHead,
  type BackedUpLog,
  type BackedUpStream,
  type BackupManifest,
  hashOfFile,
  manifestName,
  type StreamKind,
} from "./backup-manifest.ts";
import { type BackedUpMessage, MessageFileWriter, readMessageFile } from "./backup-messages.ts";
import { type DataFolder, dataFolderAt } from "./data-folder.ts";
import { LedgerMissingError, logKeyIn } from "./ledger-tools.ts";
import { readRunFile } from "./run-file.ts";
import { RunningParts } from "./running-parts.ts";
import { natsAccess, seedsFolderOf, startNats } from "./start-nats.ts";
import type { ReportStart } from "./start-report.ts";

/** What is backed up, and where to. */
export interface BackUpOptions {
  readonly dataDirectory: string;
  /** Folder that must not be there yet. */
  readonly output: string;
  /** Key file under which the operator's keys go in, too; absent: no key is in the backup. */
  readonly keysUnder?: string | undefined;
  /** Version that is noted. */
  readonly version: string;
  readonly report: ReportStart;
}

/** A backup that is whole and was checked. */
export interface MadeBackup extends CheckedBackup {
  readonly directory: string;
}

const recordsAtOnce = 500;
const readTimeoutMs = 10_000;

/** Keys that no backup holds: they are not the operator's. */
export const keysNeverBackedUp = ["keys/registrar.pem", "keys/agencies"] as const;
/** Where the operator's own keys lie. */
export const operatorsKeyFolders = ["keys/logs", "keys/promise", "tls"] as const;
export const keysFile = "keys.enc";
const registryFile = "registry.messages";

/**
 * Copies what a network needs for good, while it runs or not, in an order that leaves a consistent whole: what points into the streams first (heads,
 * settled positions, signed heads), the events next, the registry that they cite last. Everything is written into `<output>.writing`, checked as a
 * stranger would, and gets its name at the end: a cut leaves no folder that looks like a backup.
 */
export async function backUp(options: BackUpOptions): Promise<MadeBackup> {
  const output = resolve(options.output);
  expectFree(output);
  const folder = dataFolderAt(options.dataDirectory);
  if (!existsSync(folder.seededMark)) {
    throw new LedgerMissingError(`There is no bus in ${folder.root}; name its data folder with --data.`);
  }
  // Read before anything is copied: a key that is missing should not be told after an hour.
  const keysKey = options.keysUnder === undefined ? null : await readBackupKey(options.keysUnder);
  const parts = new RunningParts();
  const writing = `${output}.writing`;
  try {
    await mkdir(dirname(output), { recursive: true });
    await mkdir(writing, { recursive: true, mode: 0o700 });
    // Two at a time would write over each other.
    const lock = lockFolder(writing);
    parts.add("the lock of the folder that is written", async () => lock.release());
    // What a backup that was cut off had written: of no use, whatever it is.
    for (const name of await readdir(writing)) {
      if (!name.startsWith("owner.lock")) await rm(join(writing, name), { recursive: true, force: true });
    }
    const connection = await connectToStore(folder, options.report, parts);
    const copy = new Copying(folder, writing, connection, options.report);
    await copy.everything(keysKey, options.version);
    options.report("Everything is copied; it is read again and checked.");
    lock.release();
    await rm(join(writing, "owner.lock"), { force: true });
    const checked = await checkBackup({ directory: writing, report: options.report });
    await syncTree(writing);
    // From here on it is a backup. A crash before leaves `<output>.writing`, which the next one clears away.
    await rename(writing, output);
    await syncFolder(dirname(output));
    return { ...checked, directory: output };
  } finally {
    await parts.stopAll();
  }
}

function expectFree(output: string): void {
  if (!existsSync(output)) return;
  throw new BackupRefusedError(
    `${output} is there already; a backup is never written over. Name a folder that is not there yet.`,
  );
}

/** To the store that runs on the folder, or to one that is started for it. */
async function connectToStore(folder: DataFolder, report: ReportStart, parts: RunningParts): Promise<NatsConnection> {
  const run = readRunFile(folder);
  const nats =
    run !== null && isAlive(run.pid)
      ? natsAccess(process.env.LIENTHONG_NATS_URL ?? run.nats, seedsFolderOf(folder))
      : await startNats(folder, report, parts);
  const connection = await nats.connect("ledger", "lienthong backup");
  parts.add("the connection", () => connection.close());
  return connection;
}

/** One backup on its way. */
class Copying {
  readonly #folder: DataFolder;
  readonly #into: string;
  readonly #connection: NatsConnection;
  readonly #report: ReportStart;
  readonly #files: BackedUpFile[] = [];
  readonly #streams: BackedUpStream[] = [];

  constructor(folder: DataFolder, into: string, connection: NatsConnection, report: ReportStart) {
    this.#folder = folder;
    this.#into = into;
    this.#connection = connection;
    this.#report = report;
  }

  async everything(keysKey: Buffer | null, version: string): Promise<void> {
    const began = new Date().toISOString();
    const { policy, seededMark, ledger } = this.#folder;
    for (const path of [seededMark, policy]) {
      if (existsSync(path)) await this.#put(relative(this.#folder.root, path), await readFile(path));
    }
    // Before the events: each must lie at or before the end of the stream that is copied.
    const heads = await this.#heads();
    const logs = existsSync(ledger) ? await this.#logs() : [];
    await this.#plain("access", null, accessStreamName);
    let registry = await shardsOfRegistry(readStream(this.#connection, registryStreamName));
    const copied = new Set<string>();
    for (;;) {
      const missing = registry.shards.filter(({ name }) => !copied.has(name));
      if (missing.length === 0 && copied.size > 0) break;
      for (const { name } of missing) {
        copied.add(name);
        // Settled positions before the events that they count.
        await this.#plain("settled", name, settledStreamName(name));
        await this.#leaves("events", name, eventStreamName(name), `events-${name}.messages`);
      }
      // Events cite the registry, so it is copied behind them; should it then declare another shard, that one is copied and the registry again.
      await this.#forget(registryFile);
      await this.#leaves("registry", null, registryStreamName, registryFile);
      registry = await shardsOfRegistry(readMessageFile(join(this.#into, registryFile), registryFile));
    }
    const held = keysKey === null ? [] : await this.#keys(keysKey);
    const manifest: BackupManifest = {
      format: "lienthong-backup",
      version: 1,
      began,
      ended: new Date().toISOString(),
      software: {
        lienthong: version,
        node: process.versions.node,
        natsServer: this.#connection.info?.version ?? "",
      },
      network: hexOf(registry.network),
      streams: this.#streams,
      logs: logs.filter(({ name }) => name === "registry" || copied.has(name)),
      heads,
      keys: { file: keysKey === null ? null : keysFile, held, never: keysNeverBackedUp },
      files: this.#files,
    };
    // Last: without it the folder is no backup.
    await replaceDurably(join(this.#into, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  }

  async #put(path: string, bytes: Uint8Array): Promise<void> {
    const target = join(this.#into, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await replaceDurably(target, bytes);
    this.#files.push({ path, ...(await hashOfFile(target)) });
  }

  async #heads(): Promise<BackedUpHead[]> {
    const { root, registryHead, exchange, documents, ledger, audit } = this.#folder;
    const paths = [registryHead, ...[documents, ledger, audit].map((path) => join(path, "registry-head"))];
    for (const entry of existsSync(exchange) ? await readdir(exchange, { recursive: true, withFileTypes: true }) : []) {
      if (entry.isFile() && (entry.name === "head" || entry.name.endsWith("-registry-head")))
        paths.push(join(entry.parentPath, entry.name));
    }
    const heads: BackedUpHead[] = [];
    for (const path of paths.filter((path) => existsSync(path))) {
      const opened = openDurableHead(path);
      const head = opened.read();
      opened.close();
      if (head === null) continue;
      const { generation, sequence, leafHash } = head;
      heads.push({ path: relative(root, path), generation, sequence, leafHash: hexOf(leafHash) });
    }
    return heads;
  }

  async #logs(): Promise<BackedUpLog[]> {
    const logs: BackedUpLog[] = [];
    for (const entry of await readdir(this.#folder.ledger, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const { name } = entry;
      const path = `checkpoints-${name}.sqlite`;
      const newest = await copyKeptCheckpoints(join(this.#folder.ledger, name), join(this.#into, path));
      // A log that has signed nothing yet has nothing that could be contradicted.
      if (newest === null) continue;
      this.#files.push({ path, ...(await hashOfFile(join(this.#into, path))) });
      const { name: origin } = await logKeyIn(this.#folder, name);
      logs.push({ name, origin, file: path, signedSize: newest.size, note: newest.note });
    }
    return logs;
  }

  /** A stream of leaves: nothing may be missing between the first and the last. */
  async #leaves(kind: StreamKind, shard: string | null, streamName: string, file: string): Promise<void> {
    const { lastSequence } = await createReader({ connection: this.#connection, streamName }).state();
    this.#report(`${streamName}: ${lastSequence} messages are copied.`);
    const stream = readStream(this.#connection, streamName);
    const written = await this.#messages(kind, shard, file, stream);
    if (written.messages !== written.lastSequence || written.lastSequence < lastSequence) {
      throw new BackupRefusedError(
        `The stream ${streamName} has a hole or ends early: ${written.messages} messages up to ${written.lastSequence} were read of ${lastSequence}. ` +
          'Nothing was backed up; see docs/runbook.md, "The shard is stopped".',
      );
    }
  }

  /** A stream of which only what is left of it counts. */
  async #plain(kind: StreamKind, shard: string | null, streamName: string): Promise<void> {
    const file = `${kind}${shard === null ? "" : `-${shard}`}.messages`;
    await this.#messages(kind, shard, file, recordsOf(this.#connection, streamName));
  }

  async #messages(
    kind: StreamKind,
    shard: string | null,
    file: string,
    messages: AsyncIterable<BackedUpMessage>,
  ): Promise<BackedUpStream> {
    const writer = await MessageFileWriter.create(join(this.#into, file));
    try {
      for await (const message of messages) await writer.write(message);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    this.#files.push({ path: file, ...(await writer.finish()) });
    const stream = { kind, shard, file, messages: writer.count, lastSequence: writer.lastSequence };
    this.#streams.push(stream);
    return stream;
  }

  async #forget(path: string): Promise<void> {
    await rm(join(this.#into, path), { force: true });
    for (const list of [this.#files, this.#streams] as { path?: string; file?: string }[][]) {
      const at = list.findIndex((each) => each.path === path || each.file === path);
      if (at >= 0) list.splice(at, 1);
    }
  }

  async #keys(key: Buffer): Promise<string[]> {
    const held: Record<string, string> = {};
    for (const under of operatorsKeyFolders) {
      const folder = join(this.#folder.root, under);
      if (!existsSync(folder)) continue;
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        held[relative(this.#folder.root, path)] = (await readFile(path)).toString("base64");
      }
    }
    await this.#put(keysFile, sealBytes(Buffer.from(JSON.stringify(held)), key, keysFile));
    return Object.keys(held).sort();
  }
}

/** What a stream holds up to where it ended when this began, in order; what is gone is passed over. */
export async function* recordsOf(connection: NatsConnection, streamName: string): AsyncGenerator<BackedUpMessage> {
  const { lastSequence } = await createReader({ connection, streamName }).state();
  for (let next = 1; next <= lastSequence; ) {
    const records = await readRecords(connection, streamName, next, recordsAtOnce, readTimeoutMs);
    if (records.length === 0) return;
    for (const { sequence, subject, payload } of records) {
      if (sequence > lastSequence) return;
      yield { sequence, subject, payload };
      next = sequence + 1;
    }
  }
}

/** Makes the names in a folder, and in those below it, durable. */
export async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolder(join(entry.parentPath, entry.name));
  }
  if ((await stat(path)).isDirectory()) await syncFolder(path);
}
