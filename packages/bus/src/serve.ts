import { constants, setPriority } from "node:os";
import { join } from "node:path";
import {
  httpTlsOf,
  type Logger,
  openDevelopmentAuthority,
  readServiceSettings,
  realClock,
  type ServiceSettings,
} from "@lienthong/chassis";
import { createReader, eventStreamName } from "@lienthong/event-store";
import type { Role } from "@lienthong/nats-server";
import { createRegistryService, followRegistry } from "@lienthong/registry";
import type { Seed } from "../../../deploy/seed/seed.ts";
import { changeRunFile } from "./change-run-file.ts";
import { openDataFolder } from "./data-folder.ts";
import type { DemonstrationShard } from "./demonstration-network.ts";
import { followShards } from "./follow-shards.ts";
import { openPort } from "./open-port.ts";
import { mergeLogs, type RunFile, readRunFile, runFileOf } from "./run-file.ts";
import { RunningParts } from "./running-parts.ts";
import { seedNetwork, shardOf } from "./seed-network.ts";
import { startAudit } from "./start-audit.ts";
import { startDocuments } from "./start-documents.ts";
import { drainGraceMs, startExchange } from "./start-exchange.ts";
import { type RunningLedger, startLedger } from "./start-ledger.ts";
import { type NatsAccess, patientNatsAccess, reconcileShard, seedsFolderOf, startNats } from "./start-nats.ts";
import type { ReportStart } from "./start-report.ts";

/** Services that can run in a process of their own. `store`: the nats-server, its streams, and the registry's seed. */
export const servedServices = ["store", "registry", "exchange", "documents", "ledger", "audit"] as const;

/** One of them. */
export type ServedService = (typeof servedServices)[number];

/** How a service is started. */
export interface ServeServiceOptions {
  readonly dataDirectory: string;
  /** For `store` on a new folder. */
  readonly seed: () => Promise<Seed>;
  readonly shard: DemonstrationShard;
  /** For `store` on a new folder: seals and systems of a demonstration, for trying things out; never in earnest. */
  readonly demonstration: boolean;
  /** For `exchange`: which replica, `exchange-<n>`. */
  readonly replica: string;
  /** For `store` on a new folder: replicas that get a promise key. */
  readonly replicas: number;
  /** Port to listen on; 0: a free one. */
  readonly port: number;
  /** Database and HTTP; by default as the environment says. */
  readonly settings?: ServiceSettings;
  readonly report: ReportStart;
  readonly logger: Logger;
}

/** A service that runs. */
export interface ServedProcess {
  /** Where it listens. */
  readonly address: string;
  /** Why it takes no statements, in a sentence; null if it does. */
  readonly stopped: string | null;
  /** Settles when it failed for good. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

/** Starts one service on a data folder. `store` first; the others find it through run.json. */
export async function serveService(service: ServedService, options: ServeServiceOptions): Promise<ServedProcess> {
  const parts = new RunningParts();
  try {
    if (service === "store") return await serveStore(options, parts);
    if (service === "documents") return await serveDocuments(options, parts);
    if (service === "ledger") return await serveLedger(options, parts);
    if (service === "audit") return await serveAudit(options, parts);
    return service === "registry" ? await serveRegistry(options, parts) : await serveExchange(options, parts);
  } catch (error) {
    await parts.stopAll().catch(() => {});
    throw error;
  }
}

const never = new Promise<Error>(() => {});
const nobodyServes: RunFile["grpc"] = { registry: "", exchange: "", documents: "", ledger: "", audit: "" };

async function serveStore(options: ServeServiceOptions, parts: RunningParts): Promise<ServedProcess> {
  const { report, replicas } = options;
  const folder = await openDataFolder(options.dataDirectory);
  const shard = (await shardOf(options.dataDirectory)) ?? options.shard;
  const nats = await startNats(folder, report, parts);
  await reconcileShard(nats, shard.name);
  const authority = await openDevelopmentAuthority({ folder: folder.tls });
  const connection = await nats.connect("registry", "lienthong store");
  parts.add("the store's connection", () => connection.close());
  const network = await seedNetwork(folder, authority, connection, {
    seed: options.seed,
    demonstration: options.demonstration,
    shard,
    replicas,
    report,
  });
  const registry = followRegistry({ connection });
  parts.add("the registry follower", () => registry.stop());
  await registry.caughtUp;
  // The streams of every shard are made here, where the administrator's rights are.
  const shards = await followShards(registry, ({ name }) => reconcileShard(nats, name).then(() => {}), options.logger);
  parts.add("the shards that the store waits for", () => shards.stop());
  const server = await authority.server();
  // A store that comes back finds the services of its first life still running: what they announced stands.
  await changeRunFile(folder, (before) => {
    const grpc = before?.grpc ?? nobodyServes;
    const fresh = runFileOf(folder, shard, nats.url, grpc, server, network.systems);
    return before === null ? fresh : { ...fresh, shard: before.shard, logs: before.logs };
  });
  parts.add("run.json", () =>
    // While others still run, they are found by it, and so is the store when it comes back: it ends with its nats-server.
    changeRunFile(folder, (run) =>
      run === null || Object.values(run.grpc).every((address) => address === "") ? null : run,
    ),
  );
  return { address: nats.url, stopped: null, failed: nats.failed, stop: () => parts.stopAll() };
}

async function attach(options: ServeServiceOptions) {
  const folder = await openDataFolder(options.dataDirectory);
  const run = readRunFile(folder);
  const shard = await shardOf(options.dataDirectory);
  if (run === null || shard === null) {
    throw new Error(
      `There is no run.json in ${folder.root}; start the store first: lienthong serve store --data ${options.dataDirectory}`,
    );
  }
  const authority = await openDevelopmentAuthority({ folder: folder.tls });
  // A service may reach the nats-server by another way than the store does: another name, another member of a cluster, a tunnel.
  const url = process.env.LIENTHONG_NATS_URL ?? run.nats;
  const nats = patientNatsAccess(url, seedsFolderOf(folder), options.report);
  return { folder, run, shard, server: await authority.server(), nats };
}

/** The registry as a service of its own follows it, read to the end; `failed` settles when it cannot be followed any further. */
async function followHere(nats: NatsAccess, role: Role, name: string, headPath: string, parts: RunningParts) {
  const connection = await nats.connect(role, `lienthong registry of ${name}`);
  parts.add("the registry follower's connection", () => connection.close());
  const failed = Promise.withResolvers<Error>();
  // A head of its own: what this process acted on must still be there when it starts again.
  const registry = followRegistry({ connection, headPath, onStopped: (error) => failed.resolve(error) });
  parts.add("the registry follower", () => registry.stop());
  await registry.caughtUp;
  return { connection, registry, failed: failed.promise };
}

/** Says in run.json where a service listens, until it stops in good order. */
async function announce(
  folder: Awaited<ReturnType<typeof openDataFolder>>,
  service: keyof RunFile["grpc"],
  address: string,
  parts: RunningParts,
): Promise<void> {
  const say = (told: string) =>
    changeRunFile(folder, (run) => (run === null ? null : { ...run, grpc: { ...run.grpc, [service]: told } }));
  await say(address);
  parts.add(`the address of ${service} in run.json`, () => say(""));
}

async function serveRegistry(options: ServeServiceOptions, parts: RunningParts): Promise<ServedProcess> {
  const { folder, server, nats } = await attach(options);
  const { logger, port } = options;
  const connection = await nats.connect("registry", "lienthong registry");
  parts.add("the registry's connection", () => connection.close());
  const registry = await createRegistryService({
    connection,
    clock: realClock,
    logger,
    headPath: folder.registryHead,
  });
  parts.add("the registry", () => registry.stop());
  const listening = await openPort({
    services: [registry.service],
    ...{ server, logger, port, registry: registry.follower },
  });
  parts.add("the registry's port", () => listening.drain(drainGraceMs));
  listening.setAllServing(true);
  await announce(folder, "registry", listening.address, parts);
  return { address: listening.address, stopped: null, failed: never, stop: () => parts.stopAll() };
}

async function serveExchange(options: ServeServiceOptions, parts: RunningParts): Promise<ServedProcess> {
  const { folder, server, nats } = await attach(options);
  const { logger, port, replica } = options;
  const { connection, registry, failed } = await followHere(
    nats,
    "exchange",
    replica,
    join(folder.exchange, `${replica}-registry-head`),
    parts,
  );
  const streamsOf = (shard: string) => createReader({ connection, streamName: eventStreamName(shard) }).state();
  const running = await startExchange(replica, { folder, nats, registry, server, port, logger, streamsOf }, parts);
  if (replica === "exchange-1") await announce(folder, "exchange", running.address, parts);
  return {
    address: running.address,
    stopped: running.exchange.stopped()?.message ?? null,
    failed,
    stop: () => parts.stopAll(),
  };
}

async function serveDocuments(options: ServeServiceOptions, parts: RunningParts): Promise<ServedProcess> {
  const { folder, server, nats } = await attach(options);
  const { logger, port } = options;
  const { registry, failed } = await followHere(
    nats,
    "documents",
    "documents",
    join(folder.documents, "registry-head"),
    parts,
  );
  const running = await startDocuments({ folder, nats, registry, server, port, logger }, parts);
  const shards = await followShards(
    registry,
    async ({ name }) => (await running.serveShard(name)).followEvents(),
    logger,
  );
  parts.add("the shards that the documents wait for", () => shards.stop());
  await announce(folder, "documents", running.address, parts);
  return { address: running.address, stopped: null, failed, stop: () => parts.stopAll() };
}

async function serveLedger(options: ServeServiceOptions, parts: RunningParts): Promise<ServedProcess> {
  const { folder, server, nats } = await attach(options);
  const { logger, port } = options;
  const { registry, failed } = await followHere(nats, "ledger", "ledger", join(folder.ledger, "registry-head"), parts);
  let running: RunningLedger | null = null;
  let isEnding = false;
  const announceLogs = async (): Promise<void> => {
    if (running === null) return;
    const address = isEnding ? "" : running.address;
    const kept = isEnding ? [] : running.announcements();
    const shards = [...registry.state.shards()].map(({ record: { name, origin } }) => ({ name, origin }));
    await changeRunFile(folder, (run) =>
      run === null ? null : { ...run, logs: mergeLogs(shards, kept), grpc: { ...run.grpc, ledger: address } },
    );
  };
  let writing = Promise.resolve();
  const onLog = (): void => {
    writing = writing
      .then(announceLogs)
      .catch((error: unknown) => logger.error({ err: error }, "run.json is not up to date."));
  };
  const settings = options.settings ?? readServiceSettings(process.env).values;
  const { httpPort, httpHost } = settings;
  const httpTls = httpTlsOf(settings) ?? false;
  const on = { folder, nats, registry, server, port, httpPort, httpHost, httpTls, logger, onLog };
  running = await startLedger(on, parts);
  if (running.announcements().length === 0) {
    throw new Error(
      `${running.stopped() ?? "No log is kept."} There is nothing to serve; another ledger may be at work on this folder.`,
    );
  }
  onLog();
  await writing;
  parts.add("the ledger's address in run.json", () => {
    isEnding = true;
    return announceLogs();
  });
  const { address, stopped } = running;
  return {
    address,
    stopped: stopped(),
    failed,
    stop: () => parts.stopAll(),
  };
}

async function serveAudit(options: ServeServiceOptions, parts: RunningParts): Promise<ServedProcess> {
  // The index may be seconds late; a statement on the same machine may not.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const { folder, server, nats } = await attach(options);
  const { logger, port } = options;
  const { registry, failed } = await followHere(nats, "audit", "audit", join(folder.audit, "registry-head"), parts);
  const { databaseUrl } = options.settings ?? readServiceSettings(process.env).values;
  const running = await startAudit({ folder, nats, registry, server, port, logger, databaseUrl }, parts);
  await announce(folder, "audit", running.address, parts);
  return { address: running.address, stopped: null, failed, stop: () => parts.stopAll() };
}
