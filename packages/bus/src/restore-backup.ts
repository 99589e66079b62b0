import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolderDurably, replaceDurably } from "@lienthong/chassis";
import {
  appendRecord,
  createAppender,
  createReader,
  eventStreamName,
  openDurableHead,
  registryStreamName,
  shardEventSubject,
} from "@lienthong/event-store";
import { chainedEntries, openDisk, readStream, registryRules, restoreLogFiles, shardRules } from "@lienthong/ledger";
import type { Role } from "@lienthong/nats-server";
import type { NatsConnection } from "@nats-io/transport-node";
import { keysFile, operatorsKeyFolders, syncTree } from "./backup.ts";
import { type CheckedBackup, type CheckedLog, checkBackup } from "./backup-check.ts";
import { BackupRefusedError } from "./backup-error.ts";
import { openBytes, readBackupKey } from "./backup-keys.ts";
import type { BackedUpStream } from "./backup-manifest.ts";
import { readMessageFile } from "./backup-messages.ts";
import { type DataFolder, dataFolderAt } from "./data-folder.ts";
import { appendLeaves, declareGeneration } from "./restore-generation.ts";
import { markRestored, markRestoring } from "./restore-mark.ts";
import { type Compared, comparePublished, readPublished } from "./restore-published.ts";
import { RunningParts } from "./running-parts.ts";
import { reconcileShard, type StartedNats, startNats } from "./start-nats.ts";
import type { ReportStart } from "./start-report.ts";

/** What is restored, and where to. */
export interface RestoreBackupOptions {
  /** Folder of the backup. */
  readonly backup: string;
  /** Data folder, empty or not there yet. */
  readonly dataDirectory: string;
  /** Published heads, files or addresses, that the backup is held against. */
  readonly checkpoints: readonly string[];
  /** The operator's word that nothing newer than the backup was ever published; needed where nobody can be asked. */
  readonly nothingNewer: boolean;
  /** Key file that the operator's keys are encrypted under; absent: they are put back by hand. */
  readonly keysUnder?: string | undefined;
  readonly report: ReportStart;
}

/** What stands afterwards. */
export interface RestoredBackup {
  readonly seal: string;
  /** When the backup was begun, real UTC. */
  readonly began: string;
  readonly logs: readonly (Compared & {
    /** Generation that was declared; null for the registry, which has none. */
    readonly generation: number | null;
    /** Entries that were accepted and not under a signed head of the backup. */
    readonly unsealed: number;
  })[];
  /** Under the data folder: what must be put back by hand before anything starts. */
  readonly missingKeys: readonly string[];
}

/**
 * Puts a backup back into an empty folder as a declared generation: every entry at its old place, then an event that says from which size the new generation goes
 * on, so that every reader of a log sees it. Refuses, and writes nothing, where the backup is damaged, where somebody has seen more of a log than it holds, and
 * where nobody could be asked. A folder on which this was cut off says so, and this begins anew there.
 */
export async function restoreBackup(options: RestoreBackupOptions): Promise<RestoredBackup> {
  const { report, backup: directory } = options;
  const published = await readPublished(options.checkpoints);
  const sizes = Map.groupBy(published, ({ origin }) => origin);
  const checked = await checkBackup({
    directory,
    sizes: new Map([...sizes].map(([origin, heads]) => [origin, heads.map(({ size }) => size)])),
    report,
  });
  const compared = await comparePublished(checked, published);
  expectNothingPublishedLost(compared, options.nothingNewer);
  const keys = await keysOf(directory, checked, options.keysUnder);

  const folder = dataFolderAt(options.dataDirectory);
  // 1. From here on the folder says what it is: nothing starts on it, and a crash anywhere below is followed by beginning anew.
  await markRestoring(folder.root, checked.seal);
  report(`${folder.root} is marked: nothing starts on it until the restore has ended.`);
  const parts = new RunningParts();
  const generations = new Map<string, number>();
  try {
    for (const path of [folder.nats, folder.tls, folder.logs, folder.agencyKeys, folder.promiseKeys, folder.logKeys])
      await makeFolderDurably(path);
    const nats = await startNats(folder, report, parts);
    await expectEmptyStore(nats, checked);
    const restoring = new Restoring(directory, folder, nats, report);
    // 2. The registry, 3. each shard's events with the generation that is declared behind them, 4. what is only counted.
    for (const log of checked.logs) {
      const generation = await restoring.leaves(log, streamOf(checked, log));
      if (generation !== null) generations.set(log.name, generation);
    }
    for (const stream of checked.manifest.streams) {
      if (stream.kind === "settled" || stream.kind === "access") await restoring.records(stream);
    }
    // 5. The logs' files, made again from the same entries and held against every signed head.
    for (const log of checked.logs) await restoring.logFiles(log, checked);
  } finally {
    await parts.stopAll();
  }
  // 6. What services knew outside the store: heads older than the generation name leaves that it took over.
  for (const { path, generation, sequence, leafHash } of checked.manifest.heads) {
    const target = join(folder.root, path);
    await makeFolderDurably(join(target, ".."));
    const head = openDurableHead(target);
    head.write({ generation, sequence, leafHash: Uint8Array.from(Buffer.from(leafHash, "hex")) });
    head.close();
  }
  for (const [path, bytes] of keys.held) {
    await makeFolderDurably(join(folder.root, path, ".."));
    await replaceDurably(join(folder.root, path), bytes);
  }
  if (checked.policy !== "") await replaceDurably(folder.policy, checked.policy);
  await replaceDurably(folder.seededMark, await readFile(join(directory, "seeded.json")));
  await syncTree(folder.root);
  // 7. The last step: a crash before it leaves a folder that says that it is a part.
  await markRestored(folder.root);
  return {
    seal: checked.seal,
    began: checked.manifest.began,
    logs: compared.map((each) => {
      const log = checked.logs.find(({ name }) => name === each.log) as CheckedLog;
      return { ...each, generation: generations.get(each.log) ?? null, unsealed: log.entries - log.signedSize };
    }),
    missingKeys: keys.missing,
  };
}

/** A log goes on under its origin only if nothing that anybody saw of it is lost; a silent second history under the same name would be a fork. */
function expectNothingPublishedLost(compared: readonly Compared[], nothingNewer: boolean): void {
  const older = compared.filter(({ publishedSize, entries }) => publishedSize > entries);
  if (older.length > 0) {
    const which = older.map(
      ({ origin, entries, publishedSize, from }) =>
        `${origin}: the backup has ${entries} entries, ${publishedSize} were published (${from.join(", ")}), so ${publishedSize - entries} are missing`,
    );
    throw new BackupRefusedError(
      `This backup is older than what was published. ${which.join("; ")}. Going on from it would be a second history of the same log, which every holder of a newer head could prove. ` +
        "Nothing was restored. Use a newer backup, or the store's or log's folder of another replica or mirror; agencies' outboxes hold the missing events with their promises.",
    );
  }
  const unknown = compared.filter(({ from, entries }) => from.length === 0 && entries > 0);
  if (unknown.length > 0 && !nothingNewer) {
    const reasons = unknown.flatMap(({ unheard }) => unheard);
    throw new BackupRefusedError(
      `Nobody could be asked whether something newer than this backup was published for ${unknown.map(({ origin }) => origin).join(", ")}.` +
        `${reasons.length === 0 ? "" : ` ${reasons.join(" ")}`} Nothing was restored. Give the newest head that anybody has (--checkpoint FILE or URL: a mirror's /checkpoint, ` +
        "the head of an agency's receipt), or, if you know that none is newer, say so with --nothing-newer.",
    );
  }
}

async function keysOf(
  directory: string,
  { manifest }: CheckedBackup,
  under: string | undefined,
): Promise<{ held: Map<string, Buffer>; missing: string[] }> {
  const { file, held, never } = manifest.keys;
  if (under === undefined)
    return { held: new Map(), missing: [...(file === null ? ["keys/logs", "keys/promise", "tls"] : held), ...never] };
  if (file === null)
    throw new BackupRefusedError(
      "This backup holds no keys: it was made without --keys. Leave --keys out, and put the keys back by hand.",
    );
  const opened = openBytes(await readFile(join(directory, file)), await readBackupKey(under), keysFile);
  const files = JSON.parse(opened.toString("utf8")) as Record<string, string>;
  const odd = held.find((path) => !operatorsKeyFolders.some((under) => path.startsWith(`${under}/`)));
  if (odd !== undefined)
    throw new BackupRefusedError(`${odd} is no key of the operator's; a backup puts none elsewhere.`);
  return { held: new Map(held.map((path) => [path, Buffer.from(files[path] ?? "", "base64")])), missing: [...never] };
}

function streamOf({ manifest }: CheckedBackup, { name, shard }: CheckedLog): BackedUpStream {
  const found = manifest.streams.find(
    (stream) => stream.shard === shard && (stream.kind === "registry" || stream.kind === "events"),
  );
  if (found === undefined) throw new BackupRefusedError(`The backup holds no stream of ${name}.`);
  return found;
}

/** A nats-server of somebody else's may hold streams already: what is there is not written over. */
async function expectEmptyStore(nats: StartedNats, { logs }: CheckedBackup): Promise<void> {
  for (const { shard } of logs) if (shard !== null) await reconcileShard(nats, shard);
  const connection = await nats.connect("ledger", "lienthong restore");
  try {
    for (const { shard } of logs) {
      const streamName = shard === null ? registryStreamName : eventStreamName(shard);
      const { lastSequence } = await createReader({ connection, streamName }).state();
      if (lastSequence > 0)
        throw new BackupRefusedError(
          `The stream ${streamName} of the store holds ${lastSequence} messages already; a backup is restored to an empty store only.`,
        );
    }
  } finally {
    await connection.close();
  }
}

/** One restore on its way. */
class Restoring {
  readonly #backup: string;
  readonly #folder: DataFolder;
  readonly #nats: StartedNats;
  readonly #report: ReportStart;

  constructor(backup: string, folder: DataFolder, nats: StartedNats, report: ReportStart) {
    this.#backup = backup;
    this.#folder = folder;
    this.#nats = nats;
    this.#report = report;
  }

  /** Puts back what a log's leaves are made of; a shard's end with the declaration. Answers the generation. */
  async leaves(log: CheckedLog, stream: BackedUpStream): Promise<number | null> {
    const { shard, origin, note } = log;
    let generation: number | null = null;
    const all = async function* (messages: AsyncIterable<{ subject: string; payload: Uint8Array }>) {
      const entries = shard === null ? null : chainedEntries(shardRules(shard, origin));
      for await (const { subject, payload } of messages) {
        if (entries !== null && !entries.take(payload, subject))
          throw new Error("The backup changed while it was read; begin again.");
        yield { subject, payload };
      }
      if (shard === null || entries === null || entries.size === 0) return;
      const declared = declareGeneration(entries, shard, origin, note ?? "");
      generation = declared.generation;
      yield { subject: shardEventSubject(shard), payload: declared.bytes };
    };
    await this.#as(shard === null ? "registry" : "exchange", (connection) =>
      appendLeaves(createAppender({ connection, timeoutMs: 30_000 }), all(this.#messages(stream))),
    );
    this.#report(`${stream.file}: ${stream.messages} messages lie where they lay.`);
    return generation;
  }

  /** Puts back messages of which only the last of each subject, or each by itself, counts. */
  async records(stream: BackedUpStream): Promise<void> {
    await this.#as("exchange", async (connection) => {
      for await (const { subject, payload } of this.#messages(stream))
        await appendRecord(connection, subject, payload, 10_000);
    });
    this.#report(`${stream.file}: ${stream.messages} messages are there again.`);
  }

  async logFiles(log: CheckedLog, checked: CheckedBackup): Promise<void> {
    const { name, key, shard, signedSize } = log;
    const told = checked.manifest.logs.find((each) => each.name === name);
    if (told === undefined || key === null) return;
    const stream = streamOf(checked, log);
    const disk = openDisk();
    try {
      await this.#as("ledger", async (connection) => {
        const messages = () => this.#messages(stream);
        const { findings } = await restoreLogFiles({
          name,
          directory: join(this.#folder.ledger, name),
          key,
          disk,
          kept: join(this.#backup, told.file),
          size: signedSize,
          entries: async function* () {
            for await (const { payload } of messages()) yield payload;
          },
          stream: () => readStream(connection, shard === null ? registryStreamName : eventStreamName(shard)),
          rules: shard === null ? registryRules : shardRules(shard, log.origin),
        });
        if (findings.length > 0)
          throw new BackupRefusedError(
            `The log ${name} is not as it was signed after the restore: ${JSON.stringify(findings[0])}.`,
          );
      });
    } finally {
      await disk.close();
    }
    this.#report(`The log ${name} stands: ${signedSize} entries under its signed head.`);
  }

  #messages(stream: BackedUpStream) {
    return readMessageFile(join(this.#backup, stream.file), stream.file);
  }

  async #as<Result>(role: Role, work: (connection: NatsConnection) => Promise<Result>): Promise<Result> {
    const connection = await this.#nats.connect(role, "lienthong restore");
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  }
}
