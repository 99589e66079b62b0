import { statfs } from "node:fs/promises";
import { join } from "node:path";
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
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
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

/** Makes the streams what they are declared to be, with the administrator's rights, which nobody needs afterwards. */
export async function reconcileShard(nats: StartedNats, shard: string): Promise<{ version: string }> {
  const admin = await nats.connect("admin", "lienthong reconciler");
  try {
    const { version } = await assertServerSafe(admin);
    const manager = await jetstreamManager(admin, { checkAPI: false });
    await reconcileStreams(manager, [
      declareRegistryStream({ replicas: 1 }),
      declareAccessStream({ replicas: 1, retentionDays: accessRetentionDays() }),
      declareEventStream({ shard, replicas: 1 }),
      declareSettledStream({ shard, replicas: 1 }),
    ]);
    await reconcileDocumentStreams(manager, { shard, replicas: 1, partBytesMax: nats.documentBytesMax });
    return { version };
  } finally {
    await admin.close();
  }
}
