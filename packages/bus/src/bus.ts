import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createLogger, type LimitSettings, type Logger, openDevelopmentAuthority, realClock } from "@lienthong/chassis";
import type { Role } from "@lienthong/nats-server";
import { createRegistryService, type RegistryFollower } from "@lienthong/registry";
import type { SigningKey } from "@lienthong/statement";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Seed } from "../../../deploy/seed/seed.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import type { KeyKind } from "./demonstration-keys.ts";
import { type DemonstrationShard, type DemonstrationSystem, scenarioShard } from "./demonstration-network.ts";
import { openPort } from "./open-port.ts";
import { mergeLogs, type RunFile, runFileOf, writeRunFile } from "./run-file.ts";
import { RunningParts } from "./running-parts.ts";
import { seedNetwork } from "./seed-network.ts";
import { type RunningAudit, startAudit } from "./start-audit.ts";
import { startDocuments } from "./start-documents.ts";
import { drainGraceMs, type ReplicaSurroundings, type RunningReplica, startExchange } from "./start-exchange.ts";
import { type RunningLedger, startLedger } from "./start-ledger.ts";
import { reconcileShard, startNats } from "./start-nats.ts";
import type { ReportStart } from "./start-report.ts";

/** How a bus is started. */
export interface StartBusOptions {
  /** Data folder; made if it is not there. */
  readonly dataDirectory: string;
  /** What a new registry begins with; read only while it is not in the registry as a whole. */
  readonly seed: () => Promise<Seed>;
  readonly shard?: DemonstrationShard;
  /** Systems and who delegates to them; by default those of the demonstration. */
  readonly systems?: (seed: Seed) => DemonstrationSystem[];
  /** Kind of seal that an agency gets; by default all three kinds occur. */
  readonly keyKind?: (agency: string) => KeyKind;
  /** Exchange replicas of the shard, each with its own port, heads and promise key. 1 to 8. */
  readonly replicas?: number;
  /** How many of them run in this process; the others are other processes'. Default: all. */
  readonly runReplicas?: number;
  /** Ports to listen on; 0 or absent: free ones. */
  readonly ports?: {
    readonly registry?: number;
    readonly exchange?: number;
    readonly documents?: number;
    readonly ledger?: number;
    readonly logs?: number;
    readonly audit?: number;
  };
  /** Keeps the index for auditors, too: in the PostgreSQL named, or embedded. Absent: no index, which many tests and tools do without. */
  readonly audit?: { readonly databaseUrl?: string | undefined };
  /** Spans of the ledger other than the default, in milliseconds. "elsewhere": another process keeps the logs, or nobody does. */
  readonly ledger?:
    | "elsewhere"
    | { readonly sealEveryMs?: number; readonly sealSoonMs?: number; readonly witnessTimeoutMs?: number };
  /** What one system may take of each server; by default as `LIENTHONG_LIMIT_…` variables say. */
  readonly share?: LimitSettings;
  /** Dossiers that each exchange replica keeps in memory, about 6 KB each; default 8,192. */
  readonly dossiersCachedMax?: number;
  /** Told of progress in whole sentences. */
  readonly report?: ReportStart;
  readonly logger?: Logger;
}

/** A bus that runs. */
export interface Bus {
  /** As run.json says it now. */
  readonly run: RunFile;
  readonly folder: DataFolder;
  readonly shard: DemonstrationShard;
  readonly registry: RegistryFollower;
  readonly registrarKey: SigningKey;
  readonly replicas: readonly RunningReplica[];
  /** Null where it is kept elsewhere. */
  readonly ledger: RunningLedger | null;
  /** Null where no index is kept. */
  readonly audit: RunningAudit | null;
  /** Version and origin of the nats-server, for people. */
  readonly natsServer: string;
  /** Process id of the embedded nats-server; null if it is somebody else's. */
  readonly natsPid: number | null;
  /** Settles when the nats-server ended without being asked to. */
  readonly failed: Promise<Error>;
  /** A NATS connection in a role, for tools and tests; closed by whoever opened it. */
  connectNats(role: Role, name: string): Promise<NatsConnection>;
  /** Drains and stops everything, the nats-server last. */
  stop(): Promise<void>;
}

/** Starts every service in this process. What was started is stopped again if a later part fails. */
export async function startBus(options: StartBusOptions): Promise<Bus> {
  const parts = new RunningParts();
  try {
    return await startParts(options, parts);
  } catch (error) {
    await parts.stopAll().catch(() => {});
    throw error;
  }
}

async function startParts(options: StartBusOptions, parts: RunningParts): Promise<Bus> {
  const { report = () => {}, shard = scenarioShard, replicas: replicaCount = 1 } = options;
  const folder = await openDataFolder(options.dataDirectory);
  const logger = options.logger ?? createLogger({ service: "bus", destination: join(folder.logs, "bus.log") });
  const nats = await startNats(folder, report, parts);
  const { version } = await reconcileShard(nats, shard.name);
  report(`nats-server ${version} syncs every write to disk before it answers (${nats.origin}).`, {
    what: "server-ready",
    version,
    origin: nats.origin,
  });

  const authority = await openDevelopmentAuthority({ folder: folder.tls });
  const server = await authority.server();
  const registryConnection = await nats.connect("registry", "lienthong registry");
  parts.add("the registry's connection", () => registryConnection.close());
  const network = await seedNetwork(folder, authority, registryConnection, {
    seed: options.seed,
    demonstration: true,
    systems: options.systems,
    keyKind: options.keyKind,
    shard,
    replicas: replicaCount,
    report,
  });

  const registry = await createRegistryService({
    connection: registryConnection,
    clock: realClock,
    logger,
    headPath: folder.registryHead,
  });
  parts.add("the registry", () => registry.stop());
  const { share } = options;
  const registryServer = await openPort({
    services: [registry.service],
    ...{ server, logger, share, registry: registry.follower, port: options.ports?.registry ?? 0 },
  });
  parts.add("the registry's port", () => registryServer.drain(drainGraceMs));
  registryServer.setAllServing(true);

  let announced: RunFile | null = null;
  let shardForOpening = shard.name;
  const servedShards: { name: string; origin: string }[] = [];
  let ledger: RunningLedger | null = null;
  let writing = Promise.resolve();
  const announcement = (): Pick<RunFile, "shard" | "logs"> => ({
    shard: shardForOpening,
    logs: mergeLogs(servedShards, ledger?.announcements() ?? []),
  });
  /** A shard or log that joins later is found by whoever reads run.json from now on. */
  const announceAgain = (): void => {
    if (announced === null) return;
    const run: RunFile = { ...announced, ...announcement() };
    announced = run;
    writing = writing
      .then(() => writeRunFile(folder, run))
      .catch((error: unknown) => logger.error({ err: error }, "run.json is not up to date."));
  };
  const onServed: ReplicaSurroundings["onServed"] = ({ name, origin }, forOpening) => {
    shardForOpening = forOpening;
    servedShards.push({ name, origin });
    announceAgain();
  };
  const streamsOf = (name: string) => reconcileShard(nats, name);
  const { dossiersCachedMax } = options;
  const around = { folder, nats, registry: registry.follower, server, logger, share, dossiersCachedMax };
  // Making the embedded database takes seconds on first start: it happens in its own thread while the others start.
  const startingAudit =
    options.audit === undefined
      ? null
      : startAudit({ ...around, port: options.ports?.audit ?? 0, databaseUrl: options.audit.databaseUrl }, parts);
  startingAudit?.catch(() => {}); // said below, where it is awaited
  // Should another part fail meanwhile, what this one starts is there to be stopped.
  parts.add("the start of the index", async () => void (await startingAudit?.catch(() => {})));
  const documents = await startDocuments({ ...around, port: options.ports?.documents ?? 0 }, parts);
  // Fed by the first replica, which decodes each event once for all in this process.
  const followersOf: ReplicaSurroundings["followersOf"] = async (name) => [await documents.serveShard(name)];
  const replicas: RunningReplica[] = [];
  for (let index = 1; index <= (options.runReplicas ?? replicaCount); index++) {
    const port = index === 1 ? (options.ports?.exchange ?? 0) : 0;
    // In one process everybody asks the same fold of the registry.
    const on = { ...around, port, streamsOf, ...(index === 1 ? { onServed, followersOf } : {}) };
    replicas.push(await startExchange(`exchange-${index}`, on, parts));
  }

  if (options.ledger !== "elsewhere") {
    const startingLedger = startLedger(
      {
        ...around,
        port: options.ports?.ledger ?? 0,
        httpPort: options.ports?.logs ?? 0,
        onLog: () => announceAgain(),
        ...(options.ledger === undefined ? {} : { spans: options.ledger }),
      },
      parts,
    );
    // Statements are accepted without a ledger; what they promise is alarmed by their time, and by whoever asks for a receipt.
    ledger = await startingLedger.catch((error: Error) => {
      logger.error({ err: error }, "The ledger does not run.");
      report(`The ledger does not run, so nothing is sealed: ${error.message}`);
      return null;
    });
  }
  const runningLedger = ledger;
  const audit = startingAudit === null ? null : await startingAudit;

  const grpc = {
    registry: registryServer.address,
    exchange: replicas[0]?.address ?? "",
    documents: documents.address,
    ledger: runningLedger?.address ?? "",
    audit: audit?.address ?? "",
  };
  const first: RunFile = { ...runFileOf(folder, shard, nats.url, grpc, server, network.systems), ...announcement() };
  announced = first;
  await writeRunFile(folder, first);
  parts.add("run.json", async () => {
    announced = null;
    await writing;
    await rm(folder.runFile, { force: true });
  });
  return {
    get run() {
      return announced ?? first;
    },
    folder,
    shard,
    registry: registry.follower,
    registrarKey: network.registrarKey,
    replicas,
    ledger: runningLedger,
    audit,
    natsServer: `${version}, ${nats.origin}`,
    natsPid: nats.pid,
    failed: nats.failed,
    connectNats: nats.connect,
    stop: () => parts.stopAll(),
  };
}
