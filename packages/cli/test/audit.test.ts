import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { type CliBus, newCode, startCliBus } from "./cli-bus.ts";
import { bring } from "./stages.ts";

const auditor = "hn-thanhtra";
const ward = "hn-wold-00004";
const police = "hn-ca-wold-00004";
const forked = newCode();
const allowance = newCode();
let cli: CliBus;

beforeAll(async () => {
  cli = await startCliBus(undefined, { audit: true });
  await bring(cli, forked, "forked");
  await bring(cli, allowance, "allowanceTaken");
}, 120_000);
afterAll(async () => {
  await cli?.stop();
}, 60_000);

/** All lines of what a line prints with --json. */
async function lines(line: string): Promise<Record<string, unknown>[]> {
  const { stdout } = await cli.ok(`${line} --json`);
  return stdout
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as Record<string, unknown>);
}

type Place = { shard: string; leafIndex: number; hash: string };

describe("lienthong audit", () => {
  test("trail: what the index has is what the exchange's trail has, by log index and hash", async () => {
    const events = await lines(`audit trail ${forked} --as ${auditor}`);
    const { events: trail } = (await cli.json(`dossier trail ${forked} --as ${ward}`)) as {
      events: { number: number; leafIndex: number; hash: string; content: { said: string } }[];
    };
    expect(events.map(({ number, place, said }) => ({ number, said, ...pick(place as Place) }))).toEqual(
      trail.map(({ number, leafIndex, hash, content }) => ({ number, said: content.said, leafIndex, hash })),
    );
  });

  test("trail: an agency sees its own branches, and of the others only that there are some", async () => {
    const events = await lines(`audit trail ${forked} --as ${police}`);
    expect(events[0]).toMatchObject({ number: 1, said: "", agency: "", statementId: "" });
    expect(events.some(({ said }) => said === "forward")).toBe(true);
    const refused = await cli.run(`audit trail ${forked} --as hn-so-yt --lang en`);
    expect(refused).toMatchObject({ code: EXIT.refused, stdout: "" });
    expect(refused.stderr).toMatch(/^--as: .*may not read/);
  });

  test("holdings: what an agency holds now and since when, and what it held at a moment", async () => {
    const holdings = await lines(`audit holdings ${ward} --as ${auditor}`);
    const held = holdings.filter(({ dossier }) => dossier === forked);
    expect(held.length).toBeGreaterThan(0);
    const { branches } = (await cli.json(`dossier show ${forked} --as ${ward}`)) as {
      branches: { branch: string; holder: string; heldSince: string; state: string }[];
    };
    expect(held.map(({ branch, heldSince, state }) => ({ branch, heldSince, state }))).toEqual(
      branches
        .filter(({ holder }) => holder === ward)
        .map(({ branch, heldSince, state }) => ({ branch, heldSince, state })),
    );
    expect(await lines(`audit holdings ${ward} --at 2025-05-04 --as ${auditor}`)).toEqual([]);
    const other = await cli.run(`audit holdings ${ward} --as ${police} --lang en`);
    expect(other.code).toBe(EXIT.refused);
    expect(other.stderr).toMatch(/^AGENCY: /);
  });

  test("waiting: what nobody has answered, of one receiver or of all", async () => {
    const all = await lines(`audit waiting --as ${auditor}`);
    const ofPolice = await lines(`audit waiting ${police} --as ${police}`);
    expect(ofPolice.length).toBeGreaterThan(0);
    expect(all.length).toBeGreaterThan(ofPolice.length);
    for (const { handoff } of ofPolice as { handoff: Record<string, unknown> }[]) {
      expect(handoff).toMatchObject({ toAgency: police, outcome: "PENDING", ended: null });
    }
    expect(await lines(`audit waiting --longer-than 9 --as ${auditor}`)).toEqual([]);
  });

  test("handoffs: filters combine; CSV has every row and one line each", async () => {
    const all = await lines(`audit handoffs --as ${auditor}`);
    const some = await lines(
      `audit handoffs --to-agency ${police} --outcome pending --from 2025-05-05 --as ${auditor}`,
    );
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(all.length);
    expect(some.every(({ toAgency, outcome }) => toAgency === police && outcome === "PENDING")).toBe(true);
    expect(await lines(`audit handoffs --until 2025-05-05 --as ${auditor}`)).toEqual([]);
    expect(await lines(`audit handoffs --late --as ${auditor}`)).toEqual([]);
    expect((await lines(`audit handoffs --level ward --as ${auditor}`)).length).toBeLessThanOrEqual(all.length);
    const { stdout } = await cli.ok(`audit handoffs --csv --as ${auditor}`);
    const csv = stdout.trimEnd().split("\n");
    expect(csv).toHaveLength(all.length + 1);
    expect(csv[0]).toMatch(/^dossier,branch,procedure,.*forwarded\.leafIndex,forwarded\.hash/);
    expect(csv[1]?.split(",")).toHaveLength(csv[0]?.split(",").length ?? 0);
  });

  test("times: percentiles by step, for either clock", async () => {
    const [all] = await lines(`audit times --measure receipt --as ${auditor}`);
    expect(all).toMatchObject({ group: "" });
    const groups = await lines(`audit times --measure receipt --by step --clock wall --as ${auditor}`);
    expect(groups.reduce((sum, { count }) => sum + (count as number), 0)).toBe(all?.count);
    expect((await lines(`audit times --measure held --by to-agency --as ${auditor}`)).length).toBeGreaterThan(0);
    const odd = await cli.run(`audit times --measure held --late --as ${auditor} --lang en`);
    expect(odd.code).toBe(EXIT.refused);
    expect(odd.stderr).toMatch(/^--late: /);
  });

  test("find: a statement, an event, a handoff and a delivery lead to the same things", async () => {
    const [handoff] = await lines(`audit handoffs --to-agency ${police} --as ${auditor}`);
    const forwarded = handoff?.forwarded as Place;
    const events = await lines(`audit trail ${handoff?.dossier} --as ${auditor}`);
    const forward = events.find(({ place }) => (place as Place).hash === forwarded.hash);
    for (const id of [
      forward?.statementId,
      forwarded.hash,
      `${forwarded.hash}/${handoff?.branch}`,
      `${forwarded.shard}/${forwarded.leafIndex}`,
    ]) {
      const found = await lines(`audit find ${id} --as ${auditor}`);
      expect(found.some(({ event }) => (event as typeof forward)?.statementId === forward?.statementId)).toBe(true);
      expect(found.some((row) => (row.handoff as typeof handoff)?.branch === handoff?.branch)).toBe(true);
    }
    const nothing = await cli.ok(`audit find 01970000-0000-7000-8000-00000000ffff --as ${auditor} --lang en`);
    expect(nothing.stdout).toContain("Nothing was found.");
    const odd = await cli.run(`audit find "x' or 1=1 --" --as ${auditor} --lang en`);
    expect(odd.stderr).toMatch(/^ID: .*a statement id/);
  });

  test("accesses: every question left a record, the auditor's look at the exchange's trail as well", async () => {
    await cli.ok(`dossier trail ${forked} --as ${auditor}`);
    const looks = await lines(`audit accesses --as ${auditor}`);
    const methods = looks.map(({ method }) => method);
    expect(methods).toContain("lienthong.exchange.v1.ExchangeService/GetTrail");
    expect(methods).toContain("lienthong.audit.v1.AuditService/ListTrail");
    expect(methods).not.toContain("lienthong.audit.v1.AuditService/GetIndexStatus");
    const trail = looks.find(({ method }) => method === "lienthong.exchange.v1.ExchangeService/GetTrail");
    expect(trail).toMatchObject({ agency: auditor, auditScope: "thanh-tra-thanh-pho" });
    expect(JSON.stringify(looks)).not.toContain(forked);
    const own = await lines(`audit accesses --as ${police}`);
    expect(own.every(({ agency }) => agency === police)).toBe(true);
    const others = await cli.run(`audit accesses --by ${auditor} --as ${police} --lang en`);
    expect(others.code).toBe(EXIT.refused);
    expect(others.stderr).toMatch(/^--by: /);
  });

  test("status and rebuild: for the operator's system; a rebuild finds nothing to put right", async () => {
    const status = await cli.json("audit status");
    expect(status).toMatchObject({ database: "pglite", shards: [{ stopped: "" }] });
    const compared = await cli.json("audit rebuild --compare");
    expect(compared).toMatchObject({ done: true, differenceCount: 0, compareOnly: true });
    const rebuilt = await cli.json("audit rebuild");
    expect(rebuilt).toMatchObject({ done: true, differenceCount: 0, digest: compared.digest });
    const refused = await cli.run("audit rebuild --system hn-mot-cua --lang en");
    expect(refused.code).toBe(EXIT.refused);
    expect(refused.stderr).toContain("operator's system alone");
    expect((await lines(`audit trail ${forked} --as ${auditor}`)).length).toBeGreaterThan(0);
  });

  test.each([
    ["vi", 80],
    ["vi", 160],
    ["en", 80],
    ["en", 200],
  ])("tables for people in %s fit %i columns", async (lang, columns) => {
    const [event] = await lines(`audit trail ${forked} --as ${auditor}`);
    const { hash: firstHash } = (event as { place: Place }).place;
    for (const line of [
      `trail ${forked}`,
      `holdings ${ward}`,
      "waiting",
      "handoffs",
      "times --by to-agency",
      "accesses --count 5",
      `find ${firstHash}`,
      "status",
    ]) {
      const { stdout } = await cli.ok(`audit ${line} --as ${auditor} --lang ${lang}`, { columns });
      for (const text of stdout.split("\n"))
        expect([...text.normalize("NFC")].length, `${line}: ${text}`).toBeLessThanOrEqual(columns);
      expect(stdout).toContain("┌");
    }
  });

  test("wrong usage is named by its flag and asks nothing of the bus", async () => {
    const tries: [line: string, says: RegExp][] = [
      ["handoffs --outcome maybe", /'maybe' is not allowed for --outcome/],
      ["handoffs --level village", /'village' is not allowed for --level/],
      ["handoffs --from yesterday", /'yesterday' is not allowed for --from/],
      ["handoffs --count none", /'none' is not allowed for --count/],
      ["handoffs --csv --json", /--csv does not go together with --json/],
      ["times --measure speed", /'speed' is not allowed for --measure/],
      ["times --by colour", /'colour' is not allowed for --by/],
      ["waiting --longer-than long", /'long' is not allowed for --longer-than/],
    ];
    for (const [line, says] of tries) {
      const ran = await cli.run(`audit ${line} --as ${auditor} --lang en`);
      expect(ran, line).toMatchObject({ code: EXIT.usage, stdout: "" });
      expect(ran.stderr, line).toMatch(says);
    }
    const unknown = await cli.run(`audit handoffs --to-agency hn-nowhere --as ${auditor} --lang en`);
    expect(unknown.code).toBe(EXIT.refused);
    expect(unknown.stderr).toMatch(/^--to-agency: /);
  });
});

function pick({ leafIndex, hash }: Place) {
  return { leafIndex, hash };
}
