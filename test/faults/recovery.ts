import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type ServiceName, serviceNames, type WatchedProcess } from "./fault.ts";
import { startLoadProcess } from "./load/start-load.ts";
import { startWorld } from "./world/start-world.ts";

/** How long one process was missed. */
export interface MeasuredRecovery {
  readonly process: string;
  /** From its death until it served again, in seconds. */
  readonly servesAfterSeconds: number;
  /** From its death until a statement was accepted by each replica, in seconds. */
  readonly acceptedAfterSeconds: number;
  /** From its death until the receipt of that was given, in seconds. */
  readonly receiptAfterSeconds: number;
}

const withinMs = 120_000;
const roundsOfEach = 3;

/** Kills each process of a bus that has so many open dossiers, and measures how long it is missed: the worst of three. */
export async function measureRecovery(options: {
  readonly directory: string;
  readonly dossiers: number;
  say(sentence: string): void;
}): Promise<MeasuredRecovery[]> {
  const { directory, dossiers, say } = options;
  const loadDirectory = join(directory, "agencies");
  mkdirSync(loadDirectory, { recursive: true });
  const world = await startWorld({ directory: join(directory, "bus"), onDied: () => {} });
  const load = startLoadProcess();
  try {
    const { exchanges, registry, ledger } = world.addresses;
    const runFile = join(world.directory, "run.json");
    const ground = { runFile, exchanges, registry, ledger, directory: loadDirectory, seed: "recovery" };
    await load.start({ ...ground, dossiersPerSecond: 2 });
    const filledFrom = performance.now();
    await load.order({ kind: "fill", dossiers });
    say(`${dossiers} dossiers were opened in ${Math.round((performance.now() - filledFrom) / 1_000)} s.`);
    const first = await load.pulse({ replica: 0, withinMs });
    await load.receipt({ leaf: first.leaf, withinMs });
    // What trails the filling (heads on disk, the index) is no part of a recovery.
    await wait(10_000);
    const measured: MeasuredRecovery[] = [];
    const kill = async (name: string, process: WatchedProcess): Promise<void> => {
      const rounds: MeasuredRecovery[] = [];
      for (let round = 0; round < roundsOfEach; round++) {
        await wait(1_000);
        const diedAt = performance.now();
        const since = (): number => (performance.now() - diedAt) / 1_000;
        const natsPid = world.natsServers[0]?.pid ?? null;
        await process.signal("SIGKILL");
        // The two end together: a store's nats-server is told to, and a store ends when its nats-server has.
        if (name === "store") while (natsPid !== null && existsSync(`/proc/${natsPid}/exe`)) await wait(5);
        if (name === "nats-server") await wait(50);
        const serves = process.serving(withinMs).then(since);
        const pulses = await Promise.all(exchanges.map((_, replica) => load.pulse({ replica, withinMs })));
        const acceptedAfterSeconds = since();
        await load.receipt({ leaf: Math.max(...pulses.map(({ leaf }) => leaf)), withinMs });
        const receiptAfterSeconds = since();
        rounds.push({ process: name, servesAfterSeconds: await serves, acceptedAfterSeconds, receiptAfterSeconds });
      }
      const most = (of: (one: MeasuredRecovery) => number): number => Number(Math.max(...rounds.map(of)).toFixed(2));
      const worst: MeasuredRecovery = {
        process: name,
        servesAfterSeconds: most((one) => one.servesAfterSeconds),
        acceptedAfterSeconds: most((one) => one.acceptedAfterSeconds),
        receiptAfterSeconds: most((one) => one.receiptAfterSeconds),
      };
      measured.push(worst);
      say(tellRecovery([worst]));
    };
    for (const name of serviceNames.filter((one): one is ServiceName => one !== "store"))
      await kill(name, world.services[name]);
    await kill("store", world.services.store);
    await kill("nats-server", world.natsServers[0] as WatchedProcess);
    return measured;
  } finally {
    await load.stop();
    await world.stop();
  }
}

/** As a table for people. */
export function tellRecovery(measured: readonly MeasuredRecovery[]): string {
  return measured
    .map(
      ({ process, servesAfterSeconds, acceptedAfterSeconds, receiptAfterSeconds }) =>
        `${process.padEnd(14)} serves after ${servesAfterSeconds.toFixed(2)} s, statements after ${acceptedAfterSeconds.toFixed(2)} s, receipts after ${receiptAfterSeconds.toFixed(2)} s`,
    )
    .join("\n");
}
