import type { IndexedHolding } from "@lienthong/contracts/audit/v1/audit_service";
import type { Database } from "../database.ts";
import { type Entitlement, mayRead } from "../entitlement.ts";
import { allOf, type Sql, sql, textArray } from "../sql.ts";
import {
  atOneMoment,
  behind,
  holdingColumns,
  holdingMessage,
  holdingSource,
  type Page,
  type Place,
  pageOf,
  type SelectedHolding,
} from "./answer-parts.ts";

/** Which holdings. Empty texts: any. */
export interface HoldingQuestion {
  readonly holder: string;
  readonly unit: string;
  readonly shard: string;
  readonly procedures: readonly string[] | null;
  /** Legal time, microseconds; null: those that last. */
  readonly atUs: number | null;
  readonly pageSize: number;
  readonly after: Place | null;
}

/** The asker's own: it holds the branch, or opened the dossier. */
export function ownHolding({ agency }: Entitlement): Sql {
  return sql`(h.holder = ${agency}::text or d.opened_by = ${agency}::text)`;
}

/** Who holds what and since when, in the order of the logs. */
export function listHoldings(
  database: Database,
  who: Entitlement,
  asked: HoldingQuestion,
): Promise<Page<IndexedHolding>> {
  const { holder, unit, shard, procedures, atUs, pageSize, after } = asked;
  const conditions = [
    ...(holder === "" ? [] : [sql`h.holder = ${holder}::text`]),
    ...(unit === "" ? [] : [sql`h.unit = ${unit}::text`]),
    ...(shard === "" ? [] : [sql`h.shard = ${shard}::text`]),
    ...(procedures === null ? [] : [sql`d.procedure = any(${textArray(procedures)})`]),
    atUs === null
      ? sql`h.ended_leaf is null`
      : sql`h.began_us <= ${atUs}::bigint and (h.ended_us is null or h.ended_us > ${atUs}::bigint)`,
  ];
  return atOneMoment(database, async (tx, positions) => {
    const rows = await tx.query<SelectedHolding>(sql`
      select ${holdingColumns} from ${holdingSource}
      where ${allOf(conditions)} and ${mayRead(who, ownHolding(who))} and ${behind(sql`(h.shard, h.began_leaf, h.branch)`, after)}
      order by h.shard, h.began_leaf, h.branch limit ${pageSize + 1}::integer`);
    const page = pageOf(rows, pageSize, (row) => [row.shard, row.began_leaf, row.branch]);
    return { items: page.items.map(holdingMessage), end: page.end, positions };
  });
}
