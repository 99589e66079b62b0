import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOfIndex } from "../src/compare-index.ts";
import { type AuditIndex, type Database, openDatabase, type RebuildProgress } from "../src/index.ts";
import { sql } from "../src/sql.ts";
import { type DatabaseKind, kinds, postgresKind } from "./databases.ts";
import { EventMill } from "./made-events.ts";
import { StreamGround } from "./stream-ground.ts";

let ground: StreamGround;
beforeAll(async () => {
  ground = await StreamGround.start();
});
afterAll(async () => {
  await ground?.stop();
});

const soon = () => AbortSignal.timeout(60_000);
const newShard = () => `s-${randomUUID().slice(0, 8)}`;

async function digest(database: Database): Promise<string> {
  return Buffer.from(await database.transaction((tx) => digestOfIndex(tx))).toString("hex");
}

/** Reads a shard to its end. */
async function readWhole(database: Database, shard: string, size: number): Promise<AuditIndex> {
  const index = await ground.openIndex(database);
  index.followShard(shard);
  await index.waitForSize(shard, size, soon());
  return index;
}

/** Waits until a shard is read no further, and says why. */
async function stopOf(index: AuditIndex, shard: string): Promise<string> {
  for (const signal = soon(); ; signal.throwIfAborted()) {
    const why = index
      .indexers()
      .find((each) => each.shard === shard)
      ?.stoppedBecause();
    if (why != null) return why;
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

async function rebuild(index: AuditIndex, compareOnly: boolean): Promise<NonNullable<RebuildProgress["result"]>> {
  let result: RebuildProgress["result"] = null;
  for await (const step of index.rebuild({ compareOnly, signal: soon() })) result = step.result;
  if (result === null) throw new Error("The rebuild ended without a result.");
  return result;
}

describe.each(kinds)("the index of a stream on %s", (name, start) => {
  let kind: DatabaseKind;
  beforeAll(async () => {
    kind = await start();
  });
  afterAll(async () => {
    await kind?.stop();
  });

  test("goes on with new events, and after a restart where its rows end", async () => {
    const { database } = await kind.open();
    const shard = newShard();
    const { messages } = new EventMill(shard, 51).play(900, 40);
    await ground.append(shard, messages.slice(0, 300));
    const first = await readWhole(database, shard, 300);
    await ground.append(shard, messages.slice(300, 600));
    await first.waitForSize(shard, 600, soon());
    await first.stop();
    await ground.append(shard, messages.slice(600));
    const second = await readWhole(database, shard, 900);
    expect(second.indexers()[0]?.stoppedBecause()).toBeNull();
    await second.stop();
    await database.close();
  });

  test("a rebuild gives the same rows while questions are answered, and names every row that somebody changed, removed or added", async () => {
    const { database } = await kind.open();
    const shard = newShard();
    const { messages } = new EventMill(shard, 53).play(1_200, 40);
    await ground.append(shard, messages);
    const index = await readWhole(database, shard, messages.length);
    const before = await digest(database);
    const untouched = await rebuild(index, true);
    expect(untouched).toMatchObject({ differenceCount: 0, differences: [] });
    expect(Buffer.from(untouched.digest).toString("hex")).toBe(before);
    expect(await rebuild(index, false)).toMatchObject({ differenceCount: 0 });
    expect(await digest(database)).toBe(before);

    await database.query(sql`update handoff set outcome = 'REFUSED', reason = 'x' where (forward_leaf, branch) in
      (select forward_leaf, branch from handoff where outcome = 'ACKNOWLEDGED' order by 1 limit 1)`);
    await database.query(
      sql`update holding set holder = 'hn-x' where (began_leaf, branch) in (select began_leaf, branch from holding order by 1 limit 1)`,
    );
    await database.query(sql`delete from event where leaf = 17`);
    await database.query(sql`update event set recorded_us = recorded_us + 1 where leaf = 18`);
    await database.query(sql`insert into dossier select shard, 'H26-250505-99999999', opened_leaf, opened_by, area_code, procedure_entry, procedure, route,
      events, last_leaf, ended, agencies, fold from dossier limit 1`);
    const found = await rebuild(index, false);
    expect(found.differenceCount).toBe(5);
    expect(found.differences).toEqual([
      { table: "event", row: `${shard}/17`, kind: "MISSING", columns: [] },
      { table: "event", row: `${shard}/18`, kind: "CHANGED", columns: ["recorded_us"] },
      { table: "dossier", row: `${shard}/H26-250505-99999999`, kind: "EXTRA", columns: [] },
      { table: "handoff", row: expect.stringMatching(`^${shard}/`), kind: "CHANGED", columns: ["outcome", "reason"] },
      { table: "holding", row: expect.stringMatching(`^${shard}/`), kind: "CHANGED", columns: ["holder"] },
    ]);
    expect(await digest(database)).toBe(before);
    // It goes on from there.
    const more = new EventMill(shard, 53).play(1_250, 40).messages.slice(1_200);
    await ground.append(shard, more);
    await index.waitForSize(shard, 1_250, soon());
    await index.stop();
    await database.close();
  });

  test("killed in the middle, again and again, it ends with the rows of one that was not", async () => {
    const shard = newShard();
    const { messages } = new EventMill(shard, 57).playPlainly(1_000);
    await ground.append(shard, messages);
    const { database, url } = await kind.open();
    const where = url ?? join(ground.folder, randomUUID());
    if (url !== undefined) await database.close();
    let size = 0;
    for (let kills = 0; size < messages.length && kills < 60; kills++) {
      size = await readUntilKilled(shard, where, Math.min(messages.length, size + 1_500));
    }
    expect(size).toBe(messages.length);
    const killed = await openDatabase({ url, directory: where });
    const index = await readWhole(killed, shard, messages.length);
    const rows = await digest(killed);
    await index.stop();
    await killed.close();
    const { database: whole } = await kind.open();
    const once = await readWhole(whole, shard, messages.length);
    expect(rows).toBe(await digest(whole));
    await once.stop();
    await whole.close();
  }, 300_000);

  /** Runs a process until it has read so far, and kills it in whatever it does then. */
  async function readUntilKilled(shard: string, where: string, until: number): Promise<number> {
    const child = spawn(
      process.execPath,
      [
        ...["--disable-warning=ExperimentalWarning", new URL("./index-process.ts", import.meta.url).pathname],
        ...[ground.nats.url, ground.nats.credentials.audit.seedFilePath, shard, where],
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let size = 0;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    for await (const text of child.stdout) {
      size = Number(String(text).trim().split("\n").at(-1)?.split(" ")[0]);
      if (size >= until) break;
    }
    child.kill("SIGKILL");
    await ended;
    return size;
  }

  test("stops at a stream that is shorter than its rows, or another, and says what to do", async () => {
    const { database } = await kind.open();
    const shard = newShard();
    const { messages } = new EventMill(shard, 61).play(400, 20);
    await ground.append(shard, messages);
    const index = await readWhole(database, shard, messages.length);
    await index.stop();
    const rows = await digest(database);

    await ground.removeStream(shard);
    await ground.append(shard, messages.slice(0, 350));
    const shorter = await ground.openIndex(database);
    shorter.followShard(shard);
    expect(await stopOf(shorter, shard)).toMatch(/ends at event 349, and the index has read 400 .*fsck.*rebuild/);
    await shorter.stop();

    await ground.removeStream(shard);
    await ground.append(shard, new EventMill(shard, 62).play(420, 20).messages);
    const other = await ground.openIndex(database);
    other.followShard(shard);
    expect(await stopOf(other, shard)).toMatch(
      /Event 399 in the stream of .* is not the one that the index has read there.*rebuild/,
    );
    expect(await digest(database)).toBe(rows);
    // What the operator does about it, once it is known that the stream is right.
    expect((await rebuild(other, false)).differenceCount).toBeGreaterThan(0);
    await other.waitForSize(shard, 420, soon());
    expect(other.indexers()[0]?.stoppedBecause()).toBeNull();
    await other.stop();
    await database.close();
  });

  if (name !== "postgresql") return;

  test("waits for a database that crashes under it, and goes on", async () => {
    const own = await postgresKind();
    const { database } = await own.open();
    const shard = newShard();
    const { messages } = new EventMill(shard, 67).play(600, 30);
    await ground.append(shard, messages.slice(0, 300));
    const index = await readWhole(database, shard, 300);
    await own.restart?.();
    await ground.append(shard, messages.slice(300));
    await index.waitForSize(shard, 600, soon());
    expect(index.indexers()[0]?.stoppedBecause()).toBeNull();
    await index.stop();
    await database.close();
    await own.stop();
  });
});
