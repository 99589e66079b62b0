import { type Clock, type Logger, makeFolderDurablySync } from "@lienthong/chassis";
import { lockFolder } from "@lienthong/chassis/folder-lock";
import { createReader, type Reader } from "@lienthong/event-store";
import type { Policy, SignerKey } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/nats-core";
import type { Disk } from "./disk.ts";
import type { KeptCheckpoints } from "./kept-checkpoints.ts";
import { KeptLog } from "./kept-log.ts";
import type { LeafRules } from "./leaf-rules.ts";
import type { LogFiles } from "./log-files.ts";
import type { LogStoppedError } from "./log-stopped.ts";
import type { SignedHead } from "./log-writer.ts";
import type { PolicySource } from "./policy-file.ts";
import type { Publisher } from "./publisher.ts";

/** How a log is kept. */
export interface LogOptions {
  /** The shard's name, or "registry". */
  readonly name: string;
  /** The log's folder, its own. */
  readonly directory: string;
  readonly signer: SignerKey;
  readonly connection: NatsConnection;
  /** Stream whose message i + 1 is leaf i. */
  readonly streamName: string;
  readonly rules: LeafRules;
  readonly policy: PolicySource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly disk: Disk;
  /** Least time between two seals while nobody waits, milliseconds; 1,000. */
  readonly sealEveryMs?: number;
  /** The same while somebody waits, and how long the first event after a silence waits for others; 200. */
  readonly sealSoonMs?: number;
  readonly witnessTimeoutMs?: number;
  /** The log stopped, or goes on after a disk that failed is well again. */
  readonly onStateChanged?: () => void;
}

/** A log that is kept. */
export interface Log {
  readonly name: string;
  readonly signer: SignerKey;
  /** Verifier key as text. */
  readonly vkey: string;
  readonly files: LogFiles;
  readonly kept: KeptCheckpoints;
  readonly reader: Reader;
  /** The newest signed head. */
  head(): SignedHead;
  /** Why it signs nothing further; null while it does. */
  stopped(): LogStoppedError | null;
  policy(): Policy;
  /** Resolves when a signed head covers the leaf; rejects when the log stops or the signal is aborted. */
  waitUntilSealed(index: number, signal: AbortSignal): Promise<void>;
  /** Resolves when a published checkpoint that satisfies the policy covers the leaf. */
  waitUntilWitnessed(index: number, signal: AbortSignal): Promise<void>;
  /** Resolves when all that the stream held at the start is sealed; rejects if the log stops before. */
  caughtUp: Promise<void>;
  publisher: Publisher;
  /** Seals what was read, publishes it, and lets go of the folder. */
  close(): Promise<void>;
}

/**
 * Keeps one log: reads its stream, seals, publishes. Rejects where another process has the folder. Everything
 * else that is wrong stops the log, is told by `stopped`, and leaves what was signed readable.
 */
export async function keepLog(options: LogOptions): Promise<Log> {
  const { name, directory, connection, streamName, logger } = options;
  // What is fsynced in a folder whose name a power cut takes back is gone with it: signed heads among it.
  makeFolderDurablySync(directory);
  // Two ledgers that sign for one log could fork it; the kernel lets only one have the folder.
  const lock = lockFolder(directory);
  try {
    const log = new KeptLog(options, lock, createReader({ connection, streamName }));
    await log.start();
    return log;
  } catch (error) {
    lock.release();
    logger.error({ err: error, log: name }, "The log could not be opened.");
    throw error;
  }
}
