import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "@lienthong/chassis/process-alive";
import { eventStreamName, registryStreamName } from "@lienthong/event-store";
import {
  type FsckReport,
  fsck,
  logKeyOf,
  openDisk,
  type RepairReport,
  readStream,
  registryLogName,
  registryRules,
  repairLogFiles,
  shardRules,
} from "@lienthong/ledger";
import type { NatsConnection } from "@nats-io/transport-node";
import { type DataFolder, dataFolderAt } from "./data-folder.ts";
import type { RunFile } from "./run-file.ts";
import { natsAccess, seedsFolderOf } from "./start-nats.ts";

/** Whose logs are looked at. */
export interface LedgerToolOptions {
  readonly dataDirectory: string;
  /** One log; absent: all. */
  readonly log?: string;
  readonly onProgress?: (log: string, entries: number, total: number) => void;
}

/** A log that was checked. */
export interface CheckedLog {
  readonly name: string;
  /** False where no store runs on the folder, so that files were compared with each other and what was signed, but not with the stream. */
  readonly streamCompared: boolean;
  readonly report: FsckReport;
}

/** A log that was mended. */
export interface RepairedLog {
  readonly name: string;
  readonly streamCompared: boolean;
  readonly report: RepairReport;
}

/** There is nothing to look at, in a sentence. */
export class LedgerMissingError extends Error {
  override readonly name = "LedgerMissingError";
}

/** Checks logs of a data folder, with the stream where a store runs. Writes nothing. Throws LedgerMissingError. */
export async function* checkLedger(options: LedgerToolOptions): AsyncGenerator<CheckedLog> {
  const tools = await LedgerTools.open(options.dataDirectory);
  try {
    for (const name of await tools.names(options.log)) {
      const { key, directory } = await tools.log(name);
      const report = await fsck({
        directory,
        key,
        ...(tools.connection === null
          ? {}
          : {
              stream: readStream(tools.connection, streamOf(name)),
              rules: name === registryLogName ? registryRules : shardRules(name, key.name),
            }),
        onProgress: (entries, total) => options.onProgress?.(name, entries, total),
      });
      yield { name, streamCompared: tools.connection !== null, report };
    }
  } finally {
    await tools.close();
  }
}

/**
 * Writes the files of logs again where they are damaged. No ledger may run on the folder; a store may, and its streams then serve as a second copy.
 * Throws LedgerMissingError, NotRepairableError.
 */
export async function* repairLedger(options: LedgerToolOptions): AsyncGenerator<RepairedLog> {
  const tools = await LedgerTools.open(options.dataDirectory);
  const disk = openDisk();
  try {
    for (const name of await tools.names(options.log)) {
      const { key, directory } = await tools.log(name);
      const { connection } = tools;
      const report = await repairLogFiles({
        name,
        directory,
        key,
        disk,
        ...(connection === null ? {} : { stream: () => readStream(connection, streamOf(name)) }),
        onProgress: (entries, total) => options.onProgress?.(name, entries, total),
      });
      yield { name, streamCompared: connection !== null, report };
    }
  } finally {
    await disk.close();
    await tools.close();
  }
}

function streamOf(name: string): string {
  return name === registryLogName ? registryStreamName : eventStreamName(name);
}

/** A data folder as these tools see it: looked at, never made. */
class LedgerTools {
  readonly #folder: DataFolder;
  /** To the store that runs on the folder; null if none does. */
  readonly connection: NatsConnection | null;

  private constructor(folder: DataFolder, connection: NatsConnection | null) {
    this.#folder = folder;
    this.connection = connection;
  }

  static async open(dataDirectory: string): Promise<LedgerTools> {
    const folder = dataFolderAt(dataDirectory);
    if (!existsSync(folder.ledger)) {
      throw new LedgerMissingError(
        `There are no logs in ${folder.root}: name the data folder of a bus whose ledger has run.`,
      );
    }
    // Where it cannot be read, the files are checked all the same.
    const run = await readFile(folder.runFile, "utf8").then(
      (text) => JSON.parse(text) as RunFile,
      () => null,
    );
    if (run === null || !isAlive(run.pid)) return new LedgerTools(folder, null);
    const seeds = seedsFolderOf(folder);
    return new LedgerTools(folder, await natsAccess(run.nats, seeds).connect("ledger", "lienthong ledger tool"));
  }

  /** The logs that have a folder. */
  async names(wanted: string | undefined): Promise<string[]> {
    const folders = await readdir(this.#folder.ledger, { withFileTypes: true });
    const names = folders
      .filter((folder) => folder.isDirectory())
      .map(({ name }) => name)
      .sort();
    if (wanted === undefined) return names;
    if (names.includes(wanted)) return [wanted];
    throw new LedgerMissingError(
      `There is no log ${JSON.stringify(wanted)} in ${this.#folder.root}; there are ${names.join(", ")}.`,
    );
  }

  async log(name: string): Promise<{ directory: string; key: ReturnType<typeof logKeyOf> }> {
    return { directory: join(this.#folder.ledger, name), key: await logKeyIn(this.#folder, name) };
  }

  async close(): Promise<void> {
    await this.connection?.close();
  }
}

/** The key of a log of a data folder, as its policy file names it. Throws LedgerMissingError, or an Error where key file and policy disagree. */
export async function logKeyIn(folder: DataFolder, name: string): Promise<ReturnType<typeof logKeyOf>> {
  const policy = await readFile(folder.policy, "utf8").catch(() => {
    throw new LedgerMissingError(`${folder.policy} is missing: without it no key of a log is known. Put it back.`);
  });
  const pem = await readFile(join(folder.logKeys, `${name}.pem`), "utf8").catch(() => null);
  return logKeyOf(name, policy, pem);
}
