import { join, resolve } from "node:path";
import { realShard, type ServedService, scenarioShard, servedServices, serveService } from "@lienthong/bus";
import { createLogger, installSignalDrain, readServiceSettings } from "@lienthong/chassis";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { EXIT, usageError } from "./exit-codes.ts";
import type { ServeOptions } from "./run-options.ts";
import { upMessages } from "./up-messages.ts";

const drainTimeoutMs = 20_000;

function numberFrom(name: string, fallback: number, max: number): number {
  const value = process.env[name];
  if (value === undefined) return fallback;
  if (!/^\d{1,5}$/.test(value) || Number(value) > max)
    throw usageError(`${name} is "${value}"; allowed: a whole number from 0 to ${max}.`);
  return Number(value);
}

/**
 * `lienthong serve SERVICE`: one service in this process, on the data folder that `serve store` prepared. Environment:
 * LIENTHONG_PORT (0: a free one), LIENTHONG_REPLICA (default exchange-1), LIENTHONG_REPLICAS (for a new store), LIENTHONG_SHARD_CLOCK
 * (`real` or `simulated`, for a new store).
 */
export async function runServe(service: string, options: ServeOptions): Promise<number> {
  if (!servedServices.includes(service as ServedService)) {
    throw usageError(`There is no service "${service}"; allowed: ${servedServices.join(", ")}.`);
  }
  const text = upMessages[options.language];
  const talk = (line: string): void => void process.stderr.write(`${line}\n`);
  const dataDirectory = resolve(options.dataDirectory);
  const replica = process.env.LIENTHONG_REPLICA ?? "exchange-1";
  if (!/^exchange-[1-8]$/.test(replica))
    throw usageError(`LIENTHONG_REPLICA is "${replica}"; allowed: exchange-1 to exchange-8.`);
  const served = await serveService(service as ServedService, {
    dataDirectory,
    seed: loadSeed,
    shard: process.env.LIENTHONG_SHARD_CLOCK === "simulated" ? scenarioShard : realShard(new Date()),
    // Keys of a demonstration are made by `up` alone.
    demonstration: false,
    replica,
    replicas: Math.max(1, numberFrom("LIENTHONG_REPLICAS", 1, 8)),
    port: numberFrom("LIENTHONG_PORT", 0, 65_535),
    settings: readServiceSettings(process.env, options.http).values,
    report: (line, told) => talk(told === undefined ? line : text.report(told)),
    logger: createLogger({
      service,
      destination: join(dataDirectory, "logs", `${service === "exchange" ? replica : service}.log`),
    }),
  });
  const drain = installSignalDrain(
    [
      { name: "what is under way", run: () => talk(text.draining) },
      { name: service, run: () => served.stop() },
      { name: "the last word", run: () => talk(text.ended) },
    ],
    { logger: createLogger({ service, level: "error" }), timeoutMs: drainTimeoutMs },
  );
  if (served.stopped !== null) talk(text.stopped(served.stopped));
  process.stdout.write(`${service} ${served.address}\n`);
  const error = await served.failed;
  talk(error.message);
  await drain.drain("the service failed");
  return EXIT.fault;
}
