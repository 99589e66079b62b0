import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Connection, connect } from "@lienthong/client";
import type { TestBus } from "@lienthong/testkit";
import type { SecondExchangeOrders } from "./second-exchange.ts";

/** An exchange replica in a process of its own. */
export interface ExchangeProcess {
  /** A new connection to it, as a system; closed by `stop`. */
  connect(system: string): Connection;
  /** Resolves when it has come to the halt it was ordered to. */
  readonly halted: Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Ends it in good order. */
  stop(): Promise<void>;
}

/** Starts replica `exchange-<number>` of a bus as a process of its own; the bus must have been seeded with that many replicas. */
export async function startExchangeProcess(
  bus: TestBus,
  number: number,
  orders: Pick<SecondExchangeOrders, "haltBeforeAppending" | "registryNatsUrl"> = {},
): Promise<ExchangeProcess> {
  const { folder, run, shard } = bus.bus;
  const replica = `exchange-${number}`;
  const told: SecondExchangeOrders = {
    shard: shard.name,
    replica,
    natsUrl: run.nats,
    seedFilePath: join(folder.nats, "nkeys", "exchange.seed"),
    exchangeDirectory: join(folder.exchange, shard.name),
    tlsDirectory: folder.tls,
    promiseKeyPath: join(folder.promiseKeys, `${replica}.pem`),
    logPath: join(folder.logs, `${replica}.log`),
    ...orders,
  };
  const script = join(import.meta.dirname, "second-exchange.ts");
  const child: ChildProcess = spawn(process.execPath, [script, JSON.stringify(told)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = await Promise.race([
    once(lines, "line").then(([line]) => line as string),
    ended.then((code) => {
      throw new Error(`The process of ${replica} ended with ${code} before it served.`);
    }),
  ]);
  const { address } = JSON.parse(first) as { address: string };
  const connections: Connection[] = [];
  const halted = once(lines, "line").then(([line]) => {
    if (line !== JSON.stringify({ halted: true })) throw new Error(`The process of ${replica} said ${line}.`);
  });
  return {
    halted,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    connect(system) {
      const connection = connect({ address, tls: bus.tls(system), channel: { sharedConnection: false } });
      connections.push(connection);
      return connection;
    },
    async stop() {
      for (const connection of connections) connection.close();
      child.stdin?.end();
      await ended;
    },
  };
}
