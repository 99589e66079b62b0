import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
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

test("200 MB up and down grow no process by more than 64 MB", async () => {
  const { nats, folder } = ground;
  const tlsDirectory = join(folder, "tls");
  const orders: MemoryServerOrders = {
    ...{ shard: shard.name, natsUrl: nats.url, seedFilePath: nats.credentials.documents.seedFilePath },
    ...{ directory: join(folder, "memory"), tlsDirectory },
  };
  const server = start("memory-server.ts", orders);
  const { address } = await nextLine(server.lines);
  const client = start("memory-client.ts", { address, shard: shard.name, tlsDirectory });
  const tell = async (order: MemoryClientOrder) => {
    const answered = nextLine(client.lines);
    client.say(order);
    return Number((await answered).tookMs);
  };

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

  const source = await make("large", documentBytes);
  const pids = { server: server.pid, client: client.pid, nats: nats.pid };
  let uploadMs = 0;
  const up = await growthOf(pids, async () => {
    uploadMs = await tell({ what: "upload", source, dossier: dossierCode() });
  });
  let downloadMs = 0;
  const path = join(folder, "large-back");
  const down = await growthOf(pids, async () => {
    downloadMs = await tell({ what: "download", path });
  });
  const inMib = (growth: Record<string, number>) =>
    Object.entries(growth).map(([name, bytes]) => `${name} ${(bytes / mib).toFixed(1)}`);
  console.info(`up ${uploadMs} ms, MiB: ${inMib(up)}; down ${downloadMs} ms, MiB: ${inMib(down)}`);
  for (const growth of [up, down]) {
    for (const bytes of Object.values(growth)) expect(bytes).toBeLessThan(growthBytesMax);
  }
});
