import { busError } from "@lienthong/chassis";
import type { IndexedEvent } from "@lienthong/contracts/audit/v1/audit_service";
import type { Database } from "../database.ts";
import { type Entitlement, inScope } from "../entitlement.ts";
import { sql } from "../sql.ts";
import {
  atOneMoment,
  eventColumns,
  eventMessage,
  type Page,
  type Place,
  pageOf,
  type SelectedEvent,
} from "./answer-parts.ts";

/**
 * The events of a dossier; of branches that the asker may not see, only that there are some. One code may be in several shards: all that the
 * asker may read, one after the other. Throws DOSSIER_UNKNOWN or NOT_ENTITLED.
 */
export function readTrail(
  database: Database,
  who: Entitlement,
  asked: { readonly dossier: string; readonly shard: string; readonly pageSize: number; readonly after: Place | null },
): Promise<Page<IndexedEvent>> {
  const { dossier, shard, pageSize, after } = asked;
  return atOneMoment(database, async (tx, positions) => {
    const found = await tx.query<{ shard: string; audited: boolean; opened: boolean }>(sql`
      select d.shard, ${inScope(who)} as audited, d.opened_by = ${who.agency}::text as opened
      from dossier as d where d.dossier = ${dossier}::text and (${shard}::text = '' or d.shard = ${shard}::text)`);
    if (found.length === 0) throw busError("DOSSIER_UNKNOWN", { field: "dossier", dossier });
    // The desk reads all branches (decision 0006), an auditor within its scope as well; others those they held or were offered.
    const whole = new Set(found.filter(({ audited, opened }) => audited || opened).map((each) => each.shard));
    const branches = await tx.query<{ shard: string; branch: string }>(sql`
      select shard, branch from handoff where dossier = ${dossier}::text and to_agency = ${who.agency}::text
      union select shard, branch from holding where dossier = ${dossier}::text and holder = ${who.agency}::text`);
    const readable = found.filter(
      (each) => whole.has(each.shard) || branches.some((branch) => branch.shard === each.shard),
    );
    if (readable.length === 0) throw busError("NOT_ENTITLED", { field: "agency", agency: who.agency, dossier });
    const own = new Set(branches.map((each) => `${each.shard}/${each.branch}`));
    const [lastShard = "", lastLeaf = -1] = after ?? [];
    const rows = await tx.query<SelectedEvent>(sql`
      select ${eventColumns} from event as e
      where e.dossier = ${dossier}::text and (${shard}::text = '' or e.shard = ${shard}::text)
        and (e.shard, e.leaf) > (${String(lastShard)}::text, ${Number(lastLeaf)}::bigint)
      order by e.shard, e.leaf limit ${pageSize + 1}::integer`);
    const allowed = rows.filter((row) => readable.some((each) => each.shard === row.shard));
    const page = pageOf(allowed, pageSize, (row) => [row.shard, row.leaf]);
    const items = page.items.map((row) =>
      eventMessage(row, whole.has(row.shard) || row.branches.some((branch) => own.has(`${row.shard}/${branch}`))),
    );
    return { items, end: page.end, positions };
  });
}
