import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  certificateKeyDigest,
  createGrpcServer,
  createLogger,
  type GrpcServer,
  type GrpcService,
  type Logger,
  openDevelopmentAuthority,
  realClock,
  type StoredTlsMaterial,
} from "@lienthong/chassis";
import { RecordStatus, ShardClock } from "@lienthong/contracts/registry/v1/record";
import { createDelivery } from "@lienthong/delivery";
import {
  createAppender,
  createReader,
  declareEventStream,
  declareRegistryStream,
  declareSettledStream,
  reconcileStreams,
  registryStreamName,
} from "@lienthong/event-store";
import { authenticateSystem, createExchange, delegationRefusal, type Exchange } from "@lienthong/exchange";
import { assertServerSafe, connectAs, findNatsServer, type Role, startEmbeddedNats } from "@lienthong/nats-server";
import { createRegistryService, type RegistryFollower, seedRegistry } from "@lienthong/registry";
import type { SigningKey } from "@lienthong/statement";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Seed } from "../../../deploy/seed/seed.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { demonstrationKeyKind, ensureAgencyKeys, ensureSigningKey, type KeyKind } from "./demonstration-keys.ts";
import {
  type DemonstrationShard,
  type DemonstrationSystem,
  demonstrationSystems,
  scenarioShard,
  scenarioStart,
} from "./demonstration-network.ts";
import { RunningParts } from "./running-parts.ts";

/** How a bus is started. */
export interface StartBusOptions {
  /** Data folder; made if it is not there. */
  readonly dataDirectory: string;
  /** What a new registry begins with; read only if the registry is empty. */
  readonly seed: () => Promise<Seed>;
  readonly shard?: DemonstrationShard;
  /** Systems and who delegates to them; by default those of the demonstration. */
  readonly systems?: (seed: Seed) => DemonstrationSystem[];
  /** Kind of seal that an agency gets; by default all three kinds occur. */
  readonly keyKind?: (agency: string) => KeyKind;
  /** Exchange replicas of the shard, each with its own port, heads and promise key. 1 to 8. */
  readonly replicas?: number;
  /** Ports to listen on; 0 or absent: free ones. */
  readonly ports?: { readonly registry?: number; readonly exchange?: number };
  /** Told of progress in whole sentences. */
  readonly report?: (line: string) => void;
  readonly logger?: Logger;
}

/** `run.json`: where a running bus is to be found. */
export interface RunFile {
  readonly grpc: { readonly registry: string; readonly exchange: string };
  readonly nats: string;
  readonly tls: { readonly ca: string; readonly certificates: Record<string, { certificate: string; key: string }> };
  readonly logs: readonly { readonly name: string; readonly origin: string }[];
  readonly shard: string;
  /** Folder of the demonstration seals, `<agency>.pem`. */
  readonly keys: string;
  readonly pid: number;
}

/** One exchange replica. */
export interface RunningReplica {
  readonly name: string;
  readonly address: string;
  readonly exchange: Exchange;
}

/** A bus that runs. */
export interface Bus {
  readonly run: RunFile;
  readonly folder: DataFolder;
  readonly shard: DemonstrationShard;
  readonly registry: RegistryFollower;
  readonly registrarKey: SigningKey;
  readonly replicas: readonly RunningReplica[];
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

const promiseDelaySeconds = 86_400n;
const drainGraceMs = 5_000;

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
  const { report = () => {}, shard = scenarioShard } = options;
  const folder = await openDataFolder(options.dataDirectory);
  const logger = options.logger ?? createLogger({ service: "bus", destination: join(folder.logs, "bus.log") });
  const nats = await startNats(folder, report, parts);

  const admin = await nats.connect("admin", "lienthong reconciler");
  const evidence = await assertServerSafe(admin);
  report(`nats-server ${evidence.version} syncs every write to disk before it answers (${nats.origin}).`);
  await reconcileStreams(await jetstreamManager(admin, { checkAPI: false }), [
    declareRegistryStream({ replicas: 1 }),
    declareEventStream({ shard: shard.name, replicas: 1 }),
    declareSettledStream({ shard: shard.name, replicas: 1 }),
  ]);
  await admin.close();

  const authority = await openDevelopmentAuthority({ folder: folder.tls });
  const server = await authority.server();
  const registryConnection = await nats.connect("registry", "lienthong registry");
  parts.add("the registry's connection", () => registryConnection.close());
  const keys = await seedIfEmpty({ ...options, shard, folder, authority, connection: registryConnection, report });

  const listen = async (services: readonly GrpcService[], port: number, name: string): Promise<GrpcServer> => {
    const listening = await createGrpcServer({ services, tls: server, address: `127.0.0.1:${port}`, logger });
    parts.add(name, () => listening.drain(drainGraceMs));
    return listening;
  };
  const registry = await createRegistryService({ connection: registryConnection, clock: realClock, logger });
  parts.add("the registry", () => registry.stop());
  const registryServer = await listen([registry.service], options.ports?.registry ?? 0, "the registry's port");
  registryServer.setAllServing(true);

  const replicas: RunningReplica[] = [];
  // In one process everybody asks the same fold of the registry.
  const followed = registry.follower;
  for (let index = 1; index <= (options.replicas ?? 1); index++) {
    const name = `exchange-${index}`;
    const connection = await nats.connect("exchange", `lienthong ${name}`);
    parts.add(`the connection of ${name}`, () => connection.close());
    const deliveryConnection = await nats.connect("delivery", `lienthong delivery of ${name}`);
    parts.add(`the delivery's connection of ${name}`, () => deliveryConnection.close());
    const exchange = await createExchange({
      shard: shard.name,
      replica: name,
      directory: folder.exchange,
      connection,
      registry: followed,
      promiseKey: await ensureSigningKey(join(folder.promiseKeys, `${name}.pem`), "ed25519"),
      ...(shard.simulated ? { simulatedStart: scenarioStart } : {}),
      logger,
    });
    parts.add(name, () => exchange.drain());
    const delivery = await createDelivery({
      shard: shard.name,
      connection: deliveryConnection,
      directory: join(folder.delivery, name),
      clock: realClock,
      logger,
      authorise: (identity, agency) =>
        delegationRefusal(followed.state, authenticateSystem(followed.state, identity), agency, "start.agencies"),
      onFirstSettled: (notice) => exchange.recordDelivered(notice),
    });
    await delivery.start();
    parts.add(`the delivery of ${name}`, () => delivery.drain());
    await exchange.startFeed([delivery]);
    const port = index === 1 ? (options.ports?.exchange ?? 0) : 0;
    const listening = await listen([exchange.service, delivery.service], port, `the port of ${name}`);
    listening.setAllServing(exchange.stopped() === null);
    replicas.push({ name, address: listening.address, exchange });
  }

  const certificates: Record<string, { certificate: string; key: string }> = {};
  for (const [id, material] of keys.systems) {
    certificates[id] = { certificate: material.files.certPath, key: material.files.keyPath };
  }
  const run: RunFile = {
    grpc: { registry: registryServer.address, exchange: replicas[0]?.address ?? "" },
    nats: nats.url,
    tls: { ca: server.files.caPath, certificates },
    logs: [{ name: shard.name, origin: shard.origin }],
    shard: shard.name,
    keys: folder.agencyKeys,
    pid: process.pid,
  };
  await writeFile(`${folder.runFile}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  await rename(`${folder.runFile}.new`, folder.runFile);
  parts.add("run.json", () => rm(folder.runFile, { force: true }));

  return {
    run,
    folder,
    shard,
    registry: followed,
    registrarKey: keys.registrarKey,
    replicas,
    natsServer: `${evidence.version}, ${nats.origin}`,
    natsPid: nats.pid,
    failed: nats.failed,
    connectNats: nats.connect,
    stop: () => parts.stopAll(),
  };
}

interface StartedNats {
  readonly url: string;
  readonly pid: number | null;
  /** Where it comes from, for people. */
  readonly origin: string;
  readonly failed: Promise<Error>;
  connect(role: Role, name: string): Promise<NatsConnection>;
}

async function startNats(
  folder: DataFolder,
  report: (line: string) => void,
  parts: RunningParts,
): Promise<StartedNats> {
  const found = await findNatsServer({ report });
  if (found.kind === "external") {
    const seeds = process.env.LIENTHONG_NATS_SEEDS;
    if (seeds === undefined) {
      throw new Error(
        "LIENTHONG_NATS_URL names a nats-server of yours; set LIENTHONG_NATS_SEEDS to the folder with a seed file per role (deploy/nats/README.md).",
      );
    }
    return {
      url: found.url,
      pid: null,
      origin: "a server of yours",
      failed: new Promise(() => {}),
      connect: (role, name) => connectAs({ url: found.url, role, seedFilePath: join(seeds, `${role}.nk`), name }),
    };
  }
  const embedded = await startEmbeddedNats({ binaryPath: found.path, dataDirectory: folder.nats, report });
  parts.add("the nats-server", () => embedded.stop());
  return {
    url: embedded.url,
    pid: embedded.pid,
    origin: `embedded, ${found.origin}`,
    failed: embedded.exited.then(async (exit) => {
      if (exit.wasAskedTo) await new Promise(() => {});
      return new Error(
        `The embedded nats-server ended by itself (${exit.signal ?? `exit code ${exit.code}`}); its log is in ${folder.nats}.`,
      );
    }),
    connect: (role, name) =>
      connectAs({ url: embedded.url, role, seedFilePath: embedded.credentials[role].seedFilePath, name }),
  };
}

interface Keys {
  readonly registrarKey: SigningKey;
  readonly systems: ReadonlyMap<string, StoredTlsMaterial>;
}

/** Remembered when the seed is in the registry as a whole: then it is not looked at again. */
interface SeededMark {
  readonly systems: readonly string[];
  readonly replicas: number;
}

/** Loads the seed into an empty registry; after a crash in the middle, the rest of it. */
async function seedIfEmpty(
  options: StartBusOptions & {
    readonly shard: DemonstrationShard;
    readonly folder: DataFolder;
    readonly authority: Awaited<ReturnType<typeof openDevelopmentAuthority>>;
    readonly connection: NatsConnection;
    readonly report: (line: string) => void;
  },
): Promise<Keys> {
  const { folder, shard, connection, authority, report } = options;
  const registrarKey = await ensureSigningKey(folder.registrarKey, "ed25519");
  const material = new Map<string, StoredTlsMaterial>();
  const mark = existsSync(folder.seededMark)
    ? (JSON.parse(await readFile(folder.seededMark, "utf8")) as SeededMark)
    : null;
  if (mark !== null && mark.replicas >= (options.replicas ?? 1)) {
    for (const id of mark.systems) material.set(id, await authority.system(id));
    return { registrarKey, systems: material };
  }
  const seed = await options.seed();
  const systems = (options.systems ?? demonstrationSystems)(seed);
  for (const { id } of systems) material.set(id, await authority.system(id));
  const reader = createReader({ connection, streamName: registryStreamName });
  const logKey = await ensureSigningKey(join(folder.logKeys, `${shard.name}.pem`), "ed25519");
  const agencyKeys = await ensureAgencyKeys(
    folder.agencyKeys,
    seed.agencies.map(({ record }) => record.id),
    options.keyKind ?? demonstrationKeyKind,
  );
  const promiseKeys: { replica: string; key: SigningKey }[] = [];
  for (let index = 1; index <= (options.replicas ?? 1); index++) {
    const replica = `exchange-${index}`;
    promiseKeys.push({ replica, key: await ensureSigningKey(join(folder.promiseKeys, `${replica}.pem`), "ed25519") });
  }
  const seeded = await seedRegistry({
    append: createAppender({ connection, timeoutMs: 10_000 }),
    reader,
    registrarKey,
    networkName: "lienthong-demonstration",
    recordedTime: realClock.now(),
    report,
    seed,
    systems: systems.map(({ id, name }) => ({
      id,
      name,
      responsibleAgency: "",
      certificateKeyDigests: [certificateKeyDigest((material.get(id) as StoredTlsMaterial).certPem)],
      status: RecordStatus.RECORD_STATUS_ACTIVE,
    })),
    agencyKeys: [...agencyKeys].map(([agency, key]) => ({ agency, key, demonstration: true })),
    delegations: systems.flatMap(({ id, agencies }) => agencies.map((agency) => ({ agency, system: id }))),
    promiseKeys,
    shards: [
      {
        name: shard.name,
        origin: shard.origin,
        // The last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the raw key (RFC 8410).
        logPublicKey: logKey.publicKey.slice(-32),
        promiseDelay: { seconds: promiseDelaySeconds, nanos: 0 },
        clock: shard.simulated ? ShardClock.SHARD_CLOCK_SIMULATED : ShardClock.SHARD_CLOCK_REAL,
        areaCodes: ["01"],
        closed: false,
      },
    ],
  });
  if (seeded.written > 0)
    report(
      `The registry was seeded: ${seeded.head.size} entries, head ${Buffer.from(seeded.head.root).toString("hex").slice(0, 16)}…`,
    );
  const seededMark: SeededMark = { systems: [...material.keys()], replicas: options.replicas ?? 1 };
  await writeFile(folder.seededMark, `${JSON.stringify(seededMark)}\n`);
  return { registrarKey, systems: material };
}
