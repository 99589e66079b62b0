import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Clock, keepPrivateFile, type Logger } from "@lienthong/chassis";
import { eventStreamName, registryStreamName } from "@lienthong/event-store";
import { formatVerifierKey } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/nats-core";
import { type Disk, openDisk } from "./disk.ts";
import { registryRules, shardRules } from "./leaf-rules.ts";
import { keepLog, type Log } from "./log.ts";
import { logSigner } from "./log-key.ts";
import { PolicyFile } from "./policy-file.ts";
import { registryLogName, ServedLogs } from "./served-logs.ts";

/** How a ledger is made. */
export interface LedgerOptions {
  readonly connection: NatsConnection;
  /** Folder with a folder per log. */
  readonly directory: string;
  /** The network's policy, made if it is not there. */
  readonly policyPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: the disk itself, on a thread of its own. */
  readonly disk?: Disk;
  readonly sealEveryMs?: number;
  readonly sealSoonMs?: number;
  readonly witnessTimeoutMs?: number;
  /** A log stopped. */
  readonly onStopped?: () => void;
}

/** A log to keep: whose, under which origin, and with which key (PKCS#8 PEM, Ed25519). */
export interface LogToKeep {
  readonly origin: string;
  readonly keyPem: string;
}

/** The logs of a network. */
export interface Ledger {
  readonly logs: ServedLogs;
  readonly policy: PolicyFile;
  /** Keeps the registry's log from now on. */
  keepRegistry(log: LogToKeep): Promise<Log>;
  /** Keeps a shard's log from now on. `publicKey`: what the registry names; rejects if it is not the key's. */
  keepShard(shard: string, log: LogToKeep & { readonly publicKey: Uint8Array }): Promise<Log>;
  /** Why a log stopped, in a sentence; null while all go on. */
  stopped(): string | null;
  close(): Promise<void>;
}

/** Makes a ledger without logs yet. */
export async function createLedger(options: LedgerOptions): Promise<Ledger> {
  const policy = await PolicyFile.open(options.policyPath);
  const logs = new ServedLogs();
  const thread = options.disk === undefined ? openDisk() : null;
  const disk = options.disk ?? (thread as Disk);

  async function keep(name: string, { origin, keyPem }: LogToKeep, publicKey: Uint8Array | null): Promise<Log> {
    const signer = logSigner(origin, keyPem);
    if (publicKey !== null && Buffer.compare(publicKey, signer.publicKey) !== 0) {
      throw new Error(
        `The registry names another key for the log of ${name} than the one in the data folder (${formatVerifierKey(signer)}); put the right key file back, or have the registrar record this one.`,
      );
    }
    await policy.addLog(signer);
    const { connection, clock, logger, sealEveryMs, sealSoonMs, witnessTimeoutMs, onStopped } = options;
    const log = await keepLog({
      name,
      directory: join(options.directory, name),
      signer,
      connection,
      streamName: name === registryLogName ? registryStreamName : eventStreamName(name),
      rules: name === registryLogName ? registryRules : shardRules(name, origin),
      policy,
      clock,
      logger,
      disk,
      ...(sealEveryMs === undefined ? {} : { sealEveryMs }),
      ...(sealSoonMs === undefined ? {} : { sealSoonMs }),
      ...(witnessTimeoutMs === undefined ? {} : { witnessTimeoutMs }),
      ...(onStopped === undefined ? {} : { onStateChanged: onStopped }),
    });
    logs.add(log);
    return log;
  }

  return {
    logs,
    policy,
    keepRegistry: (log) => keep(registryLogName, log, null),
    keepShard(shard, log) {
      if (shard === registryLogName) {
        return Promise.reject(
          new Error(`A shard called "${registryLogName}" can have no log: that name is the registry's.`),
        );
      }
      return keep(shard, log, log.publicKey);
    },
    stopped: () =>
      logs
        .all()
        .find((log) => log.stopped() !== null)
        ?.stopped()?.message ?? null,
    async close() {
      for (const log of logs.all()) await log.close();
      await thread?.close();
    },
  };
}

/** The bearer token with which auditors and mirrors read entries over HTTP; made at the first start. */
export async function ensureEntriesToken(path: string): Promise<string> {
  return (await keepPrivateFile(path, `${randomBytes(32).toString("base64url")}\n`)).trim();
}
