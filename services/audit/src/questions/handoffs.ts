import type { HandoffFilter, IndexedHandoff, WaitingHandoff } from "@lienthong/contracts/audit/v1/audit_service";
import { TimeKind } from "@lienthong/contracts/audit/v1/audit_service";
import type { Database } from "../database.ts";
import { type Entitlement, mayRead } from "../entitlement.ts";
import { microsecondsOf } from "../rows.ts";
import { allOf, type Sql, sql, textArray } from "../sql.ts";
import {
  atOneMoment,
  behind,
  handoffColumns,
  handoffMessage,
  handoffSource,
  outcomeWord,
  type Page,
  type Place,
  pageOf,
  type SelectedHandoff,
} from "./answer-parts.ts";

/** A filter with what the registry made of its words. */
export interface ResolvedFilter extends HandoffFilter {
  /** Keys of the procedure; null: any. */
  readonly procedures: readonly string[] | null;
  /** Agencies of the level; null: any. */
  readonly receivers: readonly string[] | null;
}

/** The asker's own handoffs: it sent them, was offered them, or opened the dossier. */
export function ownHandoff({ agency }: Entitlement): Sql {
  return sql`(h.from_agency = ${agency}::text or h.to_agency = ${agency}::text or d.opened_by = ${agency}::text)`;
}

const placeColumns = sql`(h.shard, h.forward_leaf, h.branch)`;

/** The conditions of a filter on a handoff `h` of a dossier `d` in a shard that stands at `p`. */
export function matching(filter: ResolvedFilter): Sql {
  const conditions: Sql[] = [];
  const add = (isSet: boolean, condition: () => Sql): void => void (isSet && conditions.push(condition()));
  add(filter.shard !== "", () => sql`h.shard = ${filter.shard}::text`);
  add(filter.dossier !== "", () => sql`h.dossier = ${filter.dossier}::text`);
  add(filter.fromAgency !== "", () => sql`h.from_agency = ${filter.fromAgency}::text`);
  add(filter.toAgency !== "", () => sql`h.to_agency = ${filter.toAgency}::text`);
  add(
    filter.agency !== "",
    () => sql`(h.from_agency = ${filter.agency}::text or h.to_agency = ${filter.agency}::text)`,
  );
  add(filter.unit !== "", () => sql`(h.from_unit = ${filter.unit}::text or h.to_unit = ${filter.unit}::text)`);
  add(filter.step !== "", () => sql`h.step = ${filter.step}::text`);
  add(filter.procedures !== null, () => sql`d.procedure = any(${textArray(filter.procedures ?? [])})`);
  add(filter.receivers !== null, () => sql`h.to_agency = any(${textArray(filter.receivers ?? [])})`);
  add(filter.outcomes.length > 0, () => sql`h.outcome = any(${textArray(filter.outcomes.map(outcomeWord))})`);
  const time = filter.timeKind === TimeKind.TIME_KIND_WALL ? sql`h.forward_wall_us` : sql`h.forward_us`;
  add(filter.fromTime !== undefined, () => sql`${time} >= ${microsecondsOf(filter.fromTime)}::bigint`);
  add(filter.untilTime !== undefined, () => sql`${time} < ${microsecondsOf(filter.untilTime)}::bigint`);
  add(
    filter.late,
    () => sql`coalesce(h.ended_us, (select clock_us from shard_position as p where p.shard = h.shard)) > h.due_us`,
  );
  return allOf(conditions);
}

/** Handoffs that match, in the order of the logs. */
export function listHandoffs(
  database: Database,
  who: Entitlement,
  asked: { readonly filter: ResolvedFilter; readonly pageSize: number; readonly after: Place | null },
): Promise<Page<IndexedHandoff>> {
  return atOneMoment(database, async (tx, positions) => {
    const rows = await tx.query<SelectedHandoff>(sql`
      select ${handoffColumns} from ${handoffSource}
      where ${matching(asked.filter)} and ${mayRead(who, ownHandoff(who))} and ${behind(placeColumns, asked.after)}
      order by h.shard, h.forward_leaf, h.branch limit ${asked.pageSize + 1}::integer`);
    const page = pageOf(rows, asked.pageSize, (row) => [row.shard, row.forward_leaf, row.branch]);
    return { items: page.items.map(handoffMessage), end: page.end, positions };
  });
}

/** Handoffs that nobody has answered. `nowUs`: real UTC, for waits in real time and on real clocks. */
export function listWaiting(
  database: Database,
  who: Entitlement,
  asked: {
    readonly filter: ResolvedFilter;
    readonly wallSecondsMin: number;
    readonly nowUs: number;
    readonly pageSize: number;
    readonly after: Place | null;
  },
): Promise<Page<WaitingHandoff>> {
  const { filter, wallSecondsMin, nowUs, pageSize, after } = asked;
  return atOneMoment(database, async (tx, positions) => {
    const rows = await tx.query<SelectedHandoff>(sql`
      select ${handoffColumns} from ${handoffSource}
      where h.ended_leaf is null and ${matching(filter)} and ${mayRead(who, ownHandoff(who))} and ${behind(placeColumns, after)}
        and h.forward_wall_us <= ${nowUs - wallSecondsMin * 1_000_000}::bigint
      order by h.shard, h.forward_leaf, h.branch limit ${pageSize + 1}::integer`);
    const page = pageOf(rows, pageSize, (row) => [row.shard, row.forward_leaf, row.branch]);
    const clocks = new Map(positions.map(({ shard, simulated, clockUs }) => [shard, simulated ? clockUs : nowUs]));
    const span = (fromUs: number, toUs: number) => BigInt(Math.max(0, Math.floor((toUs - fromUs) / 1_000)));
    const items = page.items.map((row) => ({
      handoff: handoffMessage(row),
      waitedLegalMs: span(row.forward_us, clocks.get(row.shard) ?? nowUs),
      waitedWallMs: span(row.forward_wall_us, nowUs),
    }));
    return { items, end: page.end, positions };
  });
}
