import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type CliBus, newCode, startCliBus } from "./cli-bus.ts";
import { bring, insurance, ward } from "./stages.ts";

let cli: CliBus;
let folder: string;
let code: string;
let bundle: string;
let log: { url: string; entriesToken: string };

beforeAll(async () => {
  cli = await startCliBus();
  folder = await mkdtemp(join(tmpdir(), "lienthong-verify-"));
  code = newCode();
  bundle = join(folder, "bundle.json");
  await bring(cli, code, "joined");
  await cli.ok(`dossier bundle ${code} -o ${bundle} --as ${ward}`);
  const found = cli.bus.run.logs.find(({ name }) => name === cli.bus.shard.name);
  if (found === undefined) throw new Error("run.json names no log of the shard.");
  log = found;
}, 120_000);
afterAll(async () => {
  await cli?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** As somebody who has nothing but the file. */
const verify = (line: string) => cli.run(`verify ${line}`, { columns: 1_000 });

describe("lienthong verify FILE", () => {
  it("holds for a bundle of a running bus, and says in plain words who held the dossier and how complete it is", async () => {
    const english = await verify(bundle);
    expect(english).toMatchObject({ code: EXIT.ok, stderr: "" });
    expect(english.stdout).toContain(`The trail of ${code} holds.`);
    expect(english.stdout).toMatch(/Complete to event \d+ as of checkpoint [\d,]+ of lienthong\.example\//);
    expect(english.stdout).toMatch(/held the dossier from 2025-05-05 .* \(event 1\) to/);
    expect(english.stdout).toContain("What is trusted came with the file itself (network, policy).");
    expect(english.stdout).toContain("Times of custody are those of a scenario");
    const vietnamese = await verify(`${bundle} --lang vi`);
    expect(vietnamese.stdout).toContain(`Hành trình của hồ sơ ${code} đúng.`);
    expect(vietnamese.stdout).toMatch(/phường Trúc Bạch nắm giữ hồ sơ từ 05\/05\/2025/);
  });

  it("answers --json in the form that docs/verify.md documents", async () => {
    const ran = await verify(`${bundle} --json`);
    expect(ran.code).toBe(EXIT.ok);
    const report = ran.json() as Record<string, unknown>;
    expect(report).toMatchObject({ holds: true, dossier: code, shard: cli.bus.shard.name, withheld: [], since: null });
    const manual = await readFile(new URL("../../../docs/verify.md", import.meta.url), "utf8");
    expect(Object.keys(report).filter((field) => !manual.includes(`\`${field}\``))).toEqual([]);
  });

  it("holds under the network and the policy that the reader brings, and not under another network", async () => {
    const { network } = JSON.parse(await readFile(bundle, "utf8")) as { network: string };
    const policy = join(cli.data, "policy.txt");
    const ran = await verify(`${bundle} --network ${network} --policy ${policy}`);
    expect(ran.code).toBe(EXIT.ok);
    expect(ran.stdout).not.toContain("came with the file itself");
    const other = await verify(`${bundle} --network ${"0".repeat(64)}`);
    expect(other.code).toBe(EXIT.refused);
    expect(other.stdout).toContain("is that of another network");
  });

  it("names the event that was changed, and ends with 1; a file that is none ends with 2", async () => {
    const changed = join(folder, "changed.json");
    const file = JSON.parse(await readFile(bundle, "utf8"));
    const bytes = Buffer.from(file.trail.events[1].event, "base64");
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    file.trail.events[1].event = bytes.toString("base64");
    await writeFile(changed, JSON.stringify(file));
    const ran = await verify(changed);
    expect(ran.code).toBe(EXIT.refused);
    expect(ran.stdout).toContain(`The trail of ${code} does NOT hold.`);
    expect(ran.stdout).toContain("Event 2:");
    await writeFile(changed, "{}");
    expect((await verify(changed)).code).toBe(EXIT.usage);
    expect((await verify(join(folder, "none.json"))).code).toBe(EXIT.usage);
  });

  it("reads the whole log with --log: with the token later events are excluded, without it only hashes are checked", async () => {
    const whole = await verify(`${bundle} --log ${log.url} --token ${log.entriesToken}`);
    expect(whole).toMatchObject({ code: EXIT.ok });
    expect(whole.stdout).toContain("it has no later event of this dossier");
    const hashes = await verify(`${bundle} --log ${log.url}`);
    expect(hashes).toMatchObject({ code: EXIT.ok });
    expect(hashes.stdout).toContain("entries were not read, so later events are not excluded");
    expect((await verify(`${bundle} --log ${log.url} --token wrong`)).code).toBe(EXIT.refused);
    expect((await verify(`${bundle} --log http://127.0.0.1:1/log`)).code).toBe(EXIT.unreachable);
    expect((await verify(`${bundle} --log nonsense`)).code).toBe(EXIT.usage);
  });

  it("finds, in the whole log, an event that came after the bundle, and a new bundle says that the log only grew since", async () => {
    const own = newCode();
    const old = join(folder, "old.json");
    await bring(cli, own, "opened");
    await cli.ok(`dossier bundle ${own} -o ${old} --as ${ward}`);
    await cli.ok(`dossier complete ${own} --outcome granted --as ${ward}`);
    const newer = join(folder, "newer.json");
    await cli.ok(`dossier bundle ${own} -o ${newer} --since ${old} --as ${ward}`);
    const later = await verify(`${old} --log ${log.url} --token ${log.entriesToken}`);
    expect(later.code).toBe(EXIT.refused);
    expect(later.stdout).toContain("The log has an event of this dossier that the file has not: number 2");
    const since = await verify(`${newer} --since ${old}`);
    expect(since.code).toBe(EXIT.ok);
    expect(since.stdout).toContain("The log has only grown since the checkpoint that you kept");
  });

  it("tells an agency that may not read some branches which events are withheld, and what can be said all the same", async () => {
    const file = join(folder, "withheld.json");
    const found = JSON.parse(await readFile(bundle, "utf8")) as { trail: { events: unknown[] } };
    await cli.ok(`dossier bundle ${code} -o ${file} --as ${insurance}`);
    const ran = await verify(file);
    expect(ran.code).toBe(EXIT.ok);
    expect(ran.stdout).toMatch(/events are withheld \([\d, ]+\)/);
    expect((JSON.parse(await readFile(file, "utf8")) as typeof found).trail.events).toHaveLength(
      found.trail.events.length,
    );
  });
});

describe("a promise", () => {
  it("is the bus's word, and kept once the log has the event", async () => {
    const file = join(folder, "promise.json");
    await cli.ok(`dossier promise ${code} -o ${file} --as ${ward}`);
    const unchecked = await verify(file);
    expect(unchecked).toMatchObject({ code: EXIT.ok });
    expect(unchecked.stdout).toContain("The promise is the bus's word");
    const kept = await verify(`${file} --log ${log.url}`);
    expect(kept).toMatchObject({ code: EXIT.ok });
    expect(kept.stdout).toContain("The promise was kept");
    expect((await verify(`${file} --log ${log.url} --json`)).json()).toMatchObject({ outcome: "kept", evidence: null });
    const spoilt = JSON.parse(await readFile(file, "utf8"));
    const bytes = Buffer.from(spoilt.event, "base64");
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    await writeFile(file, JSON.stringify({ ...spoilt, event: bytes.toString("base64") }));
    const invalid = await verify(file);
    expect(invalid.code).toBe(EXIT.refused);
    expect(invalid.stdout).toContain("This is not the bus's word.");
  });

  it("is given for the agency's own statements only", async () => {
    const file = join(folder, "none.json");
    const others = await cli.run(`dossier promise ${code} --event 3 -o ${file} --as ${ward}`);
    expect([EXIT.ok, EXIT.refused]).toContain(others.code);
    const none = await cli.run(`dossier promise ${code} --event 99 -o ${file} --as ${ward}`);
    expect(none.code).toBe(EXIT.refused);
  });
});
