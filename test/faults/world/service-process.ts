// One service of the bus in a process of its own, as `lienthong serve` runs it, on a demonstration network: seals of all agencies lie in its folder.
// node service-process.ts SERVICE FOLDER PORT
import { join } from "node:path";
import { realShard, type ServedService, serveService } from "@lienthong/bus";
import { createLogger, installSignalDrain } from "@lienthong/chassis";
import { exchangeReplicas, faultSeed } from "./fault-seed.ts";

const [name = "", directory = "", port = "0"] = process.argv.slice(2);
const service = (name.startsWith("exchange-") ? "exchange" : name) as ServedService;
const logger = createLogger({ service: name, destination: join(directory, "logs", `${name}.log`) });
const drainTimeoutMs = 10_000;

// Without the harness there is nobody who would end this process.
process.stdin.resume();
process.stdin.once("end", () => process.kill(process.pid, "SIGKILL"));

const served = await serveService(service, {
  dataDirectory: directory,
  seed: faultSeed,
  shard: realShard(new Date()),
  demonstration: true,
  replica: service === "exchange" ? name : "exchange-1",
  replicas: exchangeReplicas,
  port: Number(port),
  report: () => {},
  logger,
});
const drain = installSignalDrain([{ name, run: () => served.stop() }], { logger, timeoutMs: drainTimeoutMs });
process.stdout.write(`serving ${served.address}\n`);
const error = await served.failed;
process.stderr.write(`${error.message}\n`);
await drain.drain("the service failed");
process.exit(1);
