// The bus in a process of its own, as `lienthong up` runs it, and what can be seen of it only from inside.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Bus, narrowSeed, startBus } from "@lienthong/bus";
import { testAreas } from "@lienthong/testkit";
import { loadSeed } from "../../deploy/seed/load-seed.ts";
import { faultsOf, readStream } from "../../services/exchange/test/stream-facts.ts";
import type { BusCommand, BusFacts, StartedBus, StreamVerdict } from "./fuzz-bus.ts";

const looksEveryMs = 50;
/** Over more than the 4 s for which the index gathers. */
const memoryLooks = 24;
const memoryLookEveryMs = 250;
const logLinesMax = 20;

let bus: Bus | null = null;
let directory = "";
let blockedMsMax = 0;
let cpuMsMax = 0;
const warnings: string[] = [];

process.on("warning", (warning) => warnings.push(`${warning.name}: ${warning.message}`));

function watchEventLoop(): void {
  let lastMs = performance.now();
  let lastCpu = process.threadCpuUsage();
  setInterval(() => {
    const nowMs = performance.now();
    const cpu = process.threadCpuUsage();
    const lateMs = nowMs - lastMs - looksEveryMs;
    // On a busy machine a process may not be let run for a while; only time that this thread spent itself is a block.
    const cpuMs = (cpu.user - lastCpu.user + cpu.system - lastCpu.system) / 1_000;
    if (lateMs > blockedMsMax) blockedMsMax = lateMs;
    if (lateMs > looksEveryMs && Math.min(cpuMs, lateMs) > cpuMsMax) cpuMsMax = Math.min(cpuMs, lateMs);
    lastMs = nowMs;
    lastCpu = cpu;
  }, looksEveryMs).unref();
}

async function start(): Promise<StartedBus> {
  directory = await mkdtemp(join(tmpdir(), "lienthong-fuzz-"));
  bus = await startBus({
    dataDirectory: directory,
    seed: async () => narrowSeed(await loadSeed(), testAreas),
    // Full after the warm-up: what grows after it is no cache that fills up, however many dossiers the inputs open.
    dossiersCachedMax: 512,
    keyKind: (agency) => (agency.startsWith("hn-ca-") ? "p256" : agency.startsWith("hn-bhxh") ? "rsa" : "ed25519"),
  });
  watchEventLoop();
  return { runFile: bus.folder.runFile, registrarKeyFile: bus.folder.registrarKey, folder: directory };
}

/** The least of several looks: what a batch that is being indexed or a call that has just ended still holds is no growth; a leak is in every look. */
async function leastMemory(): Promise<NodeJS.MemoryUsage> {
  let least: NodeJS.MemoryUsage | null = null;
  for (let look = 0; look < memoryLooks; look++) {
    if (look > 0) await wait(memoryLookEveryMs);
    for (let round = 0; round < 4; round++) globalThis.gc?.();
    const seen = process.memoryUsage();
    if (least === null || seen.rss < least.rss) least = seen;
  }
  return least as NodeJS.MemoryUsage;
}

async function facts(): Promise<BusFacts> {
  const { rss, heapUsed, external } = await leastMemory();
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const natsStatus = bus?.natsPid == null ? "" : readFileSync(`/proc/${bus.natsPid}/status`, "utf8");
  const result: BusFacts = {
    rssBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
    natsRssBytes: Number(/VmRSS:\s+(\d+)/.exec(natsStatus)?.[1] ?? 0) * 1_024,
    resources,
    eventLoopLateMsMax: blockedMsMax,
    eventLoopBlockedMsMax: cpuMsMax,
    warnings: [...warnings],
  };
  blockedMsMax = 0;
  cpuMsMax = 0;
  return result;
}

/** The stream as it lies there, held against what must always hold. */
async function checkStream(): Promise<StreamVerdict> {
  if (bus === null) throw new Error("The bus was not started.");
  const events = await readStream(bus);
  return { events: events.length, faults: faultsOf(events, bus.shard.name) };
}

/** What the log says of our own faults: lines of level "error" and above. */
function loggedErrors(): string[] {
  const lines = readFileSync(join(directory, "logs", "bus.log"), "utf8").split("\n");
  return lines.filter((line) => /"level":(?:50|60|"error"|"fatal")/.test(line)).slice(0, logLinesMax);
}

async function stop(): Promise<void> {
  await bus?.stop();
  await rm(directory, { recursive: true, force: true });
}

function run(command: BusCommand): unknown {
  switch (command) {
    case "start":
      return start();
    case "facts":
      return facts();
    case "checkStream":
      return checkStream();
    case "loggedErrors":
      return loggedErrors();
    case "stop":
      return stop();
  }
}

process.on("message", (command: BusCommand) => {
  void (async () => {
    try {
      process.send?.({ result: await run(command) });
    } catch (error) {
      process.send?.({ error: (error as Error).stack ?? String(error) });
    }
    if (command === "stop") process.disconnect();
  })();
});
process.on("disconnect", () => process.exit(0));
