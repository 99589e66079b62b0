import { join } from "node:path";
import { createGrpcServer, type Logger, realClock, type StoredTlsMaterial } from "@lienthong/chassis";
import { createDelivery } from "@lienthong/delivery";
import {
  authenticateSystem,
  createExchange,
  delegationRefusal,
  type Exchange,
  exchangeService,
  ServedShards,
} from "@lienthong/exchange";
import type { RegistryFollower } from "@lienthong/registry";
import type { DataFolder } from "./data-folder.ts";
import { ensureSigningKey } from "./demonstration-keys.ts";
import { type DemonstrationShard, scenarioStart } from "./demonstration-network.ts";
import type { RunningParts } from "./running-parts.ts";
import type { NatsAccess } from "./start-nats.ts";

/** One exchange replica. */
export interface RunningReplica {
  readonly name: string;
  readonly address: string;
  readonly exchange: Exchange;
}

/** Most time for calls under way when a port is closed, in milliseconds. */
export const drainGraceMs = 5_000;

/** Starts one exchange replica with its delivery, and its port. */
export async function startExchange(
  name: string,
  on: {
    readonly folder: DataFolder;
    readonly nats: NatsAccess;
    readonly shard: DemonstrationShard;
    readonly registry: RegistryFollower;
    readonly server: StoredTlsMaterial;
    readonly port: number;
    readonly logger: Logger;
  },
  parts: RunningParts,
): Promise<RunningReplica> {
  const { folder, nats, shard, registry, logger } = on;
  const connection = await nats.connect("exchange", `lienthong ${name}`);
  parts.add(`the connection of ${name}`, () => connection.close());
  const deliveryConnection = await nats.connect("delivery", `lienthong delivery of ${name}`);
  parts.add(`the delivery's connection of ${name}`, () => deliveryConnection.close());
  const exchange = await createExchange({
    shard: shard.name,
    replica: name,
    directory: folder.exchange,
    connection,
    registry,
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
      delegationRefusal(registry.state, authenticateSystem(registry.state, identity), agency, "start.agencies"),
    onFirstSettled: (notice) => exchange.recordDelivered(notice),
  });
  await delivery.start();
  parts.add(`the delivery of ${name}`, () => delivery.drain());
  await exchange.startFeed([delivery]);
  const shards = new ServedShards();
  shards.add(exchange.served);
  const listening = await createGrpcServer({
    services: [exchangeService(shards, registry), delivery.service],
    tls: on.server,
    address: `127.0.0.1:${on.port}`,
    logger,
  });
  parts.add(`the port of ${name}`, () => listening.drain(drainGraceMs));
  listening.setAllServing(exchange.stopped() === null);
  return { name, address: listening.address, exchange };
}
