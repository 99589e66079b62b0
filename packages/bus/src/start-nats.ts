import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { reconcileDocumentStreams } from "@lienthong/documents";
import {
  accessRetentionDaysDefault,
  declareAccessStream,
  declareEventStream,
  declareRegistryStream,
  declareSettledStream,
  reconcileStreams,
} from "@lienthong/event-store";
import { assertServerSafe, connectAs, findNatsServer, type Role, startEmbeddedNats } from "@lienthong/nats-server";
import { JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import {
  ClosedConnectionError,
  ConnectionError,
  type NatsConnection,
  NoRespondersError,
  RequestError,
  TimeoutError,
} from "@nats-io/transport-node";
import type { DataFolder } from "./data-folder.ts";
import type { RunningParts } from "./running-parts.ts";
import type { ReportStart } from "./start-report.ts";

/** A nats-server to work on, in roles. */
export interface NatsAccess {
  readonly url: string;
  connect(role: Role, name: string): Promise<NatsConnection>;
}

/** A nats-server that was found or started. */
export interface StartedNats extends NatsAccess {
  /** Process id of the embedded server; null if it is somebody else's. */
  readonly pid: number | null;
  /** Where it comes from, for people. */
  readonly origin: string;
  /** Most bytes that a new shard's documents may take of its disk; -1: whatever there is. */
  readonly documentBytesMax: number;
  /** Settles when the embedded server ended without being asked to. */
  readonly failed: Promise<Error>;
}

/** Access to a nats-server that runs, with the role seeds of a folder. */
export function natsAccess(url: string, seedsFolder: string): NatsAccess {
  return {
    url,
    connect: (role, name) => connectAs({ url, role, seedFilePath: join(seedsFolder, `${role}.seed`), name }),
  };
}

/** Whether nobody answered, or left in the middle. */
function isAway(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof ClosedConnectionError || error instanceof TimeoutError)
    return true;
  return ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

const retryPauseMs = 250;
/** When everything starts together, as after a power failure, the nats-server may be the last that is ready. */
const serverAwaitedMs = 30_000;

/** The same for a service that may be started before its nats-server answers: the first connection is tried again for 30 s. */
export function patientNatsAccess(url: string, seedsFolder: string, report: ReportStart): NatsAccess {
  const access = natsAccess(url, seedsFolder);
  const seconds = serverAwaitedMs / 1_000;
  return {
    url,
    async connect(role, name) {
      let isTold = false;
      const tell = (): void => {
        if (isTold) return;
        isTold = true;
        report(`The nats-server at ${url} does not answer yet; it is waited for, at most ${seconds} s.`, {
          what: "server-awaited",
          url,
          seconds,
        });
      };
      const attempt = async (): Promise<NatsConnection> => {
        try {
          return await access.connect(role, name);
        } catch (error) {
          if (isAway(error)) tell();
          throw error;
        }
      };
      // A key that is refused stays refused.
      return whilePassing(attempt, isAway, serverAwaitedMs);
    },
  };
}

/** Tries again for so long while what fails may pass by itself. */
async function whilePassing<T>(
  attempt: () => Promise<T>,
  passes: (error: unknown) => boolean,
  withinMs: number,
): Promise<T> {
  for (const deadline = performance.now() + withinMs; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (!passes(error) || performance.now() > deadline) throw error;
      await wait(retryPauseMs);
    }
  }
}

/** Folder with a seed per role, of the embedded server or, with LIENTHONG_NATS_SEEDS, of one of yours. */
export function seedsFolderOf(folder: DataFolder): string {
  return process.env.LIENTHONG_NATS_SEEDS ?? join(folder.nats, "nkeys");
}

/** Finds or fetches a nats-server, starts it unless it is somebody else's, and checks that it keeps what it accepts. */
export async function startNats(folder: DataFolder, report: ReportStart, parts: RunningParts): Promise<StartedNats> {
  const found = await findNatsServer({ report });
  if (found.kind === "external") {
    if (process.env.LIENTHONG_NATS_SEEDS === undefined) {
      throw new Error(
        "LIENTHONG_NATS_URL names a nats-server of yours; set LIENTHONG_NATS_SEEDS to the folder with a seed file per role (deploy/nats/README.md).",
      );
    }
    const access = natsAccess(found.url, seedsFolderOf(folder));
    return { ...access, pid: null, origin: "a server of yours", documentBytesMax: -1, failed: new Promise(() => {}) };
  }
  const embedded = await startEmbeddedNats({ binaryPath: found.path, dataDirectory: folder.nats, report });
  parts.add("the nats-server", () => embedded.stop());
  return {
    ...natsAccess(embedded.url, seedsFolderOf(folder)),
    pid: embedded.pid,
    origin: `embedded, ${found.origin}`,
    documentBytesMax: await documentBytesMaxOn(folder.nats),
    failed: embedded.exited.then(async (exit) => {
      if (exit.wasAskedTo) await new Promise(() => {});
      const how = exit.signal ?? `exit code ${exit.code}`;
      return new Error(`The embedded nats-server ended by itself (${how}); its log is in ${folder.nats}.`);
    }),
  };
}

/** LIENTHONG_ACCESS_RETENTION_DAYS: how long it is kept who looked at what. */
function accessRetentionDays(): number {
  const value = process.env.LIENTHONG_ACCESS_RETENTION_DAYS;
  if (value === undefined || value === "") return accessRetentionDaysDefault;
  if (/^[1-9]\d{0,4}$/.test(value) && Number(value) <= 36_500) return Number(value);
  throw new Error(`LIENTHONG_ACCESS_RETENTION_DAYS is "${value}"; allowed: a whole number of days from 1 to 36500.`);
}

/** An eighth of what is free, at most 64 GiB: documents must never take the disk from events. */
async function documentBytesMaxOn(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return Math.min(68_719_476_736, Math.floor((bavail * bsize) / 8));
}

/**
 * LIENTHONG_STREAM_REPLICAS: on how many servers each stream is kept. Unset: three on a cluster, else one. An odd number: a fourth copy
 * would only make the majority larger.
 */
export function streamReplicas(
  server: { readonly address: string; readonly isInCluster: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): number {
  const value = env.LIENTHONG_STREAM_REPLICAS ?? "";
  if (value === "") return server.isInCluster ? 3 : 1;
  if (!["1", "3", "5"].includes(value)) {
    throw new Error(`LIENTHONG_STREAM_REPLICAS is "${value}"; allowed: 1, 3 or 5.`);
  }
  if (value !== "1" && !server.isInCluster) {
    throw new Error(
      `LIENTHONG_STREAM_REPLICAS is ${value}, and the nats-server at ${server.address} is in no cluster. Name a cluster's servers in LIENTHONG_NATS_URL (docs/replication.md), or unset it.`,
    );
  }
  return Number(value);
}

/** A cluster that has just been started, or lost a leader, takes a while to answer for its streams. */
const clusterReadyWithinMs = 30_000;
const passingCodes: ReadonlySet<number> = new Set([10_005, 10_008, 10_009]);

/** Repeats what a cluster without a leader refuses, or leaves without an answer, until it has one. */
function onceLed<T>(attempt: () => Promise<T>): Promise<T> {
  const passes = (error: unknown): boolean =>
    error instanceof JetStreamApiError
      ? passingCodes.has(error.code)
      : error instanceof TimeoutError || error instanceof NoRespondersError || error instanceof RequestError;
  return whilePassing(attempt, passes, clusterReadyWithinMs);
}

/** Makes the streams what they are declared to be, with the administrator's rights, which nobody needs afterwards. */
export async function reconcileShard(nats: StartedNats, shard: string): Promise<{ version: string }> {
  const admin = await nats.connect("admin", "lienthong reconciler");
  try {
    const { version } = await assertServerSafe(admin);
    const manager = await jetstreamManager(admin, { checkAPI: false });
    const replicas = streamReplicas({ address: admin.getServer(), isInCluster: admin.info?.cluster !== undefined });
    const retentionDays = accessRetentionDays();
    // Each step finds what the one before it made: repeating is harmless.
    await onceLed(async () => {
      await reconcileStreams(manager, [
        declareRegistryStream({ replicas }),
        declareAccessStream({ replicas, retentionDays }),
        declareEventStream({ shard, replicas }),
        declareSettledStream({ shard, replicas }),
      ]);
      await reconcileDocumentStreams(manager, { shard, replicas, partBytesMax: nats.documentBytesMax });
    });
    return { version };
  } finally {
    await admin.close();
  }
}
