import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { type Database, DatabaseRefusedError, type Queryable } from "./database.ts";
import { sql } from "./sql.ts";

/** A numbered script. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly digest: string;
}

/** Schema of the index, and of the one that is made beside it. The names are part of statements: they come from here alone. */
export const indexSchema = "lienthong_audit";
export const nextSchema = "lienthong_audit_next";

/** Whoever changes the tables holds it; the number means nothing but this. */
const lockKey = 4_826_351_907;

const folder = new URL("../migrations/", import.meta.url);

/** The scripts that this version knows, in order. */
export async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(name.slice(0, 4));
      if (number !== index + 1) throw new Error(`The migrations have a gap before ${name}.`);
      const text = await readFile(new URL(name, folder), "utf8");
      return { number, name, text, digest: createHash("sha256").update(text).digest("hex") };
    }),
  );
}

/**
 * Brings the tables of the index to this version; several processes may try at once, and one does it.
 * @returns the number of the last migration.
 * @throws DatabaseRefusedError if the database is newer than this version, or its tables were made by another script.
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<number> {
  return database.transaction(async (tx) => {
    // Ends with the transaction, however that ends.
    await tx.query(sql`select pg_advisory_xact_lock(${lockKey}::bigint)`);
    await tx.script(`create schema if not exists ${indexSchema}; set local search_path to ${indexSchema};`);
    return applyMigrations(tx, migrations);
  });
}

/** Applies what is missing in the schema that is in force in this transaction. */
export async function applyMigrations(tx: Queryable, migrations: readonly Migration[]): Promise<number> {
  await tx.script(
    "create table if not exists migration (number integer primary key, name text not null, digest text not null)",
  );
  const applied = await tx.query<{ number: number; name: string; digest: string }>(
    sql`select number, name, digest from migration order by number`,
  );
  const last = migrations.at(-1)?.number ?? 0;
  for (const { number, name, digest } of applied) {
    const known = migrations[number - 1];
    if (known === undefined) {
      throw new DatabaseRefusedError(
        `The index's database has migration ${number} (${name}), and this version knows ${last}. Start the version that made it, or drop the schema ${indexSchema}: the index is then made anew.`,
      );
    }
    if (known.digest !== digest) {
      throw new DatabaseRefusedError(
        `The index's database was made with another ${name} than this version has. Drop the schema ${indexSchema}; the index is then made anew.`,
      );
    }
  }
  for (const migration of migrations.slice(applied.length)) {
    await tx.script(migration.text);
    await tx.query(
      sql`insert into migration (number, name, digest) values (${migration.number}::integer, ${migration.name}::text, ${migration.digest}::text)`,
    );
  }
  return last;
}
