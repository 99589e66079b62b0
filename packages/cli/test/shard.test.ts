import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, narrowSeed, startBus } from "@lienthong/bus";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { EXIT } from "../src/exit-codes.ts";
import { type Ran, runLine } from "./run-line.ts";

const next = "hanoi-2027q1";
let root: string;
let bus: Bus;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-cli-shard-"));
  bus = await startBus({ dataDirectory: root, seed: async () => narrowSeed(await loadSeed(), ["00004"]) });
}, 120_000);
afterAll(async () => {
  await bus?.stop();
  await rm(root, { recursive: true, force: true });
}, 60_000);

const run = (line: string): Promise<Ran> => runLine([...line.split(" "), "--data", root]);
const shards = async () => JSON.parse((await run("shard list --json")).stdout) as { name: string; closed: boolean }[];

const ward = "hn-wold-00004";
const early = "H26-250505-900001";

test("`shard open` declares the next shard and closes the one before; the running bus serves it without a restart", async () => {
  const first = bus.shard.name;
  const key = bus.folder.registrarKey;
  expect(await shards()).toMatchObject([{ name: first, closed: false }]);
  expect(await run(`dossier open ${early} --procedure social-home-admission --as ${ward}`)).toMatchObject({
    code: EXIT.ok,
  });
  const opened = await run(`shard open ${next} --registrar-key ${key} --close ${first} --lang en`);
  expect(opened).toMatchObject({ code: EXIT.ok });
  expect(opened.stdout).toContain(`${next} is declared`);
  expect(opened.stdout).toContain(`${first} takes no more new dossiers`);
  expect(await shards()).toMatchObject([
    { name: first, closed: true },
    { name: next, closed: false, simulated: false, areas: ["01"] },
  ]);
  const deadlineMs = performance.now() + 30_000;
  const announced = async () => (JSON.parse(await readFile(bus.folder.runFile, "utf8")) as { shard: string }).shard;
  while (bus.replicas[0]?.shard(next) === undefined || (await announced()) !== next) {
    if (performance.now() > deadlineMs) throw new Error("The new shard is not served after 30 s.");
    await new Promise((resume) => setTimeout(resume, 10));
  }
});

test("a dossier of the closed shard is found there, shown, and worked on", async () => {
  const completed = await run(`dossier complete ${early} --outcome granted --as ${ward}`);
  expect(completed, completed.stderr).toMatchObject({ code: EXIT.ok });
  const trail = JSON.parse((await run(`dossier trail ${early} --as ${ward} --json`)).stdout);
  expect(trail).toMatchObject({ shard: bus.shard.name, clock: "SIMULATED" });
  expect(trail.events).toHaveLength(2);
  expect(await run(`dossier show ${early} --as ${ward}`)).toMatchObject({ code: EXIT.ok });
  expect(await run(`dossier show H26-250505-900009 --as ${ward} --lang en`)).toMatchObject({ code: EXIT.refused });
});

test("said twice it is recorded once; `shard list` shows a table", async () => {
  const key = bus.folder.registrarKey;
  const again = JSON.parse((await run(`shard open ${next} --registrar-key ${key} --json`)).stdout);
  expect(again).toMatchObject({ opened: { shard: next, isNew: false }, closed: null });
  const closed = JSON.parse((await run(`shard close ${next} --registrar-key ${key} --json`)).stdout);
  expect(closed).toMatchObject({ shard: next, isNew: true });
  const { stdout } = await run("shard list --lang vi");
  expect(stdout).toContain("Phân đoạn");
  expect(stdout).toContain("đã đóng");
});

test("what is wrong is named, and nothing is recorded", async () => {
  const before = await shards();
  const key = bus.folder.registrarKey;
  const tries: [line: string, code: number, says: RegExp][] = [
    [`shard close hanoi-1999q1 --registrar-key ${key} --lang en`, EXIT.refused, /no shard "hanoi-1999q1"; it declares/],
    [`shard open x --promise-hours 0 --registrar-key ${key} --lang en`, EXIT.usage, /--promise-hours is "0"; allowed/],
    [`shard open Bad_Name --registrar-key ${key} --lang en`, EXIT.usage, /"Bad_Name" is no name for a shard; allowed/],
    [`shard open registry --registrar-key ${key} --lang en`, EXIT.usage, /"registry" is no name for a shard; allowed/],
    [`shard open y --area 99999x --registrar-key ${key} --lang en`, EXIT.refused, /area/],
    [`shard open z --registrar-key ${join(root, "no-such.pem")} --lang en`, EXIT.usage, /no-such\.pem/],
  ];
  for (const [line, code, says] of tries) {
    const ran = await run(line);
    expect(ran, line).toMatchObject({ code, stdout: "" });
    expect(ran.stderr, line).toMatch(says);
  }
  expect(await shards()).toEqual(before);
});
