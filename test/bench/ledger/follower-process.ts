// The ledger or the index of a bus, in a process of its own, as `lienthong serve` runs it.
import { realShard, serveService } from "@lienthong/bus";
import { createLogger } from "@lienthong/chassis";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { onCommand } from "../child-process.ts";

/** Which, and of which data folder. */
export interface FollowerOrders {
  readonly service: "ledger" | "audit";
  readonly dataDirectory: string;
  /** PostgreSQL of the index; absent: the embedded one. */
  readonly databaseUrl?: string;
}

let stop: () => Promise<void> = async () => {};

onCommand<FollowerOrders, string>(async ({ service, dataDirectory, databaseUrl }) => {
  if (databaseUrl !== undefined) process.env.LIENTHONG_DATABASE_URL = databaseUrl;
  const served = await serveService(service, {
    dataDirectory,
    seed: loadSeed,
    shard: realShard(new Date()),
    demonstration: false,
    replica: "exchange-1",
    replicas: 1,
    port: 0,
    report: () => {},
    logger: createLogger({ service, level: "error" }),
  });
  stop = () => served.stop();
  return served.address;
});

process.on("SIGTERM", () => void stop().finally(() => process.exit(0)));
