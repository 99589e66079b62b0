import { endStates, openBranches } from "@lienthong/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOfIndex } from "../src/compare-index.ts";
import type { Database } from "../src/database.ts";
import type { Entitlement } from "../src/entitlement.ts";
import { StreamContradictsError } from "../src/fold-events.ts";
import { indexSchema, migrate, readMigrations } from "../src/migrate.ts";
import { listHandoffs, listWaiting, type ResolvedFilter } from "../src/questions/handoffs.ts";
import { listHoldings } from "../src/questions/holdings.ts";
import { readTrail } from "../src/questions/trail.ts";
import { microsecondsOf } from "../src/rows.ts";
import { ShardWriter } from "../src/shard-writer.ts";
import { RowColumns, sql } from "../src/sql.ts";
import { IndexTakenError } from "../src/write-batch.ts";
import { type DatabaseKind, kinds } from "./databases.ts";
import { diceOf, EventMill, madeNames } from "./made-events.ts";

const everything: Entitlement = { agency: "hn-z", scopes: [], unlimited: true, scope: "all" };
const noFilter: ResolvedFilter = {
  shard: "",
  dossier: "",
  agency: "",
  fromAgency: "",
  toAgency: "",
  unit: "",
  procedure: "",
  level: 0,
  fromTime: undefined,
  untilTime: undefined,
  timeKind: 0,
  outcomes: [],
  step: "",
  late: false,
  procedures: null,
  receivers: null,
};

async function openWriter(database: Database, shard: string): Promise<ShardWriter> {
  return ShardWriter.open({ database, schema: indexSchema, shard, names: madeNames, registryAt: async () => {} });
}

describe.each(kinds)("the index on %s", (_name, start) => {
  let kind: DatabaseKind;
  beforeAll(async () => {
    kind = await start();
  });
  afterAll(async () => {
    await kind?.stop();
  });

  async function fresh(): Promise<Database> {
    const { database } = await kind.open();
    await migrate(database, await readMigrations());
    return database;
  }

  async function digest(database: Database): Promise<string> {
    return Buffer.from(await database.transaction((tx) => digestOfIndex(tx))).toString("hex");
  }

  test("says what a fold of each whole dossier says: who holds what since when, what waits, what became of every handoff", async () => {
    const database = await fresh();
    for (const seed of [11, 12, 13]) {
      const shard = `random-${seed}`;
      const mill = new EventMill(shard, seed).play(1_500, 40);
      const dice = diceOf(seed);
      let writer = await openWriter(database, shard);
      for (let at = 0; at < mill.messages.length; ) {
        // A restart anywhere forgets what was kept in memory, and reads it back from the rows.
        if (dice(3) === 0) writer = await openWriter(database, shard);
        const next = Math.min(mill.messages.length, at + 1 + dice(200));
        await writer.write(mill.messages.slice(at, next));
        at = next;
      }
      const holdings = await listHoldings(database, everything, {
        ...{ holder: "", unit: "", shard, procedures: null, atUs: null, pageSize: 1_000, after: null },
      });
      const held = holdings.items.map(({ dossier, branch, holder, unit, step, state, heldSince }) =>
        [dossier, branch, holder, unit, step, state, microsecondsOf(heldSince)].join(" "),
      );
      const expectedHeld = [...mill.states.values()].flatMap((state) =>
        [...state.branches.values()]
          .filter(({ holder }) => holder !== "")
          .map(({ branch, holder, unit, step, state: at, heldSince }) =>
            [state.dossier, branch, holder, unit, step, at, microsecondsOf(heldSince)].join(" "),
          ),
      );
      expect(held.sort()).toEqual(expectedHeld.sort());

      const waiting = await listWaiting(database, everything, {
        ...{ filter: { ...noFilter, shard }, wallSecondsMin: 0, nowUs: 4e15, pageSize: 1_000, after: null },
      });
      const waits = waiting.items.map(({ handoff }) =>
        [
          handoff?.dossier,
          handoff?.branch,
          handoff?.toAgency,
          Buffer.from(handoff?.forwarded?.hash ?? []).toString("hex"),
          handoff?.delivered !== undefined,
        ].join(" "),
      );
      const expectedWaits = [...mill.states.values()].flatMap((state) =>
        openBranches(state).flatMap(({ branch, pending }) =>
          pending === null
            ? []
            : [
                [
                  state.dossier,
                  branch,
                  pending.receiver,
                  Buffer.from(pending.forward).toString("hex"),
                  pending.delivered,
                ].join(" "),
              ],
        ),
      );
      expect(waits.sort()).toEqual(expectedWaits.sort());

      const said = mill.messages.length - 1;
      let seen = 0;
      for (const [code, state] of mill.states) {
        const trail = await readTrail(database, everything, { dossier: code, shard, pageSize: 1_000, after: null });
        expect(trail.items.map(({ number }) => Number(number))).toEqual(
          Array.from({ length: state.number }, (_, i) => i + 1),
        );
        seen += trail.items.length;
        const ended = [...state.branches.values()].every((branch) => endStates.has(branch.state));
        const rows = await database.query<{ ended: boolean }>(
          sql`select ended from dossier where shard = ${shard} and dossier = ${code}`,
        );
        expect(rows[0]?.ended).toBe(ended);
      }
      expect(seen).toBe(said);
    }
    await database.close();
  });

  test("has the same rows whatever the batches were, and whether it was written in one go or with restarts", async () => {
    const mill = new EventMill("same", 5).play(2_000, 60);
    const digests: string[] = [];
    for (const [size, restarts] of [
      [1_000, false],
      [37, true],
      [400, true],
    ] as const) {
      const database = await fresh();
      let writer = await openWriter(database, "same");
      for (let at = 0; at < mill.messages.length; at += size) {
        if (restarts) writer = await openWriter(database, "same");
        await writer.write(mill.messages.slice(at, at + size));
      }
      digests.push(await digest(database));
      await database.close();
    }
    expect(new Set(digests).size).toBe(1);
  });

  test("a batch that fails leaves nothing of itself, and is written again by another writer", async () => {
    const database = await fresh();
    const mill = new EventMill("half", 7).play(600, 30);
    const writer = await openWriter(database, "half");
    await writer.write(mill.messages.slice(0, 300));
    const before = await digest(database);
    let breaks = false;
    const broken: Database = {
      ...database,
      transaction: (work) =>
        database.transaction(async (tx) => {
          await work(tx);
          throw new Error("the power went out");
        }),
    };
    const failing = await openWriter(
      new Proxy(database, { get: (_, key) => (breaks ? broken : database)[key as keyof Database] }),
      "half",
    );
    breaks = true;
    await expect(failing.write(mill.messages.slice(300))).rejects.toThrow("the power went out");
    expect(await digest(database)).toBe(before);
    await (await openWriter(database, "half")).write(mill.messages.slice(300));
    const halves = await digest(database);
    await database.close();
    const whole = await fresh();
    await (await openWriter(whole, "half")).write(mill.messages);
    expect(halves).toBe(await digest(whole));
    await whole.close();
  });

  test("the database knows how many rows there are, and finds those that a batch changes by their keys", async () => {
    const database = await fresh();
    const { messages } = new EventMill("counted", 31).play(3_000, 120);
    const writer = await openWriter(database, "counted");
    for (let at = 0; at < messages.length; at += 200) await writer.write(messages.slice(at, at + 200));
    for (const table of ["event", "dossier", "handoff", "holding"]) {
      const [{ known, found } = { known: 0, found: 0 }] = await database.query<{ known: number; found: number }>(
        sql`select (select reltuples::bigint from pg_class where oid = ${`lienthong_audit.${table}`}::text::regclass) as known,
          (select count(*) from lienthong_audit.event where ${table}::text = 'event') +
          (select count(*) from lienthong_audit.dossier where ${table}::text = 'dossier') +
          (select count(*) from lienthong_audit.handoff where ${table}::text = 'handoff') +
          (select count(*) from lienthong_audit.holding where ${table}::text = 'holding') as found`,
      );
      expect(found, table).toBeGreaterThan(50);
      expect(known, table).toBeGreaterThan(found / 2.5);
    }
  });

  test("two writers of one shard: the second to write is told, and changes nothing", async () => {
    const database = await fresh();
    const mill = new EventMill("taken", 9).play(100, 10);
    const [first, second] = [await openWriter(database, "taken"), await openWriter(database, "taken")];
    await first.write(mill.messages.slice(0, 50));
    const before = await digest(database);
    await expect(second.write(mill.messages.slice(0, 50))).rejects.toThrow(IndexTakenError);
    expect(await digest(database)).toBe(before);
    await database.close();
  });

  test("a message that does not belong where it lies is refused and named", async () => {
    const database = await fresh();
    const { messages } = new EventMill("odd", 21).play(60, 5);
    const writer = await openWriter(database, "odd");
    await writer.write(messages.slice(0, 20));
    const third = messages[22]!;
    const tries = [
      [[messages[21]!], /was given event 21/],
      [[{ ...messages[20]!, subject: "lt.odd.event.H26-250505-99999999" }], /says that it belongs to/],
      [[{ ...messages[20]!, payload: new Uint8Array([1, 2, 3]) }], /Event 20 of odd cannot be read/],
      [
        [
          { ...third, sequence: 21 },
          { ...third, sequence: 22 },
        ],
        /came before it|cannot follow/,
      ],
      // Of a dossier that is in the rows and not in this writer's memory.
      [[{ ...messages[1]!, sequence: 21 }], /A dossier of odd is opened a second time/],
    ] as const;
    for (const [batch, says] of tries) {
      const refused = (await openWriter(database, "odd")).write(batch);
      await expect(refused).rejects.toThrow(StreamContradictsError);
      await expect(refused).rejects.toThrow(says);
    }
    await database.close();
  });

  test("rows that are sent by column arrive as they are, whatever their texts hold", async () => {
    const database = await fresh();
    const texts = [
      "",
      "NULL",
      "null",
      '"',
      "\\",
      '\\"',
      "{a,b}",
      "{",
      "a,b",
      " a ",
      "\n\t",
      "Bộ phận Một cửa",
      "𠮷",
      "'",
      "$1",
    ];
    interface Row {
      readonly at: number;
      readonly text: string;
      readonly list: readonly string[];
      readonly yes: boolean;
      readonly none: string | null;
    }
    const rows = texts.map(
      (text, at): Row => ({ at: at * 2 ** 44, text, list: [text, text], yes: at % 2 === 0, none: null }),
    );
    const columns = new RowColumns<Row>({ at: "bigint", text: "text", list: "text", yes: "boolean", none: "uuid" });
    columns.add(rows.slice(0, 4)).add([]).add(rows.slice(4));
    expect(columns.size).toBe(rows.length);
    const found = await database.query(sql`select at, text, list::text[] as list, yes, none from ${columns.source()}`);
    expect(found).toEqual(rows);
    const empty = new RowColumns<Pick<Row, "text">>({ text: "text" });
    expect(await database.query(sql`select * from ${empty.source()}`)).toEqual([]);
    await database.close();
  });

  test("tables of a later version, and tables made by another script, are refused with what to do", async () => {
    const database = await fresh();
    const migrations = await readMigrations();
    await database.query(sql`insert into migration (number, name, digest) values (99, '0099-later.sql', 'x')`);
    await expect(migrate(database, migrations)).rejects.toThrow(
      new RegExp(`has migration 99 .* this version knows ${migrations.length}\\.`),
    );
    await database.query(sql`delete from migration where number = 99`);
    await database.query(sql`update migration set digest = 'other'`);
    await expect(migrate(database, migrations)).rejects.toThrow(/made with another 0001-index\.sql/);
    await database.close();
  });

  test("an index of each earlier version keeps its rows and is written on", async () => {
    const migrations = await readMigrations();
    const { messages } = new EventMill("older", 47).play(400, 30);
    const whole = await fresh();
    await (await openWriter(whole, "older")).write(messages);
    const expected = await digest(whole);
    await whole.close();
    for (let version = 1; version < migrations.length; version++) {
      const { database } = await kind.open();
      await migrate(database, migrations.slice(0, version));
      await (await openWriter(database, "older")).write(messages.slice(0, 200));
      expect(await migrate(database, migrations)).toBe(migrations.length);
      await (await openWriter(database, "older")).write(messages.slice(200));
      expect(await digest(database)).toBe(expected);
      await database.close();
    }
  });

  test("twenty starts at once make the tables once", async () => {
    const { database } = await kind.open();
    const migrations = await readMigrations();
    await Promise.all(Array.from({ length: 20 }, () => migrate(database, migrations)));
    expect(await database.query(sql`select number from migration`)).toHaveLength(migrations.length);
    await database.close();
  });

  test("pages follow one another without a gap or a repetition", async () => {
    const database = await fresh();
    const mill = new EventMill("paged", 31).play(800, 50);
    await (await openWriter(database, "paged")).write(mill.messages);
    const all = await listHandoffs(database, everything, { filter: noFilter, pageSize: 1_000, after: null });
    const paged: unknown[] = [];
    let after: readonly (string | number)[] | null = null;
    do {
      const page = await listHandoffs(database, everything, { filter: noFilter, pageSize: 7, after });
      paged.push(...page.items);
      after = page.end;
    } while (after !== null);
    expect(paged).toEqual(all.items);
    expect(all.items.length).toBeGreaterThan(50);
    await database.close();
  });
});
