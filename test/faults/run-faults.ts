import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { NatsCluster } from "../../packages/testkit/src/nats-cluster.ts";
import { Dice } from "../fuzz/dice.ts";
import { checkWorld, type StatementCounts } from "./check/check-world.ts";
import { type ViolationKind, Violations } from "./check/violations.ts";
import { CheckpointWatch } from "./check/watch-checkpoints.ts";
import { type Fault, type FaultWorld, type ServiceName, type ServiceSettings, serviceNames } from "./fault.ts";
import { startLoadProcess } from "./load/start-load.ts";
import { type RunningWorld, startWorld } from "./world/start-world.ts";

/** What a run is made of. */
export interface FaultRunOptions {
  /** Data folder; left where it is when the run is over. */
  readonly directory: string;
  readonly seed: string;
  /** How long faults are done, in milliseconds. */
  readonly forMs: number;
  /** Drawn from, by weight. */
  readonly faults: readonly Fault[];
  /** True: every fault once, in order, for as long as that takes. */
  readonly eachOnce?: boolean;
  /** Absent: one embedded nats-server. It is stopped with the run. */
  readonly nats?: NatsCluster;
  readonly settings?: Partial<Record<ServiceName, ServiceSettings>>;
  /** Dossiers opened per second; each is some fifteen statements. */
  readonly dossiersPerSecond?: number;
  /** How long dossiers are given to come to their end when the faults are over, in milliseconds. */
  readonly endWithinMs?: number;
  /** How long the bus may be missed after a fault before that is a violation, in milliseconds. */
  readonly recoverWithinMs?: number;
  /** Told of progress in whole sentences. */
  say(sentence: string): void;
}

/** A fault that was done, and what came after it. Milliseconds; null: not within a minute. */
export interface FaultDone {
  readonly name: string;
  readonly what: string;
  /** Since the start of the run. */
  readonly atMs: number;
  readonly tookMs: number;
  /** Until a statement that was signed after the fault was accepted, by whichever replica. */
  readonly acceptedAfterMs: number | null;
  /** Until each replica had accepted one. */
  readonly everyReplicaAfterMs: number | null;
  /** Until the ledger had given the receipt of that. */
  readonly receiptAfterMs: number | null;
}

/** What came of it all. */
export interface FaultRunResult {
  readonly shard: string;
  readonly replicas: 1 | 3;
  readonly faults: readonly FaultDone[];
  readonly counts: StatementCounts;
  readonly violations: Record<ViolationKind, number>;
  readonly sentences: readonly string[];
  readonly deaths: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

const recoveryMsMax = 60_000;
const endWithinMsDefault = 90_000;
const calmMsMin = 300;
const calmMsMax = 1_500;

/** Runs a bus under load, does faults to it, and holds what it promised against what it holds. */
export async function runFaults(options: FaultRunOptions): Promise<FaultRunResult> {
  const { directory, seed, say, nats } = options;
  const dice = new Dice(seed);
  const violations = new Violations();
  const notes: string[] = [];
  const startedAt = performance.now();
  const elapsed = (): number => Math.round(performance.now() - startedAt);
  const loadDirectory = join(directory, "agencies");
  mkdirSync(loadDirectory, { recursive: true });
  const running = await startWorld({
    directory: join(directory, "bus"),
    ...(nats === undefined ? {} : { nats }),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    onDied: (how, said) => {
      const line = `${(elapsed() / 1_000).toFixed(1)} s: ${how}${said === "" ? "" : ` (${said.trim().slice(-300)})`}`;
      notes.push(line);
    },
  });
  const load = startLoadProcess();
  let watch: CheckpointWatch | null = null;
  try {
    await load.start({
      runFile: join(running.directory, "run.json"),
      exchanges: running.addresses.exchanges,
      registry: running.addresses.registry,
      ledger: running.addresses.ledger,
      directory: loadDirectory,
      seed,
      dossiersPerSecond: options.dossiersPerSecond ?? 4,
    });
    const logUrl = (): string => running.run().logs.find(({ name }) => name === running.shard)?.url ?? "";
    watch = new CheckpointWatch(logUrl);
    let newest = { dossier: "", leaf: -1 };
    const nextAccepted: FaultWorld["nextAccepted"] = async (withinMs) => {
      const pulses = await Promise.all(running.clientProxies.map((_, replica) => load.pulse({ replica, withinMs })));
      newest = pulses.toSorted((a, b) => a.leaf - b.leaf).at(-1) ?? newest;
      const ms = pulses.map((pulse) => Math.round(pulse.ms));
      return { firstMs: Math.min(...ms), everyMs: Math.max(...ms) };
    };
    const nextReceipt = async (withinMs: number): Promise<number> => {
      if (newest.leaf < 0) await nextAccepted(withinMs);
      return Math.round((await load.receipt({ leaf: newest.leaf, withinMs })).ms);
    };
    const world: FaultWorld = {
      directory: running.directory,
      replicas: nats?.replicas ?? 1,
      shard: running.shard,
      services: running.services,
      natsServers: running.natsServers,
      cluster: nats ?? null,
      clientProxies: running.clientProxies,
      natsEnvironment: running.natsEnvironment,
      natsProxies: running.natsProxies,
      tellLoad: (order) => load.order(order),
      nextAccepted,
      lastAccepted: () => newest,
      nextReceipt,
      note: (sentence) => void notes.push(`${(elapsed() / 1_000).toFixed(1)} s: ${sentence}`),
      violated: (sentence) => violations.add("other", sentence),
    };
    await nextAccepted(recoveryMsMax);
    await nextReceipt(recoveryMsMax);
    say(
      `The bus runs in ${running.directory} (${running.shard}); faults follow for ${Math.round(options.forMs / 1_000)} s.`,
    );
    const faults: FaultDone[] = [];
    const possible = options.faults.filter(({ replicas }) => replicas?.includes(world.replicas) ?? true);
    const queue = options.eachOnce === true ? [...possible] : null;
    const faultsFrom = performance.now();
    const goOn = (): boolean => (queue === null ? performance.now() - faultsFrom < options.forMs : queue.length > 0);
    while (possible.length > 0 ? goOn() : performance.now() - faultsFrom < options.forMs) {
      await wait(dice.between(calmMsMin, calmMsMax));
      const fault = queue === null ? drawn(possible, dice) : queue.shift();
      if (fault === undefined) continue;
      faults.push(
        await doFault(fault, {
          world,
          dice,
          violations,
          elapsed,
          running,
          recoverWithinMs: options.recoverWithinMs ?? recoveryMsMax,
          say,
        }),
      );
    }
    const { unfinished, parked } = await load.finish({ withinMs: options.endWithinMs ?? endWithinMsDefault });
    for (const dossier of unfinished) violations.add("silent", `${dossier} never came to its end.`);
    if (parked > 0) violations.add("silent", `${parked} deliveries were given up by their receivers.`);
    for (const name of serviceNames) await running.services[name].serving(recoveryMsMax);
    await untilAtRest(watch, logUrl);
    await watch.stop();
    const counts = await checkWorld(
      {
        run: running.run(),
        shard: running.shard,
        journal: join(loadDirectory, "journal.jsonl"),
        natsUrl: nats?.url ?? running.run().nats,
        natsSeeds: nats?.seeds ?? join(running.directory, "nats", "nkeys"),
        audit: running.addresses.audit,
        checkpoints: watch.seen,
      },
      violations,
    );
    return {
      shard: running.shard,
      replicas: world.replicas,
      faults,
      counts,
      violations: violations.counts(),
      sentences: violations.sentences,
      deaths: Object.fromEntries(serviceNames.map((name) => [name, running.services[name].deaths])),
      notes,
    };
  } finally {
    await watch?.stop();
    await load.stop();
    await running.stop();
  }
}

function drawn(faults: readonly Fault[], dice: Dice): Fault | undefined {
  const weights = faults.map(({ weight = 4 }) => weight);
  let at = dice.below(weights.reduce((sum, weight) => sum + weight, 0));
  for (const [index, weight] of weights.entries()) {
    if (at < weight) return faults[index];
    at -= weight;
  }
  return undefined;
}

async function doFault(
  fault: Fault,
  {
    world,
    dice,
    violations,
    elapsed,
    running,
    recoverWithinMs,
    say,
  }: {
    world: FaultWorld;
    dice: Dice;
    violations: Violations;
    elapsed: () => number;
    running: RunningWorld;
    recoverWithinMs: number;
    say: (sentence: string) => void;
  },
): Promise<FaultDone> {
  const atMs = elapsed();
  const what = await fault.run(world, dice).catch((error: Error) => {
    violations.add("other", `${fault.name} could not be done to its end: ${error.message}`);
    return "not done to its end";
  });
  const tookMs = elapsed() - atMs;
  const recovered = async <Answer>(of: Promise<Answer>, waitedFor: string): Promise<Answer | null> => {
    try {
      return await of;
    } catch (error) {
      violations.add("silent", `After ${fault.name} (${what}) there was no ${waitedFor}: ${(error as Error).message}`);
      return null;
    }
  };
  const from = performance.now();
  const accepted = await recovered(world.nextAccepted(recoverWithinMs), "accepted statement");
  const acceptedAfterMs = accepted?.firstMs ?? null;
  const everyReplicaAfterMs = accepted?.everyMs ?? null;
  const receipt = await recovered(world.nextReceipt(recoverWithinMs), "receipt");
  const receiptAfterMs = receipt === null ? null : Math.round(performance.now() - from);
  for (const name of serviceNames) {
    await running.services[name].serving(recoveryMsMax).catch((error: Error) => {
      violations.add("silent", `After ${fault.name} (${what}): ${error.message}`);
    });
  }
  say(
    `${(atMs / 1_000).toFixed(1)} s  ${fault.name}: ${what}; accepted after ${acceptedAfterMs} ms, by every replica after ${everyReplicaAfterMs} ms, receipt after ${receiptAfterMs} ms.`,
  );
  return { name: fault.name, what, atMs, tookMs, acceptedAfterMs, everyReplicaAfterMs, receiptAfterMs };
}

/** Nothing is said any more: "delivered" notices trail for some seconds, then the log stands still. */
async function untilAtRest(watch: CheckpointWatch, logUrl: () => string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const newest = watch.seen.at(-1);
    if (newest !== undefined && Date.now() - newest.atMs > 4_000 && logUrl() !== "") return;
    await wait(200);
  }
}
