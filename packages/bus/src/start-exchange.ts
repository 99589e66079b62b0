import { join } from "node:path";
import { accessRecorder } from "@lienthong/audit";
import { type LimitSettings, type Logger, realClock, type StoredTlsMaterial } from "@lienthong/chassis";
import { ShardClock, type ShardRecord } from "@lienthong/contracts/registry/v1/record";
import { createDelivery, deliveryService, ServedDeliveries } from "@lienthong/delivery";
import { createDocumentsCheck } from "@lienthong/documents";
import { createReader, eventStreamName } from "@lienthong/event-store";
import {
  authenticateSystem,
  createExchange,
  delegationRefusal,
  type EventFollower,
  type Exchange,
  exchangeService,
  ServedShards,
} from "@lienthong/exchange";
import type { RegistryFollower } from "@lienthong/registry";
import type { DataFolder } from "./data-folder.ts";
import { ensureSigningKey } from "./demonstration-keys.ts";
import { scenarioStart } from "./demonstration-network.ts";
import { followShards } from "./follow-shards.ts";
import { openPort, sharesOfSystems } from "./open-port.ts";
import type { RunningParts } from "./running-parts.ts";
import type { NatsAccess } from "./start-nats.ts";
import { watchStore } from "./watch-store.ts";

/** One exchange replica. */
export interface RunningReplica {
  readonly name: string;
  readonly address: string;
  /** The exchange of the first shard that the registry declares. */
  readonly exchange: Exchange;
  /** The exchange of a shard; undefined while it is not served. */
  shard(name: string): Exchange | undefined;
}

/** Most time for calls under way when a port is closed, in milliseconds. */
export const drainGraceMs = 5_000;

/** What an exchange replica stands on. */
export interface ReplicaSurroundings {
  readonly folder: DataFolder;
  readonly nats: NatsAccess;
  readonly registry: RegistryFollower;
  readonly server: StoredTlsMaterial;
  readonly port: number;
  readonly logger: Logger;
  /** What one system may take; by default as the environment says. */
  readonly share?: LimitSettings | undefined;
  /** Dossiers kept in memory, about 6 KB each; default 8,192. */
  readonly dossiersCachedMax?: number | undefined;
  /** Resolves when the streams of a shard are there. */
  readonly streamsOf: (shard: string) => Promise<unknown>;
  /** Who else follows the events of a shard in this process. */
  readonly followersOf?: (shard: string) => Promise<readonly EventFollower[]>;
  /** Told of each shard that is served, and of the one that takes new dossiers now. */
  readonly onServed?: (shard: ShardRecord, forOpening: string) => void;
}

/** Starts one exchange replica with its deliveries, for every shard that the registry declares now or later, and its port. */
export async function startExchange(
  name: string,
  on: ReplicaSurroundings,
  parts: RunningParts,
): Promise<RunningReplica> {
  const { nats, registry, logger } = on;
  const connection = await nats.connect("exchange", `lienthong ${name}`);
  parts.add(`the connection of ${name}`, () => connection.close());
  const deliveryConnection = await nats.connect("delivery", `lienthong delivery of ${name}`);
  parts.add(`the delivery's connection of ${name}`, () => deliveryConnection.close());
  const promiseKey = await ensureSigningKey(join(on.folder.promiseKeys, `${name}.pem`), "ed25519");

  const exchanges = new Map<string, Exchange>();
  const shards = new ServedShards();
  const deliveries = new ServedDeliveries();

  async function serveShard(record: ShardRecord): Promise<void> {
    const { name: shard } = record;
    await on.streamsOf(shard);
    const exchange = await createExchange({
      shard,
      replica: name,
      directory: join(on.folder.exchange, shard),
      connection,
      registry,
      promiseKey,
      documents: createDocumentsCheck(connection, shard),
      ...(record.clock === ShardClock.SHARD_CLOCK_SIMULATED ? { simulatedStart: scenarioStart } : {}),
      ...(on.dossiersCachedMax === undefined ? {} : { dossiersCachedMax: on.dossiersCachedMax }),
      logger,
    });
    parts.add(`${name} of ${shard}`, () => exchange.drain());
    const delivery = createDelivery({
      shard,
      connection: deliveryConnection,
      directory: join(on.folder.delivery, name),
      clock: realClock,
      logger,
      // A delegation that has ended ends open streams well within the 5 s that agencies are told.
      authoriseEveryMs: 2_000,
      authorise: (identity, agency) =>
        delegationRefusal(registry.state, authenticateSystem(registry.state, identity), agency, "start.agencies"),
      onFirstSettled: (notice) => exchange.recordDelivered(notice),
    });
    await delivery.start();
    parts.add(`the delivery of ${name} of ${shard}`, () => delivery.drain());
    await exchange.startFeed([delivery, ...((await on.followersOf?.(shard)) ?? [])]);
    exchanges.set(shard, exchange);
    shards.add(exchange.served);
    deliveries.add(shard, delivery);
    on.onServed?.(record, shards.forOpening(registry.state).name);
  }

  const following = await followShards(registry, serveShard, logger);
  parts.add(`the shards that ${name} waits for`, () => following.stop());
  const exchange = exchanges.values().next().value;
  if (exchange === undefined) throw new Error("The registry declares no shard; the registrar must add one first.");

  const { server, port, share = sharesOfSystems() } = on;
  const recordAccess = accessRecorder(connection, realClock);
  const listening = await openPort({
    services: [exchangeService(shards, registry, recordAccess, share), deliveryService(deliveries)],
    ...{ server, registry, port, logger, share },
  });
  parts.add(`the port of ${name}`, () => listening.drain(drainGraceMs));
  listening.setAllServing(exchange.stopped() === null);
  const [firstShard] = exchanges.keys();
  const stream = createReader({ connection, streamName: eventStreamName(firstShard as string), timeoutMs: 3_000 });
  const watching = watchStore(stream, (canAccept) => {
    if (!canAccept) logger.warn({ shard: firstShard }, "The store answers for no majority: nothing is accepted.");
    listening.setAllServing(canAccept && exchange.stopped() === null);
  });
  parts.add(`the look of ${name} at the store`, () => watching.stop());
  return { name, address: listening.address, exchange, shard: (shard) => exchanges.get(shard) };
}
