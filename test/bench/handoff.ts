// npm run bench: what the whole bus carries, against a bare JetStream client in the same run on the same server.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BareResult, BareRun } from "./bare-client-process.ts";
import type { BenchBus, BenchBusOrders } from "./bus-process.ts";
import { startBenchProcess } from "./child-process.ts";
import type { LoadCommand, LoadResult } from "./load-process.ts";
import { median, percentile, processorSeconds, residentMegabytes, writeResults } from "./results.ts";

const quick = process.argv.includes("--quick");
const keyKind = process.argv.includes("--p256") ? "p256" : "ed25519";
const rounds = quick ? 1 : 3;
const inFlights = [64, 256, 1_024] as const;
const warmUpSeconds = quick ? 1 : 2;
const seconds = quick ? 3 : 8;
const bareMessages = quick ? 6_000 : 30_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Times of writing 1 KB and syncing it, in milliseconds: what this disk gives whoever waits for it. */
function measureFsync(): number[] {
  const folder = mkdtempSync(join(tmpdir(), "lienthong-fsync-"));
  const file = openSync(join(folder, "probe"), "w");
  const times: number[] = [];
  for (let i = 0; i < 500; i++) {
    const startedAt = performance.now();
    writeSync(file, Buffer.alloc(1_024, i));
    fdatasyncSync(file);
    times.push(performance.now() - startedAt);
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return times;
}

const toBare = ({ natsUrl, adminSeed, exchangeSeed }: BenchBus) => ({ url: natsUrl, adminSeed, exchangeSeed });

const fsyncTimes = measureFsync();
const figures: Record<string, number> = {
  fsync_p50_ms: percentile(fsyncTimes, 0.5),
  fsync_p99_ms: percentile(fsyncTimes, 0.99),
};
const busProcess = startBenchProcess<BenchBusOrders, BenchBus>("./bus-process.ts");
const load = startBenchProcess<LoadCommand, LoadResult>("./load-process.ts");
const bare = startBenchProcess<BareRun, BareResult>("./bare-client-process.ts");
try {
  say(`Starting a bus; ${rounds} round${rounds === 1 ? "" : "s"}, ${keyKind} seals.`);
  const bus = await busProcess.call({ keyKind, ledger: "elsewhere" });
  await load.call({ kind: "connect", bus });
  if (!quick) {
    // First, while the shard is new: later it has more events than these.
    await load.call({ kind: "fill", inFlight: 256, events: 50_000 });
    const before = residentMegabytes(busProcess.pid);
    await load.call({ kind: "fill", inFlight: 256, events: 200_000 });
    const after = residentMegabytes(busProcess.pid);
    figures.exchange_rss_growth_mb = after - before;
    say(`resident memory of the exchange: ${before.toFixed(0)} MB at 50,000 events, ${after.toFixed(0)} MB at 200,000`);
  }

  const events: Record<(typeof inFlights)[number], number[]> = { 64: [], 256: [], 1024: [] };
  const handoffs: Record<(typeof inFlights)[number], number[]> = { 64: [], 256: [], 1024: [] };
  const bareRates: number[] = [];
  const cpu: { exchange: number[]; nats: number[]; load: number[] } = { exchange: [], nats: [], load: [] };
  let eventBytes = 0;

  for (let round = 1; round <= rounds; round++) {
    for (const inFlight of inFlights) {
      const cpuBefore = [busProcess.pid, bus.natsPid, load.pid].map(processorSeconds);
      const result = await load.call({ kind: "saturate", inFlight, warmUpSeconds, seconds });
      const cpuAfter = [busProcess.pid, bus.natsPid, load.pid].map(processorSeconds);
      events[inFlight].push(result.events / result.seconds);
      handoffs[inFlight].push(result.handoffs / result.seconds);
      eventBytes = Math.round(result.eventBytes);
      if (inFlight === 256) {
        // The window of the load is inside the window of the processor times: the warm-up and the end are scaled away.
        const share = result.seconds / (result.seconds + warmUpSeconds);
        const per1000 = (index: number): number =>
          ((cpuAfter[index] as number) - (cpuBefore[index] as number)) * share * (1_000 / result.handoffs);
        cpu.exchange.push(per1000(0));
        cpu.nats.push(per1000(1));
        cpu.load.push(per1000(2));
      }
      say(
        `round ${round}, ${inFlight} in flight: ${Math.round(result.events / result.seconds)} events/s, ` +
          `${Math.round(result.handoffs / result.seconds)} handoffs/s, p50 ${percentile(result.latenciesMs, 0.5).toFixed(1)} ms, ` +
          `p99 ${percentile(result.latenciesMs, 0.99).toFixed(1)} ms`,
      );
    }
    // The bare client publishes as many bytes per message as an event of the bus has on average.
    const measured = await bare.call({ ...toBare(bus), messages: bareMessages, bytes: eventBytes, inFlight: 256 });
    bareRates.push(measured.messagesPerSecond);
    say(
      `round ${round}, bare JetStream client, 256 in flight, ${eventBytes} bytes: ${Math.round(measured.messagesPerSecond)} messages/s`,
    );
  }
  figures.bare_client_messages_per_second = median(bareRates);
  for (const inFlight of inFlights) {
    figures[`events_per_second_${inFlight}`] = median(events[inFlight]);
    figures[`handoffs_per_second_${inFlight}`] = median(handoffs[inFlight]);
    figures[`events_ratio_to_bare_client_${inFlight}`] = median(
      events[inFlight].map((rate, round) => rate / (bareRates[round] as number)),
    );
  }
  figures.cpu_seconds_per_1000_handoffs_exchange = median(cpu.exchange);
  figures.cpu_seconds_per_1000_handoffs_nats_server = median(cpu.nats);
  figures.cpu_seconds_per_1000_handoffs_load_generator = median(cpu.load);

  const steady = await load.call({
    kind: "steady",
    perSecond: 200,
    warmUpSeconds: quick ? 2 : 5,
    seconds: quick ? 5 : 20,
  });
  figures.handoff_p50_ms = percentile(steady.latenciesMs, 0.5);
  figures.handoff_p99_ms = percentile(steady.latenciesMs, 0.99);
  say(
    `200 handoffs/s: ${steady.handoffs} done, p50 ${figures.handoff_p50_ms.toFixed(1)} ms, p99 ${figures.handoff_p99_ms.toFixed(1)} ms`,
  );
  // 200 handoffs are 600 events. How long the bare client waits for as many, with nothing signed, sent on or acknowledged, is what
  // the disk and the server of this machine leave to everybody.
  const perSecond = 600;
  const messages = perSecond * (quick ? 5 : 20);
  const alone = await bare.call({ ...toBare(bus), messages, bytes: eventBytes, perSecond });
  figures.bare_client_600_per_second_p50_ms = percentile(alone.latenciesMs, 0.5);
  figures.bare_client_600_per_second_p99_ms = percentile(alone.latenciesMs, 0.99);
  figures.handoff_p99_ratio_to_bare_client_p99 = figures.handoff_p99_ms / figures.bare_client_600_per_second_p99_ms;
  say(
    `bare JetStream client, ${perSecond} messages/s: p50 ${figures.bare_client_600_per_second_p50_ms.toFixed(1)} ms, ` +
      `p99 ${figures.bare_client_600_per_second_p99_ms.toFixed(1)} ms`,
  );
} finally {
  await Promise.all([load.end(), bare.end()]);
  await busProcess.end();
}
const file = await writeResults(
  "handoff",
  `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(" ")}` : ""}`,
  figures,
);
for (const [name, value] of Object.entries(figures))
  process.stdout.write(`${name.padEnd(48)} ${Number(value.toPrecision(4))}\n`);
say(`Written to ${file}`);
