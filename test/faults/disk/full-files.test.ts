import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLogger, keepPrivateFile, replacePrivateFile } from "@lienthong/chassis";
import { openDossierHeads, openDurableHead } from "@lienthong/event-store";
import { openWitnessFolder } from "@lienthong/witness";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ClientDatabase } from "../../../packages/client/src/client-database.ts";
import { fsck } from "../../../services/ledger/src/fsck/fsck.ts";
import { newSigner, openWriter, someEntries } from "../../../services/ledger/test/small-log.ts";
import { mountingIsPossible, mountSmallDisk, type SmallDisk } from "./small-disk.ts";

const canMount = mountingIsPossible();
let disk: SmallDisk;

beforeEach(() => {
  if (canMount) disk = mountSmallDisk(2);
});
afterEach(() => {
  if (canMount) disk.remove();
});

const big = "x".repeat(20_000);
const leaf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

/** Every way in which a disk refuses, and how it becomes well again. */
const refusals = [
  ["full", () => disk.fill(), () => disk.makeRoom(), /ENOSPC|full/],
  ["read-only", () => disk.setReadOnly(true), () => disk.setReadOnly(false), /EROFS|readonly|read-only/],
] as const;

describe.runIf(canMount).each(refusals)("on a disk that is %s", (kind, refuse, heal, says) => {
  test("a file that cannot be replaced keeps its old text, leaves nothing beside it, and is replaced once the disk is well", async () => {
    const path = join(disk.path, "policy.txt");
    await replacePrivateFile(path, "old");
    refuse();
    await expect(replacePrivateFile(path, big)).rejects.toThrow(says);
    await expect(keepPrivateFile(join(disk.path, "key.pem"), big)).rejects.toThrow(says);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(disk.path)).toEqual(["policy.txt"]);
    heal();
    await replacePrivateFile(path, big);
    expect(readFileSync(path, "utf8")).toBe(big);
  });

  test("a witness that cannot remember a note keeps the one before it", async () => {
    const witness = await openWitnessFolder(join(disk.path, "witness"));
    await witness.keep("log.example/a", "first");
    // The lock's file is open, so the disk as a whole cannot be made read-only under it.
    if (kind === "read-only") witness.release();
    refuse();
    await expect(witness.keep("log.example/a", big)).rejects.toThrow(says);
    expect(await witness.read("log.example/a")).toBe("first");
    heal();
    await witness.keep("log.example/a", big);
    expect(await witness.read("log.example/a")).toBe(big);
    if (kind === "full") witness.release();
  });

  test("a durable head that is there goes on where it needs no space, and says so where it cannot be written", () => {
    const path = join(disk.path, "head");
    const head = openDurableHead(path);
    head.write({ generation: 1, sequence: 1, leafHash: leaf(1) });
    if (kind === "full") {
      refuse();
      // Both slots were taken when the file was made: a full disk does not stop a shard by its head.
      head.write({ generation: 1, sequence: 2, leafHash: leaf(2) });
      expect(head.read()?.sequence).toBe(2);
      expect(() => openDurableHead(join(disk.path, "another"))).toThrow(says);
      expect(existsSync(join(disk.path, "another"))).toBe(false);
      head.close();
      heal();
    } else {
      head.close();
      refuse();
      expect(() => openDurableHead(path)).toThrow(says);
      heal();
    }
    const again = openDurableHead(path);
    expect(again.read()?.sequence).toBe(kind === "full" ? 2 : 1);
    again.close();
    const another = openDurableHead(join(disk.path, "another"));
    expect(another.read()).toBeNull();
    another.close();
  });

  test("a log that cannot be sealed keeps its head and tiles, and grows on once the disk is well", async () => {
    const directory = join(disk.path, "log");
    mkdirSync(directory);
    const signer = await newSigner();
    const entries = someEntries(900);
    const log = await openWriter(directory, signer);
    for (const entry of entries.slice(0, 300)) log.append(entry);
    await log.seal();
    refuse();
    for (const entry of entries.slice(300)) log.append(entry);
    await expect(log.seal()).rejects.toThrow(says);
    heal();
    const again = await openWriter(directory, signer, undefined, 300);
    expect(again.size).toBe(300);
    expect((await fsck({ directory, key: signer })).findings).toEqual([]);
    for (const entry of entries.slice(300)) again.append(entry);
    expect((await again.seal()).size).toBe(900);
    expect((await fsck({ directory, key: signer })).findings).toEqual([]);
  });
});

test.runIf(canMount)("an outbox on a full disk refuses what it cannot keep, and keeps what it had", () => {
  const schema = { schema: "CREATE TABLE kept (number INTEGER PRIMARY KEY, text TEXT) STRICT", version: 1 };
  const path = join(disk.path, "outbox.sqlite");
  const database = new ClientDatabase(path, schema);
  const keep = (number: number) =>
    database.transaction(() => database.statement("INSERT INTO kept VALUES (?, ?)").run(number, big));
  const count = (of = database) => (of.statement("SELECT count(*) AS n FROM kept").get() as { n: number }).n;
  keep(1);
  disk.fill();
  let refusedAt = 0;
  for (let number = 2; refusedAt === 0 && number < 200; number++) {
    try {
      keep(number);
    } catch (error) {
      expect(String(error)).toMatch(/full/);
      refusedAt = number;
    }
  }
  expect(refusedAt).toBeGreaterThan(1);
  expect(count()).toBe(refusedAt - 1);
  disk.makeRoom();
  keep(refusedAt);
  database.close();
  const again = new ClientDatabase(path, schema);
  expect(count(again)).toBe(refusedAt);
  expect(again.statement("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  again.close();
});

test.runIf(canMount)("a log on a full disk does not end its process, and says later what it could not say", () => {
  const path = join(disk.path, "service.log");
  const logger = createLogger({ service: "exchange", destination: path });
  logger.info("First.");
  disk.fill();
  // More than fits into the file's last block.
  for (let line = 0; line < 200; line++) logger.error({ line }, "The disk is full.");
  disk.makeRoom();
  logger.info("There is room again.");
  logger.info("Last.");
  const lines = readFileSync(path, "utf8").trim().split("\n");
  expect(lines.length).toBeGreaterThan(200);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain("There is room again.");
});

test.runIf(canMount)("a table of dossier heads on a full disk keeps heads and position together", () => {
  const heads = openDossierHeads(join(disk.path, "heads.sqlite"));
  const at = (sequence: number) => ({ generation: 1, sequence, leafHash: leaf(sequence % 251) });
  const batch = (sequence: number) =>
    Array.from({ length: 400 }, (_, i) => ({
      dossier: `d-${sequence}-${i}`,
      sequence,
      number: 1,
      hash: leaf(i % 251),
    }));
  heads.apply(batch(1), at(1));
  disk.fill();
  let reached = 1;
  expect(() => {
    for (let sequence = 2; sequence < 500; sequence++) {
      heads.apply(batch(sequence), at(sequence));
      reached = sequence;
    }
  }).toThrow(/full/);
  expect(heads.position()?.sequence).toBe(reached);
  expect(heads.get(`d-${reached + 1}-0`)).toBeNull();
  disk.makeRoom();
  heads.apply(batch(reached + 1), at(reached + 1));
  expect(heads.get(`d-${reached + 1}-0`)?.sequence).toBe(reached + 1);
  heads.close();
});
