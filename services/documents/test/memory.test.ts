import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dossierCode, type Ground, prepareGround, TestShard } from "./harness.ts";
import type { MemoryClientOrder } from "./memory-client.ts";
import type { MemoryServerOrders } from "./memory-server.ts";

const mib = 1_048_576;
const documentBytes = 200 * mib;
const growthBytesMax = 64 * mib;

let ground: Ground;
let shard: TestShard;
const children: ChildProcess[] = [];

beforeAll(async () => {
  ground = await prepareGround();
  shard = await TestShard.create(ground);
});
afterAll(async () => {
  for (const child of children) {
    child.stdin?.end();
    await once(child, "exit");
  }
  await shard.stop();
  await ground.stop();
});

function start(script: string, orders: object): { pid: number; lines: Interface; say(order: object): void } {
  const path = join(import.meta.dirname, script);
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", path, JSON.stringify(orders)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  return {
    pid: child.pid as number,
    lines,
    say: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
  };
}

async function nextLine(lines: Interface): Promise<Record<string, string>> {
  return JSON.parse((await once(lines, "line"))[0] as string);
}

/** Peak and present resident bytes, as the kernel counts them. */
async function resident(pid: number): Promise<{ peak: number; now: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { peak: kib("VmHWM") * 1_024, now: kib("VmRSS") * 1_024 };
}

/** By how much each process grew at its peak while something was done. */
async function growthOf(pids: Record<string, number>, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before: Record<string, number> = {};
  for (const [name, pid] of Object.entries(pids)) {
    // The kernel then counts its peak anew (man 5 proc, clear_refs).
    await writeFile(`/proc/${pid}/clear_refs`, "5");
    before[name] = (await resident(pid)).now;
  }
  await work();
  const growth: Record<string, number> = {};
  for (const [name, pid] of Object.entries(pids)) growth[name] = (await resident(pid)).peak - (before[name] ?? 0);
  return growth;
}

/** Stops a process again and again, each time for a while, as a machine without a free processor does. Its end: a function. */
function starve(pids: readonly number[]): () => Promise<void> {
  let over = false;
  const done = (async () => {
    for (let turn = 0; !over; turn += 1) {
      const pid = pids[turn % pids.length] as number;
      process.kill(pid, "SIGSTOP");
      await delay(stoppedMs);
      process.kill(pid, "SIGCONT");
      await delay(runningMs);
    }
  })();
  return () => {
    over = true;
    return done;
  };
}

const stoppedMs = 120;
const runningMs = 40;

type ProcessName = "server" | "client" | "nats";

let pids: Record<ProcessName, number>;
let tell: (order: MemoryClientOrder) => Promise<number>;
let source: string;

beforeAll(async () => {
  const { nats, folder } = ground;
  const tlsDirectory = join(folder, "tls");
  const orders: MemoryServerOrders = {
    ...{ shard: shard.name, natsUrl: nats.url, seedFilePath: nats.credentials.documents.seedFilePath },
    ...{ directory: join(folder, "memory"), tlsDirectory },
  };
  const server = start("memory-server.ts", orders);
  const { address } = await nextLine(server.lines);
  const client = start("memory-client.ts", { address, shard: shard.name, tlsDirectory });
  tell = async (order) => {
    const answered = nextLine(client.lines);
    client.say(order);
    return Number((await answered).tookMs);
  };
  pids = { server: server.pid, client: client.pid, nats: nats.pid };
  const make = async (name: string, bytes: number) => {
    const path = join(folder, name);
    const file = await open(path, "wx");
    for (let written = 0; written < bytes; written += mib) await file.write(randomBytes(mib));
    await file.close();
    return path;
  };
  // Code and caches that any first document needs are not what is measured.
  await tell({ what: "upload", source: await make("warm", 8 * mib), dossier: dossierCode() });
  await tell({ what: "download", path: join(folder, "warm-back") });
  source = await make("large", documentBytes);
});

const starved: [what: string, processes: readonly ProcessName[]][] = [
  ["with a processor for each process", []],
  ["to and from a client that hardly gets to run", ["client"]],
  ["through a service that hardly gets to run", ["server"]],
  ["into and out of a store that hardly gets to run", ["nats"]],
  ["where all three take turns to stand still", ["client", "server", "nats"]],
];

test.each(starved)("200 MB up and down grow no process by more than 64 MB, %s", async (_, processes) => {
  const during = async (order: MemoryClientOrder) => {
    let tookMs = 0;
    const growth = await growthOf(pids, async () => {
      const relieve = processes.length === 0 ? null : starve(processes.map((name) => pids[name]));
      tookMs = await tell(order).finally(relieve);
    });
    return { tookMs, growth };
  };
  const path = join(ground.folder, "large-back");
  const up = await during({ what: "upload", source, dossier: dossierCode() });
  const down = await during({ what: "download", path });
  await rm(path);
  const inMib = (growth: Record<string, number>) =>
    Object.entries(growth).map(([name, bytes]) => `${name} ${(bytes / mib).toFixed(1)}`);
  console.info(`up ${up.tookMs} ms, MiB: ${inMib(up.growth)}; down ${down.tookMs} ms, MiB: ${inMib(down.growth)}`);
  for (const { growth } of [up, down]) {
    for (const bytes of Object.values(growth)) expect(bytes).toBeLessThan(growthBytesMax);
  }
});
