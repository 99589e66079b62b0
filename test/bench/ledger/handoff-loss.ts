// What following costs the handoffs: the same load with the ledger and the index at work, and with both standing still.
import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { RunFile } from "@lienthong/bus";
import { createGrpcCredentials, grpcChannelOptions } from "@lienthong/chassis/channel";
import { AuditServiceClient, type GetIndexStatusResponse } from "@lienthong/contracts/audit/v1/audit_service";
import pg from "pg";
import { PostgresCluster } from "../../../services/audit/test/databases.ts";
import type { BenchBus, BenchBusOrders } from "../bus-process.ts";
import { type BenchProcess, startBenchProcess } from "../child-process.ts";
import type { LoadCommand, LoadResult } from "../load-process.ts";
import { median, percentile, processorSeconds } from "../results.ts";
import type { FollowerOrders } from "./follower-process.ts";

const inFlight = 256;
/** Each look costs the follower and this process about a millisecond; a lag is told as up to this much longer than it was. */
const watchEveryMs = 250;
const catchUpLookEveryMs = 20;
const catchUpMsMax = 600_000;

/** When a follower was first seen to have so many leaves; milliseconds since 1970. */
interface Sample {
  readonly atMs: number;
  readonly size: number;
}

/** A follower in a process of its own. */
interface Follower {
  readonly process: BenchProcess<FollowerOrders, string>;
  /** Leaves that it has: under the published checkpoint, or in the index. */
  size(): Promise<number>;
}

function startFollower(orders: FollowerOrders): {
  process: BenchProcess<FollowerOrders, string>;
  started: Promise<string>;
} {
  const follower = startBenchProcess<FollowerOrders, string>("./ledger/follower-process.ts");
  return { process: follower, started: follower.call(orders) };
}

const readRun = (bus: BenchBus): RunFile => JSON.parse(readFileSync(bus.runFile, "utf8")) as RunFile;

async function ledgerOf(bus: BenchBus): Promise<Follower> {
  const { process, started } = startFollower({ service: "ledger", dataDirectory: dirname(bus.runFile) });
  await started;
  const { shard, logs } = readRun(bus);
  const url = logs.find(({ name }) => name === shard)?.url ?? "";
  return {
    process,
    async size() {
      const [, size] = (await (await fetch(`${url}/checkpoint`)).text()).split("\n");
      return Number(size);
    },
  };
}

async function indexOf(bus: BenchBus, databaseUrl?: string): Promise<Follower> {
  const orders: FollowerOrders = { service: "audit", dataDirectory: dirname(bus.runFile) };
  const { process, started } = startFollower(databaseUrl === undefined ? orders : { ...orders, databaseUrl });
  const address = await started;
  const { tls, shard } = readRun(bus);
  const files = tls.certificates.operator;
  if (files === undefined) throw new Error("The operator has no certificate.");
  const [caPem, certPem, keyPem] = [tls.ca, files.certificate, files.key].map((path) => readFileSync(path, "utf8"));
  const credentials = createGrpcCredentials({ caPem: caPem ?? "", certPem: certPem ?? "", keyPem: keyPem ?? "" });
  const client = new AuditServiceClient(address, credentials, grpcChannelOptions({ serverName: "localhost" }));
  const status = (): Promise<GetIndexStatusResponse> =>
    new Promise((resolve, reject) =>
      client.getIndexStatus({}, (error, response) => (error === null ? resolve(response) : reject(error))),
    );
  return {
    process,
    async size() {
      const { shards } = await status();
      return Number(shards.find(({ asOf }) => asOf?.shard === shard)?.asOf?.size ?? 0);
    },
  };
}

/** Looks every now and then how far a follower is, until told to stop. */
function watch(follower: Follower): { stop(): Promise<Sample[]> } {
  const samples: Sample[] = [];
  let stopping = false;
  const looking = (async () => {
    while (!stopping) {
      const size = await follower.size();
      if (size > (samples.at(-1)?.size ?? 0)) samples.push({ atMs: Date.now(), size });
      await pause(watchEveryMs);
    }
  })();
  return {
    async stop() {
      stopping = true;
      await looking;
      return samples;
    },
  };
}

async function caughtUp(followers: readonly Follower[], load: BenchProcess<LoadCommand, LoadResult>): Promise<void> {
  const { events } = await load.call({ kind: "count" });
  const deadline = Date.now() + catchUpMsMax;
  for (const follower of followers) {
    while ((await follower.size()) < events) {
      if (Date.now() > deadline) throw new Error(`A follower did not catch up within ${catchUpMsMax} ms.`);
      await pause(catchUpLookEveryMs);
    }
  }
}

/**
 * From when each leaf was recorded until it was first seen to be covered; milliseconds. Of every stretch by itself: what was recorded between two
 * of them was recorded while the followers were held.
 */
function lags(recordedMs: ReadonlyMap<number, number>, stretches: readonly (readonly Sample[])[]): number[] {
  const found: number[] = [];
  for (const samples of stretches) {
    for (const [at, sample] of samples.entries()) {
      const before = samples[at - 1];
      if (before === undefined) continue;
      for (let leaf = before.size; leaf < sample.size; leaf++) {
        const recorded = recordedMs.get(leaf);
        if (recorded !== undefined) found.push(sample.atMs - recorded);
      }
    }
  }
  return found;
}

/** Processor seconds of all processes of PostgreSQL on this machine. */
function postgresSeconds(): number {
  let seconds = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readFileSync(`/proc/${name}/comm`, "utf8").trim() === "postgres") seconds += processorSeconds(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return seconds;
}

interface Measured {
  readonly lossPercents: readonly number[];
  /** A list for each stretch. */
  readonly seals: readonly Sample[][];
  readonly indexed: readonly Sample[][];
  /** Processor seconds per 1,000 handoffs while they follow, by process. */
  readonly spent: Readonly<Record<string, number[]>>;
  /** The same while they stand still. */
  readonly spentAlone: Readonly<Record<string, number[]>>;
}

/** `handoff_loss_percent` with served PostgreSQL and with the embedded one, and how late the followers are meanwhile. */
export async function benchHandoffLoss(options: {
  readonly quick: boolean;
  readonly say: (line: string) => void;
}): Promise<Record<string, number>> {
  const pairs = options.quick ? 1 : 5;
  // Several bursts of the index: a short stretch with one more or one less than the other says little.
  const seconds = options.quick ? 4 : 16;
  const cluster = await PostgresCluster.start();
  const busProcess = startBenchProcess<BenchBusOrders, BenchBus>("./bus-process.ts");
  const load = startBenchProcess<LoadCommand, LoadResult>("./load-process.ts");
  const running: Follower[] = [];
  try {
    const bus = await busProcess.call({ keyKind: "ed25519", ledger: "elsewhere" });
    await load.call({ kind: "connect", bus });
    const ledger = await ledgerOf(bus);
    running.push(ledger);

    const measure = async (index: Follower, name: string): Promise<Measured> => {
      const followers = [ledger, index];
      const pids = followers.map(({ process }) => process.pid);
      const signal = (which: "SIGSTOP" | "SIGCONT"): void => pids.forEach((pid) => void process.kill(pid, which));
      const stretch = { kind: "saturate", inFlight, warmUpSeconds: 2, seconds } as const;
      const lossPercents: number[] = [];
      const seals: Sample[][] = [];
      const indexed: Sample[][] = [];
      const spent: Record<string, number[]> = {};
      const spentAlone: Record<string, number[]> = {};
      const secondsOf = (): Record<string, number> => ({
        exchange: processorSeconds(busProcess.pid),
        nats_server: processorSeconds(bus.natsPid),
        ledger: processorSeconds(ledger.process.pid),
        index: processorSeconds(index.process.pid),
        postgres: postgresSeconds(),
        load: processorSeconds(load.pid),
      });
      const noteSpent = (into: Record<string, number[]>, before: Record<string, number>, result: LoadResult): void => {
        const share = result.seconds / (result.seconds + stretch.warmUpSeconds);
        for (const [process, seconds] of Object.entries(secondsOf())) {
          into[process] ??= [];
          into[process].push(((seconds - (before[process] ?? 0)) * share * 1_000) / result.handoffs);
        }
      };
      const withThem = async (): Promise<number> => {
        await caughtUp(followers, load);
        const watches = followers.map(watch);
        const before = secondsOf();
        const result = await load.call(stretch);
        const [seal = [], row = []] = await Promise.all(watches.map((one) => one.stop()));
        seals.push(seal);
        indexed.push(row);
        noteSpent(spent, before, result);
        return result.handoffs / result.seconds;
      };
      const without = async (): Promise<number> => {
        await caughtUp(followers, load);
        signal("SIGSTOP");
        const before = secondsOf();
        const result = await load.call(stretch).finally(() => signal("SIGCONT"));
        noteSpent(spentAlone, before, result);
        return result.handoffs / result.seconds;
      };
      for (let pair = 0; pair < pairs; pair++) {
        // Whoever comes second finds a larger stream: take turns.
        const first = await (pair % 2 === 0 ? without() : withThem());
        const second = await (pair % 2 === 0 ? withThem() : without());
        const [off, on] = pair % 2 === 0 ? [first, second] : [second, first];
        lossPercents.push(100 * (1 - on / off));
        options.say(
          `${name}, pair ${pair + 1}: ${off.toFixed(0)} handoffs/s without, ${on.toFixed(0)} with ledger and index: ${lossPercents.at(-1)?.toFixed(1)} % less`,
        );
      }
      await caughtUp(followers, load);
      return { lossPercents, seals, indexed, spent, spentAlone };
    };

    const url = await cluster.newDatabase();
    const served = await indexOf(bus, url);
    running.push(served);
    const measured = await measure(served, "PostgreSQL");
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query<{ leaf: string; wall_us: string }>(
      "select leaf, wall_us from lienthong_audit.event",
    );
    await client.end();
    const recordedMs = new Map(rows.map(({ leaf, wall_us }) => [Number(leaf), Number(wall_us) / 1_000]));
    await served.process.end();
    running.pop();

    const embedded = await indexOf(bus);
    running.push(embedded);
    const beside = await measure(embedded, "PGlite");
    const spentOf = ({ spent, spentAlone }: Measured, suffix: string): Record<string, number> => {
      const named = (how: string, of: Readonly<Record<string, number[]>>): [string, number][] =>
        Object.entries(of).map(([process, seconds]) => [
          `cpu_seconds_per_1000_handoffs_${how}_${process}${suffix}`,
          median(seconds),
        ]);
      return Object.fromEntries([...named("alone", spentAlone), ...named("followed", spent)]);
    };
    return {
      ...spentOf(measured, ""),
      ...spentOf(beside, "_pglite"),
      handoff_loss_percent: median(measured.lossPercents),
      handoff_loss_percent_pglite: median(beside.lossPercents),
      seal_lag_p50_ms: percentile(lags(recordedMs, measured.seals), 0.5),
      seal_lag_p99_ms: percentile(lags(recordedMs, measured.seals), 0.99),
      index_lag_p50_ms: percentile(lags(recordedMs, measured.indexed), 0.5),
      index_lag_p99_ms: percentile(lags(recordedMs, measured.indexed), 0.99),
    };
  } finally {
    await load.end();
    await Promise.all(running.map(({ process }) => process.end()));
    await busProcess.end();
    await cluster.stop();
  }
}

if (import.meta.main) {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  console.log(await benchHandoffLoss({ quick: process.argv.includes("--quick"), say }));
}
