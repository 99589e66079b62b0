// npm run bench:fairness: what one agency that races its own dossier costs everybody else.
import type { BenchBus, BenchBusOrders } from "./bus-process.ts";
import { startBenchProcess } from "./child-process.ts";
import type { LoadCommand, LoadResult } from "./load-process.ts";
import { median, percentile, writeResults } from "./results.ts";

const quick = process.argv.includes("--quick");
const rounds = quick ? 1 : 4;
const seconds = quick ? 4 : 10;
const handoffsPerSecond = 50;
const racedPerSecond = 1_000;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const busProcess = startBenchProcess<BenchBusOrders, BenchBus>("./bus-process.ts");
const others = startBenchProcess<LoadCommand, LoadResult>("./load-process.ts");
const racer = startBenchProcess<LoadCommand, LoadResult>("./load-process.ts");
const quiet: LoadResult[] = [];
const raced: LoadResult[] = [];
let accepted = 0;
try {
  const bus = await busProcess.call({ keyKind: "ed25519", ledger: "elsewhere" });
  await others.call({ kind: "connect", bus });
  await racer.call({ kind: "connect", bus, receives: false });
  const handoffs = { kind: "steady", perSecond: handoffsPerSecond, warmUpSeconds: 3, seconds } as const;
  for (let round = 1; round <= rounds; round++) {
    quiet.push(await others.call(handoffs));
    const racing = racer.call({ kind: "race", perSecond: racedPerSecond, seconds: seconds + 4 });
    raced.push(await others.call(handoffs));
    accepted += (await racing).events;
    const of = (result: LoadResult | undefined) => percentile(result?.latenciesMs ?? [], 0.99).toFixed(1);
    say(`round ${round}: p99 of the others ${of(quiet.at(-1))} ms quiet, ${of(raced.at(-1))} ms raced`);
  }
} finally {
  await Promise.all([others.end(), racer.end()]);
  await busProcess.end();
}
const p99 = (results: readonly LoadResult[]) => median(results.map(({ latenciesMs }) => percentile(latenciesMs, 0.99)));
const p50 = (results: readonly LoadResult[]) => median(results.map(({ latenciesMs }) => percentile(latenciesMs, 0.5)));
const figures = {
  handoffs_per_second: handoffsPerSecond,
  raced_statements_per_second: racedPerSecond,
  raced_statements_accepted_per_second: accepted / (rounds * (seconds + 4)),
  quiet_p50_ms: p50(quiet),
  quiet_p99_ms: p99(quiet),
  raced_p50_ms: p50(raced),
  raced_p99_ms: p99(raced),
  raced_to_quiet_p99_ratio: p99(raced) / p99(quiet),
};
const file = await writeResults("fairness", "npm run bench:fairness", figures);
for (const [name, value] of Object.entries(figures))
  process.stdout.write(`${name.padEnd(48)} ${Number(value.toPrecision(4))}\n`);
say(`Written to ${file}`);
