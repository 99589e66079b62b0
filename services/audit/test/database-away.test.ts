import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../src/index.ts";
import { sql } from "../src/sql.ts";
import { type DatabaseKind, hasPostgres, postgresKind } from "./databases.ts";

describe.runIf(hasPostgres)("a served database", () => {
  let kind: DatabaseKind;
  beforeAll(async () => {
    kind = await postgresKind();
  });
  afterAll(async () => {
    await kind?.stop();
  });

  test("tells what goes away by itself from what is wrong with the statement", async () => {
    const { database } = await kind.open();
    for (const code of [
      "EPIPE",
      "ECONNREFUSED",
      "ENOENT",
      "ERR_STREAM_DESTROYED",
      "57P01",
      "57P03",
      "08006",
      "53300",
    ]) {
      expect(database.isAway(Object.assign(new Error("x"), { code })), code).toBe(true);
    }
    expect(database.isAway(new Error("Connection terminated unexpectedly"))).toBe(true);
    for (const code of ["42601", "22P02", "XX000", "40001"]) {
      expect(database.isAway(Object.assign(new Error("x"), { code })), code).toBe(false);
    }
    const wrong = await database.query(sql`select nothing`).catch((error: unknown) => error);
    expect(database.isAway(wrong)).toBe(false);
    await database.close();
  });

  test("that cannot be reached is refused with what to do, and without its password", async () => {
    const url = "postgres://audit:secret@127.0.0.1:1/audit";
    const opened = openDatabase({ url, directory: "" });
    await expect(opened).rejects.toThrow(/postgres:\/\/audit:\*\*\*@127\.0\.0\.1:1\/audit.*LIENTHONG_DATABASE_URL/);
    await expect(opened).rejects.not.toThrow(/secret/);
  });
});
