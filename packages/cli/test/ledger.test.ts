import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, narrowSeed, startBus } from "@lienthong/bus";
import { parsePolicy, parseTlogProof, verifyTlogProof } from "@lienthong/tlog";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadSeed } from "../../../deploy/seed/load-seed.ts";
import { EXIT } from "../src/exit-codes.ts";
import { type Ran, runLine } from "./run-line.ts";

const ward = "hn-wold-00004";
const code = "H26-250505-910001";
let root: string;
let bus: Bus;
let shard: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lienthong-cli-ledger-"));
  bus = await startBus({ dataDirectory: root, seed: async () => narrowSeed(await loadSeed(), ["00004"]) });
  shard = bus.shard.name;
  expect((await run(`dossier open ${code} --procedure birth-group-nd63 --as ${ward}`)).code).toBe(EXIT.ok);
  expect((await run(`dossier complete ${code} --as ${ward}`)).code).toBe(EXIT.ok);
}, 120_000);
afterAll(async () => {
  await bus?.stop();
  await rm(root, { recursive: true, force: true });
}, 60_000);

const run = (line: string, data = root): Promise<Ran> => runLine([...line.split(" "), "--data", data]);

test("`ledger receipt` gives a file that proves the event, in the language asked for", async () => {
  const file = join(root, "event.tlog-proof");
  const said = await run(`ledger receipt ${code} --event 2 -o ${file} --as ${ward} --lang vi`);
  expect(said).toMatchObject({ code: EXIT.ok, stderr: "" });
  expect(said.stdout).toContain("có trong nhật ký dưới đầu gồm");
  const json = JSON.parse((await run(`ledger receipt ${code} --event 2 --as ${ward} --json`)).stdout);
  expect(json).toMatchObject({ dossier: code, event: 2, log: shard, leafIndex: 2, witnessed: false });
  const policy = parsePolicy(await readFile(join(root, "policy.txt"), "utf8"));
  const verified = await verifyTlogProof(await readFile(file), Buffer.from(json.leafHash, "hex"), policy);
  expect(verified).toMatchObject({ index: 2 });
  const shown = await run(`ledger receipt ${code} --as ${ward}`);
  expect(parseTlogProof(shown.stdout).index).toBe(2);

  expect(await run(`ledger receipt ${code} --event 9 --as ${ward}`)).toMatchObject({ code: EXIT.usage });
  expect((await run(`ledger receipt ${code} --level notarised --as ${ward}`)).stderr).toContain(
    "allowed: sealed, witnessed",
  );
  const unwitnessed = await run(`ledger receipt ${code} --level witnessed --as ${ward} --lang en`);
  expect(unwitnessed.code).toBe(EXIT.refused);
  expect(unwitnessed.stderr).toContain("no quorum of witnesses");
});

test("`ledger checkpoint` shows the newest heads, and what a wrong name may be", async () => {
  await run(`ledger receipt ${code} --as ${ward}`);
  const table = await run("ledger checkpoint --lang en");
  expect(table).toMatchObject({ code: EXIT.ok });
  expect(table.stdout).toMatch(/Log +│ Entries/);
  expect(table.stdout).toContain("registry");
  const [json] = JSON.parse((await run(`ledger checkpoint ${shard} --json`)).stdout);
  expect(json).toMatchObject({ log: shard, stopped: null, size: 3, witnessed: false, missing: [] });
  const unknown = await run("ledger checkpoint elsewhere --lang en");
  expect(unknown.code).toBe(EXIT.refused);
  expect(unknown.stderr).toContain(shard);
});

test("`ledger fsck` beside the running bus compares with the stream; `ledger repair` is refused there", async () => {
  const checked = await run("ledger fsck --lang en");
  expect(checked).toMatchObject({ code: EXIT.ok });
  expect(checked.stdout).toContain(`${shard}: whole. 3 entries hashed again`);
  expect(checked.stdout).toContain("registry: whole.");
  expect(checked.stderr).not.toContain("stream was not compared");
  const [line] = (await run(`ledger fsck ${shard} --json`)).stdout.trim().split("\n");
  expect(JSON.parse(line ?? "")).toMatchObject({ log: shard, streamCompared: true, size: 3, findings: [] });
  expect(await run("ledger fsck elsewhere")).toMatchObject({ code: EXIT.usage });
  const refused = await run(`ledger repair ${shard}`);
  expect(refused.code).toBe(EXIT.refused);
  expect(refused.stderr).toContain("in use by another process");
});

test("on a copy of the folder an edited entry is named, and `repair` writes it again from what the head proves", {
  timeout: 60_000,
}, async () => {
  const copy = await mkdtemp(join(tmpdir(), "lienthong-cli-ledger-copy-"));
  for (const part of ["ledger", "policy.txt", "keys"])
    await cp(join(root, part), join(copy, part), { recursive: true });
  const whole = await run(`ledger fsck ${shard} --lang en`, copy);
  expect(whole).toMatchObject({ code: EXIT.ok });
  expect(whole.stderr).toContain("the stream was not compared");

  const folder = join(copy, "ledger", shard, "tile", "entries", "000.p");
  for (const width of (await readdir(folder)).filter((width) => Number(width) >= 2)) {
    const bytes = await readFile(join(folder, width));
    const second = 2 + bytes.readUInt16BE(0);
    bytes[second + 60] = (bytes[second + 60] ?? 0) ^ 1;
    await writeFile(join(folder, width), bytes);
  }
  const found = await run(`ledger fsck ${shard} --lang vi`, copy);
  expect(found.code).toBe(EXIT.refused);
  expect(found.stdout).toContain("mục 1 ");
  expect(found.stdout).toContain(`hồ sơ ${code}`);
  // Without the stream no copy of the entries is right as a whole.
  expect((await run(`ledger repair ${shard} --lang en`, copy)).code).toBe(EXIT.refused);

  // A tile that was damaged is written again from the entries.
  await cp(join(root, "ledger", shard, "tile"), join(copy, "ledger", shard, "tile"), { recursive: true });
  const tiles = join(copy, "ledger", shard, "tile", "0", "000.p");
  const bytes = await readFile(join(tiles, "3"));
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  await writeFile(join(tiles, "3"), bytes);
  expect((await run(`ledger fsck ${shard}`, copy)).code).toBe(EXIT.refused);
  const repaired = await run(`ledger repair ${shard} --lang en`, copy);
  expect(repaired, repaired.stderr).toMatchObject({ code: EXIT.ok });
  expect(repaired.stdout).toContain("written again from the entry bundles");
  expect((await run(`ledger fsck ${shard}`, copy)).code).toBe(EXIT.ok);
  expect((await run(`ledger repair ${shard} --lang en`, copy)).stdout).toContain("need no repair");
  await rm(copy, { recursive: true, force: true });
});
