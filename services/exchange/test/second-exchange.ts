/**
 * A process of its own with one more exchange replica on the NATS server and data folder of a bus that runs elsewhere. It is told what to
 * do by its first argument (JSON), says `{"address": …}` on a line of its own when it serves, and ends when its input does.
 */

import { readFileSync } from "node:fs";
import { createGrpcServer, createLogger, openDevelopmentAuthority } from "@lienthong/chassis";
import { createAppender } from "@lienthong/event-store";
import { connectAs } from "@lienthong/nats-server";
import { followRegistry } from "@lienthong/registry";
import { importSigningKey } from "@lienthong/statement";
import { createExchange, exchangeService, ServedShards } from "../src/index.ts";
import { haltingAppender } from "./halting-appender.ts";

/** What the parent tells. */
export interface SecondExchangeOrders {
  readonly shard: string;
  readonly replica: string;
  readonly natsUrl: string;
  /** Hears of the registry over a connection of its own to this address; absent: over the one of the events. */
  readonly registryNatsUrl?: string;
  readonly seedFilePath: string;
  readonly exchangeDirectory: string;
  readonly tlsDirectory: string;
  readonly promiseKeyPath: string;
  readonly logPath: string;
  /** Come to a halt right before a round with an event of this dossier is sent, and say `{"halted": true}`. */
  readonly haltBeforeAppending?: string;
}

const orders = JSON.parse(process.argv[2] as string) as SecondExchangeOrders;
const logger = createLogger({ service: orders.replica, destination: orders.logPath });
const connectTo = (url: string) =>
  connectAs({ url, role: "exchange", seedFilePath: orders.seedFilePath, name: `lienthong ${orders.replica}` });
const { natsUrl, registryNatsUrl } = orders;
const connection = await connectTo(natsUrl);
const registryConnection = registryNatsUrl === undefined ? connection : await connectTo(registryNatsUrl);
const registry = followRegistry({ connection: registryConnection });
await registry.caughtUp;
await registry.catchUp(10_000);
const appender = createAppender({ connection, timeoutMs: 5_000 });
const { haltBeforeAppending } = orders;
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const exchange = await createExchange({
  shard: orders.shard,
  replica: orders.replica,
  directory: orders.exchangeDirectory,
  connection,
  registry,
  promiseKey: importSigningKey(readFileSync(orders.promiseKeyPath, "utf8")),
  logger,
  ...(haltBeforeAppending === undefined
    ? {}
    : { appender: haltingAppender(appender, haltBeforeAppending, () => say({ halted: true })) }),
});
await exchange.startFeed([]);
const shards = new ServedShards();
shards.add(exchange.served);
const authority = await openDevelopmentAuthority({ folder: orders.tlsDirectory });
const server = await createGrpcServer({
  services: [exchangeService(shards, registry)],
  tls: await authority.server(),
  address: "127.0.0.1:0",
  logger,
});
server.setAllServing(true);
say({ address: server.address });
process.stdin.resume().on("end", () => {
  void (async () => {
    await server.drain(1_000);
    await exchange.drain();
    await registry.stop();
    await registryConnection.close();
    await connection.close();
    process.exit(0);
  })();
});
