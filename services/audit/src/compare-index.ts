import { createHash } from "node:crypto";
import type { Queryable } from "./database.ts";
import { indexSchema, nextSchema } from "./migrate.ts";
import { Sql, sql } from "./sql.ts";

/** Tables of the index and their keys. */
const tables = [
  { name: "shard_position", key: ["shard"] },
  { name: "event", key: ["shard", "leaf"] },
  { name: "dossier", key: ["shard", "dossier"] },
  { name: "handoff", key: ["shard", "forward_leaf", "branch"] },
  { name: "holding", key: ["shard", "began_leaf", "branch"] },
] as const;

/** A row that is not what the streams give. */
export interface DifferentRow {
  readonly table: string;
  /** Its key, joined by "/". */
  readonly row: string;
  /** MISSING: the streams give it, and the index lacks it. EXTRA: the reverse. */
  readonly kind: "MISSING" | "EXTRA" | "CHANGED";
  /** Columns that differ, for CHANGED. */
  readonly columns: readonly string[];
}

/** Names of tables, columns and schemas are constants of this file; nothing else becomes part of a statement. */
const name = (text: string): Sql => new Sql([text], []);

/** How many rows of the present index differ from the one made beside it, and the first of them, in the order of tables and keys. */
export async function compareIndexes(
  tx: Queryable,
  rowsMax: number,
): Promise<{ readonly count: number; readonly rows: DifferentRow[] }> {
  let count = 0;
  const rows: DifferentRow[] = [];
  for (const { name: table, key } of tables) {
    const joined = name(
      `${indexSchema}.${table} as a full join ${nextSchema}.${table} as b on ${key.map((column) => `a.${column} = b.${column}`).join(" and ")}
       where row(a.*) is distinct from row(b.*)`,
    );
    const [counted] = await tx.query<{ count: number }>(sql`select count(*) as count from ${joined}`);
    count += counted?.count ?? 0;
    if ((counted?.count ?? 0) === 0 || rows.length >= rowsMax) continue;
    const keys = name(key.map((column) => `coalesce(a.${column}, b.${column})`).join(", "));
    const found = await tx.query<{
      key: string;
      a: Record<string, unknown> | null;
      b: Record<string, unknown> | null;
    }>(sql`
      select concat_ws('/', ${keys}) as key, case when a.shard is not null then to_jsonb(a) end as a, case when b.shard is not null then to_jsonb(b) end as b
      from ${joined} order by ${keys} limit ${rowsMax - rows.length}::integer`);
    for (const { key: row, a, b } of found) {
      const kind = a === null ? "MISSING" : b === null ? "EXTRA" : "CHANGED";
      const columns =
        a === null || b === null
          ? []
          : Object.keys(b)
              .filter((column) => JSON.stringify(a[column]) !== JSON.stringify(b[column]))
              .sort();
      rows.push({ table, row, kind, columns });
    }
  }
  return { count, rows };
}

/**
 * Digest of all rows of the schema in force: of each table the number of its rows and two sums over their SHA-256, which no order changes. It
 * tells two indexes apart; against somebody who forges rows to fit a digest, rows are compared with those that the streams give.
 */
export async function digestOfIndex(tx: Queryable): Promise<Uint8Array> {
  const digest = createHash("sha256");
  for (const { name: table } of tables) {
    const [sums] = await tx.query<{ line: string }>(sql`
      select concat_ws(' ', count(*), sum(('x' || substr(h, 1, 15))::bit(60)::bigint), sum(('x' || substr(h, 16, 15))::bit(60)::bigint)) as line
      from (select encode(sha256(convert_to(t::text, 'UTF8')), 'hex') as h from ${name(table)} as t) as hashed`);
    digest.update(`${table} ${sums?.line}\n`);
  }
  return digest.digest();
}
