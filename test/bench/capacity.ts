// npm run bench:capacity: what a shard weighs and how long it takes to start, at growing numbers of open dossiers.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchBus, BenchBusOrders } from "./bus-process.ts";
import { type BenchProcess, startBenchProcess } from "./child-process.ts";
import type { LoadCommand, LoadResult } from "./load-process.ts";
import { folderMegabytes, residentMegabytes, writeResults } from "./results.ts";

const steps = process.argv.includes("--quick") ? [2_000, 10_000] : [100_000, 500_000];
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const figures: Record<string, number> = {};
const directory = mkdtempSync(join(tmpdir(), "lienthong-capacity-"));

async function startBus(): Promise<{
  process: BenchProcess<BenchBusOrders, BenchBus>;
  bus: BenchBus;
  seconds: number;
}> {
  const started = startBenchProcess<BenchBusOrders, BenchBus>("./bus-process.ts");
  const startedAt = performance.now();
  const bus = await started.call({ keyKind: "p256", directory });
  return { process: started, bus, seconds: (performance.now() - startedAt) / 1_000 };
}

try {
  let opened = 0;
  let running = await startBus();
  figures.start_seconds_at_0_dossiers = running.seconds;
  for (const dossiers of steps) {
    const load = startBenchProcess<LoadCommand, LoadResult>("./load-process.ts");
    await load.call({ kind: "connect", bus: running.bus });
    const result = await load.call({ kind: "open", inFlight: 1_024, from: opened, dossiers: dossiers - opened });
    await load.end();
    opened = dossiers;
    say(`${dossiers} dossiers are open; the last ${result.events} took ${result.seconds.toFixed(0)} s.`);
    figures[`opened_per_second_up_to_${dossiers}`] = result.events / result.seconds;
    figures[`nats_server_mb_after_opening_${dossiers}`] = residentMegabytes(running.bus.natsPid);
    figures[`exchange_mb_after_opening_${dossiers}`] = residentMegabytes(running.process.pid);
    await running.process.end();
    figures[`data_folder_mb_at_${dossiers}_dossiers`] = await folderMegabytes(directory);
    running = await startBus();
    figures[`start_seconds_at_${dossiers}_dossiers`] = running.seconds;
    figures[`nats_server_mb_after_start_at_${dossiers}`] = residentMegabytes(running.bus.natsPid);
    figures[`exchange_mb_after_start_at_${dossiers}`] = residentMegabytes(running.process.pid);
    say(`Started again in ${running.seconds.toFixed(1)} s.`);
  }
  await running.process.end();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
const file = await writeResults("capacity", "npm run bench:capacity", figures);
for (const [name, value] of Object.entries(figures))
  process.stdout.write(`${name.padEnd(52)} ${Number(value.toPrecision(4))}\n`);
say(`Written to ${file}`);
