import { busError } from "@lienthong/chassis";
import type { IndexedEvent, IndexedHandoff } from "@lienthong/contracts/audit/v1/audit_service";
import { branchPattern, shardPattern } from "@lienthong/statement";
import type { Database, Queryable } from "../database.ts";
import { type Entitlement, inScope, mayRead } from "../entitlement.ts";
import { anyOf, bytes, type Sql, sql } from "../sql.ts";
import {
  atOneMoment,
  eventColumns,
  eventMessage,
  handoffColumns,
  handoffMessage,
  handoffSource,
  type Page,
  type Place,
  pageOf,
  type SelectedEvent,
  type SelectedHandoff,
} from "./answer-parts.ts";
import { ownHandoff } from "./handoffs.ts";

/** What was found by an id. */
export interface Found {
  readonly events: readonly IndexedEvent[];
  readonly handoffs: readonly IndexedHandoff[];
}

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const hashPattern = /^[0-9a-f]{64}$/;

interface IdMeaning {
  /** Condition on an event `e`. */
  readonly event: Sql;
  /** For a handoff: only of this branch. */
  readonly branch: string | null;
}

/** What an id means. Throws FIELD_INVALID for text that is none. */
export function readId(id: string): IdMeaning {
  if (uuidPattern.test(id)) return { event: sql`e.statement_id = ${id}::text::uuid`, branch: null };
  if (hashPattern.test(id)) return { event: hashIs(id), branch: null };
  const slash = id.indexOf("/");
  const [before, after] = slash < 0 ? ["", ""] : [id.slice(0, slash), id.slice(slash + 1)];
  if (hashPattern.test(before) && branchPattern.test(after)) return { event: hashIs(before), branch: after };
  if (shardPattern.test(before) && /^\d{1,15}$/.test(after)) {
    return { event: sql`(e.shard = ${before}::text and e.leaf = ${Number(after)}::bigint)`, branch: null };
  }
  throw busError("FIELD_INVALID", {
    field: "id",
    allowed:
      "a statement id (36 characters), an event's hash (64 hexadecimal digits), a handoff as <hash>/<branch>, or a delivery as <shard>/<log index>",
  });
}

function hashIs(hex: string): Sql {
  return sql`e.hash = ${bytes(Buffer.from(hex, "hex"))}`;
}

/** Everything about an id: the events that bear it, the handoffs that they began, delivered or ended, and the other events of those. */
export function findRecords(
  database: Database,
  who: Entitlement,
  asked: { readonly id: string; readonly pageSize: number; readonly after: Place | null },
): Promise<Page<Found>> {
  const { event, branch } = readId(asked.id);
  const [lastShard = "", lastLeaf = -1] = asked.after ?? [];
  return atOneMoment(database, async (tx, positions) => {
    const rows = await readEvents(
      tx,
      who,
      event,
      sql`and (e.shard, e.leaf) > (${String(lastShard)}::text, ${Number(lastLeaf)}::bigint)`,
      asked.pageSize + 1,
    );
    const page = pageOf(rows, asked.pageSize, (row) => [row.shard, row.leaf]);
    if (page.items.length === 0) return { items: [], end: null, positions };
    const touching = anyOf(
      page.items.map(
        ({ shard, leaf, dossier }) =>
          sql`(h.shard = ${shard}::text and h.dossier = ${dossier}::text and (h.forward_leaf = ${leaf}::bigint or h.delivered_leaf = ${leaf}::bigint or h.ended_leaf = ${leaf}::bigint))`,
      ),
    );
    const handoffs = await tx.query<SelectedHandoff>(sql`
      select ${handoffColumns} from ${handoffSource}
      where ${touching} and ${branch === null ? sql`true` : sql`h.branch = ${branch}::text`} and ${mayRead(who, ownHandoff(who))}
      order by h.shard, h.forward_leaf, h.branch`);
    if (branch !== null && handoffs.length === 0) return { items: [], end: null, positions };
    const known = new Set(page.items.map(({ shard, leaf }) => `${shard}/${leaf}`));
    const others = handoffs.flatMap(({ shard, forward_leaf, delivered_leaf, ended_leaf }) =>
      [forward_leaf, delivered_leaf, ended_leaf].flatMap((leaf) =>
        leaf === null || known.has(`${shard}/${leaf}`)
          ? []
          : [sql`(e.shard = ${shard}::text and e.leaf = ${leaf}::bigint)`],
      ),
    );
    const further = others.length === 0 ? [] : await readEvents(tx, who, anyOf(others), sql``, others.length);
    const events = [...page.items, ...further].map((row) => eventMessage(row, true));
    return { items: [{ events, handoffs: handoffs.map(handoffMessage) }], end: page.end, positions };
  });
}

/** Events that match and that the asker may read. Events of a shard belong to no dossier: an auditor without limits reads them. */
function readEvents(tx: Queryable, who: Entitlement, which: Sql, behind: Sql, limit: number): Promise<SelectedEvent[]> {
  const { agency } = who;
  const own = sql`(e.agency = ${agency}::text or d.opened_by = ${agency}::text
    or exists (select 1 from handoff as o where o.shard = e.shard and o.dossier = e.dossier and o.branch = any(e.branches) and o.to_agency = ${agency}::text)
    or exists (select 1 from holding as o where o.shard = e.shard and o.dossier = e.dossier and o.branch = any(e.branches) and o.holder = ${agency}::text))`;
  return tx.query<SelectedEvent>(sql`
    select ${eventColumns} from event as e left join dossier as d on d.shard = e.shard and d.dossier = e.dossier
    where ${which} ${behind} and ${who.unlimited ? sql`true` : sql`d.dossier is not null and ${anyOf([own, inScope(who)])}`}
    order by e.shard, e.leaf limit ${limit}::integer`);
}
