import { TimeGroup, TimeKind, TimeMeasure } from "@lienthong/contracts/audit/v1/audit_service";
import { RecordStatus } from "@lienthong/contracts/registry/v1/record";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../src/database.ts";
import type { Entitlement } from "../src/entitlement.ts";
import { indexSchema, migrate, readMigrations } from "../src/migrate.ts";
import { findRecords } from "../src/questions/find.ts";
import { listHandoffs, listWaiting, type ResolvedFilter } from "../src/questions/handoffs.ts";
import { listHoldings } from "../src/questions/holdings.ts";
import { summariseTimes } from "../src/questions/times.ts";
import { readTrail } from "../src/questions/trail.ts";
import { ShardWriter } from "../src/shard-writer.ts";
import { sql } from "../src/sql.ts";
import { type DatabaseKind, kinds } from "./databases.ts";
import { agencies, EventMill, madeNames } from "./made-events.ts";

const everything: Entitlement = { agency: "hn-z", scopes: [], unlimited: true, scope: "all" };
const nobody: Entitlement = { agency: "hn-z", scopes: [], unlimited: false, scope: "" };
const noFilter: ResolvedFilter = {
  ...{ shard: "", dossier: "", agency: "", fromAgency: "", toAgency: "", unit: "", procedure: "", level: 0 },
  ...{ fromTime: undefined, untilTime: undefined, timeKind: 0, outcomes: [], step: "", late: false },
  ...{ procedures: null, receivers: null },
};
const page = { pageSize: 1_000, after: null };

function scoped(scope: { shards?: string[]; agencies?: string[]; procedures?: string[] }): Entitlement {
  const record = { id: "s", auditor: "hn-z", shards: [], agencies: [], procedures: [], ground: "", ...scope };
  return {
    agency: "hn-z",
    scopes: [{ ...record, status: RecordStatus.RECORD_STATUS_ACTIVE }],
    unlimited: false,
    scope: "s",
  };
}

describe.each(kinds)("questions on %s", (name, start) => {
  let kind: DatabaseKind;
  let database: Database;
  const mills = ["east", "west"].map((shard, index) => new EventMill(shard, 41 + index).play(700, 40));
  beforeAll(async () => {
    kind = await start();
    ({ database } = await kind.open());
    await migrate(database, await readMigrations());
    for (const { shard, messages } of mills) {
      const writer = await ShardWriter.open({
        ...{ database, schema: indexSchema, shard, names: madeNames, registryAt: async () => {} },
      });
      await writer.write(messages);
    }
  });
  afterAll(async () => {
    await database?.close();
    await kind?.stop();
  });

  const handoffs = async (who: Entitlement, filter: Partial<ResolvedFilter> = {}) =>
    (await listHandoffs(database, who, { filter: { ...noFilter, ...filter }, ...page })).items;

  test("an agency is answered about its own, and nobody about others", async () => {
    const all = await handoffs(everything);
    expect(await handoffs(nobody)).toEqual([]);
    for (const agency of agencies) {
      const own = { ...nobody, agency };
      const opened = new Map(mills.flatMap(({ states }) => [...states].map(([code, state]) => [code, state.openedBy])));
      // One code may be in both shards: the opener of either is compared, so only codes of one opener are looked at.
      const isOwn = (each: (typeof all)[number]) =>
        each.fromAgency === agency || each.toAgency === agency || opened.get(each.dossier) === agency;
      const seen = await handoffs(own);
      const codesOnce = (each: (typeof all)[number]) =>
        mills.filter(({ states }) => states.has(each.dossier)).length === 1;
      expect(seen.filter(codesOnce)).toEqual(all.filter((each) => isOwn(each) && codesOnce(each)));
      expect(seen.length).toBeLessThan(all.length);
    }
  });

  test("a scope reaches as far as its shards, procedures and agencies say, all at once", async () => {
    const all = await handoffs(everything);
    const east = all.filter((each) => each.forwarded?.shard === "east");
    expect(await handoffs(scoped({ shards: ["east"] }))).toEqual(east);
    const some = await handoffs(scoped({ shards: ["east"], procedures: ["procedure-aa"] }));
    expect(some).toEqual(east.filter(({ procedure }) => procedure === "procedure-aa"));
    expect(some.length).toBeGreaterThan(0);
    const touching = await handoffs(scoped({ agencies: ["hn-a"] }));
    expect(touching.length).toBeLessThan(all.length);
    expect(touching).toEqual(expect.arrayContaining(all.filter(({ toAgency }) => toAgency === "hn-a")));
    expect(await handoffs(scoped({ shards: ["north"] }))).toEqual([]);
  });

  test("filters combine, and each narrows to what it says", async () => {
    const all = await handoffs(everything);
    const first = all[0]!;
    const expectSame = async (filter: Partial<ResolvedFilter>, keep: (each: typeof first) => boolean) => {
      const found = await handoffs(everything, filter);
      expect(found).toEqual(all.filter(keep));
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThan(all.length);
    };
    await expectSame({ shard: "west" }, ({ forwarded }) => forwarded?.shard === "west");
    await expectSame({ dossier: first.dossier }, ({ dossier }) => dossier === first.dossier);
    await expectSame({ fromAgency: "hn-a" }, ({ fromAgency }) => fromAgency === "hn-a");
    await expectSame({ toAgency: "hn-b" }, ({ toAgency }) => toAgency === "hn-b");
    await expectSame({ agency: "hn-c" }, (each) => each.fromAgency === "hn-c" || each.toAgency === "hn-c");
    await expectSame({ unit: "hn-d-unit" }, (each) => each.fromUnit === "hn-d-unit" || each.toUnit === "hn-d-unit");
    await expectSame({ step: "step-2" }, ({ step }) => step === "step-2");
    await expectSame({ procedures: ["procedure-bb"] }, ({ procedure }) => procedure === "procedure-bb");
    await expectSame({ receivers: ["hn-a", "hn-e"] }, ({ toAgency }) => ["hn-a", "hn-e"].includes(toAgency));
    await expectSame({ outcomes: [3, 4] }, ({ outcome }) => outcome === 3 || outcome === 4);
    const middle = all[Math.floor(all.length / 4)]!.forwarded!;
    await expectSame(
      { fromTime: middle.recordedTime },
      ({ forwarded }) => forwarded!.recordedTime!.seconds >= middle.recordedTime!.seconds,
    );
    await expectSame(
      { untilTime: middle.wallTime, timeKind: TimeKind.TIME_KIND_WALL },
      ({ forwarded }) => forwarded!.wallTime!.seconds < middle.wallTime!.seconds,
    );
    await expectSame(
      { late: true },
      ({ dueTime, ended, forwarded }) =>
        dueTime !== undefined && (ended?.recordedTime?.seconds ?? lastSecond(forwarded?.shard ?? "")) > dueTime.seconds,
    );
    await expectSame(
      { toAgency: "hn-b", outcomes: [2], shard: "east" },
      (each) => each.toAgency === "hn-b" && each.outcome === 2 && each.forwarded?.shard === "east",
    );
  });

  function lastSecond(shard: string): bigint {
    const states = [...(mills.find((mill) => mill.shard === shard)?.states.values() ?? [])];
    return states.reduce((last, { recordedTime }) => (recordedTime.seconds > last ? recordedTime.seconds : last), 0n);
  }

  test("times: counts and percentiles are those of the spans that handoffs and holdings show", async () => {
    const spans = (await handoffs(everything))
      .filter(({ outcome }) => outcome === 2)
      .map(({ forwarded, ended, toAgency }) => ({
        toAgency,
        ms:
          Number(ended!.recordedTime!.seconds - forwarded!.recordedTime!.seconds) * 1_000 +
          (ended!.recordedTime!.nanos - forwarded!.recordedTime!.nanos) / 1e6,
      }));
    const ask = (group: TimeGroup, measure: TimeMeasure = TimeMeasure.TIME_MEASURE_RECEIPT) =>
      summariseTimes(database, everything, {
        filter: noFilter,
        measure,
        clock: TimeKind.TIME_KIND_LEGAL,
        group,
        ...page,
      });
    const [all] = (await ask(TimeGroup.TIME_GROUP_UNSPECIFIED)).items;
    const sorted = spans.map(({ ms }) => ms).sort((a, b) => a - b);
    const percentile = (p: number) => {
      const at = p * (sorted.length - 1);
      const low = sorted[Math.floor(at)]!;
      return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
    };
    expect(all).toMatchObject({ group: "", count: BigInt(spans.length), maxMs: sorted.at(-1) });
    expect(all?.p50Ms).toBeCloseTo(percentile(0.5), 3);
    expect(all?.p90Ms).toBeCloseTo(percentile(0.9), 3);
    expect(all?.p99Ms).toBeCloseTo(percentile(0.99), 3);
    expect(all?.meanMs).toBeCloseTo(sorted.reduce((a, b) => a + b, 0) / sorted.length, 2);
    const groups = (await ask(TimeGroup.TIME_GROUP_TO_AGENCY)).items;
    expect(groups.map(({ group, count }) => [group, Number(count)])).toEqual(
      agencies.map((agency) => [agency, spans.filter(({ toAgency }) => toAgency === agency).length]),
    );
    const held = (await ask(TimeGroup.TIME_GROUP_STEP, TimeMeasure.TIME_MEASURE_HELD)).items;
    expect(held.length).toBeGreaterThan(2);
    const rows = await database.query<{ count: number }>(
      sql`select count(*) as count from holding where ended_leaf is not null`,
    );
    expect(held.reduce((sum, { count }) => sum + Number(count), 0)).toBe(rows[0]?.count);
  });

  test("holdings at a moment are those that had begun and not ended", async () => {
    const rows = await database.query<{ began_us: number; ended_us: number | null }>(
      sql`select began_us, ended_us from holding`,
    );
    const atUs = rows[Math.floor(rows.length / 2)]!.began_us;
    const found = await listHoldings(database, everything, {
      ...{ holder: "", unit: "", shard: "", procedures: null, atUs, ...page },
    });
    const expected = rows.filter(
      ({ began_us, ended_us }) => began_us <= atUs && (ended_us === null || ended_us > atUs),
    );
    expect(found.items).toHaveLength(expected.length);
    expect(expected.length).toBeGreaterThan(1);
  });

  test("text that tries to be SQL is text: it finds nothing, changes nothing and breaks nothing", async () => {
    const counts = () =>
      database.query(
        sql`select (select count(*) from event) as e, (select count(*) from handoff) as h, (select count(*) from holding) as o`,
      );
    const before = await counts();
    for (const text of [
      "' or 1=1 --",
      "'; drop table event; --",
      "\\'; drop schema lienthong_audit cascade; --",
      '"; delete from handoff; --',
      "{a,b}",
      '"}',
      "$1",
      "%",
      "\\",
      "hn-a', 'hn-b",
    ]) {
      const own = { ...nobody, agency: text };
      for (const who of [everything, own]) {
        for (const field of ["shard", "dossier", "agency", "fromAgency", "toAgency", "unit", "step"] as const) {
          expect(await handoffs(who, { [field]: text }), `${field} ${text}`).toEqual([]);
        }
        expect(await handoffs(who, { procedures: [text, text] })).toEqual([]);
        expect(await handoffs(who, { receivers: [text] })).toEqual([]);
        const waiting = { filter: { ...noFilter, unit: text }, wallSecondsMin: 0, nowUs: 4e15, ...page };
        expect((await listWaiting(database, who, waiting)).items).toEqual([]);
        const holdings = { holder: text, unit: text, shard: text, procedures: [text], atUs: null, ...page };
        expect((await listHoldings(database, who, holdings)).items).toEqual([]);
        await expect(readTrail(database, who, { dossier: text, shard: "", ...page })).rejects.toMatchObject({
          reason: "DOSSIER_UNKNOWN",
        });
      }
      expect(() => findRecords(database, everything, { id: text, ...page })).toThrow(
        expect.objectContaining({ reason: "FIELD_INVALID" }),
      );
      expect(await handoffs(scoped({ agencies: [text], shards: [text], procedures: [text] }))).toEqual([]);
      const place = { ...page, after: [text, 0, text] };
      await listHandoffs(database, everything, { filter: noFilter, ...place });
    }
    expect(await counts()).toEqual(before);
  });

  // The same planner in both: once is enough, on the faster one where it is there.
  test.runIf(name === kinds.at(-1)?.[0])(
    "at 100,000 events a dossier is answered from indexes alone",
    async () => {
      const { database: large } = await kind.open();
      await migrate(large, await readMigrations());
      const { messages } = new EventMill("large", 3).playPlainly(25_500);
      expect(messages.length).toBeGreaterThan(100_000);
      const writer = await ShardWriter.open({
        ...{ database: large, schema: indexSchema, shard: "large", names: madeNames, registryAt: async () => {} },
      });
      for (let at = 0; at < messages.length; at += 1_000) await writer.write(messages.slice(at, at + 1_000));
      await large.script("analyze");
      const code = messages[90_000]?.subject.split(".").at(-1) ?? "";
      const plans = await Promise.all(
        [
          sql`select * from event as e where e.dossier = ${code}::text and (e.shard, e.leaf) > (''::text, -1) order by e.shard, e.leaf limit 101`,
          sql`select * from dossier as d where d.dossier = ${code}::text`,
          sql`select shard, branch from handoff where dossier = ${code}::text and to_agency = 'hn-a'::text union select shard, branch from holding where dossier = ${code}::text`,
          sql`select * from handoff as h where h.to_agency = 'hn-none'::text and h.ended_leaf is null`,
          sql`select * from event as e where e.statement_id = '01970000-0000-7000-8000-000000000044'::text::uuid`,
          sql`select * from event as e where e.hash = decode(${"ab".repeat(32)}::text, 'hex')`,
        ].map((question) => large.query<{ "QUERY PLAN": string }>(sql`explain ${question}`)),
      );
      for (const plan of plans) {
        const text = plan.map((row) => row["QUERY PLAN"]).join("\n");
        expect(text).toMatch(/Index/);
        expect(text).not.toMatch(/Seq Scan/);
      }
      const trail = await readTrail(large, everything, { dossier: code, shard: "", ...page });
      expect(trail.items.length).toBeGreaterThanOrEqual(4);
      await large.close();
    },
    300_000,
  );
});
