import { TimeGroup, TimeKind, TimeMeasure, type TimeSummary } from "@lienthong/contracts/audit/v1/audit_service";
import type { Database } from "../database.ts";
import { type Entitlement, mayRead } from "../entitlement.ts";
import { microsecondsOf } from "../rows.ts";
import { allOf, type Sql, sql, textArray } from "../sql.ts";
import { atOneMoment, type Page, type Place, pageOf } from "./answer-parts.ts";
import { matching, ownHandoff, type ResolvedFilter } from "./handoffs.ts";
import { ownHolding } from "./holdings.ts";

/** What to measure, and how to tell it apart. */
export interface TimesQuestion {
  readonly filter: ResolvedFilter;
  readonly measure: TimeMeasure;
  readonly clock: TimeKind;
  readonly group: TimeGroup;
  readonly pageSize: number;
  readonly after: Place | null;
}

interface SelectedSummary {
  readonly name: string;
  readonly count: number;
  readonly mean_ms: number;
  readonly percentiles: number[];
  readonly max_ms: number;
}

/** Counts, means and percentiles, by group in the order of their names. Groups without a case are left out. */
export function summariseTimes(database: Database, who: Entitlement, asked: TimesQuestion): Promise<Page<TimeSummary>> {
  const { group, pageSize, after } = asked;
  const source = asked.measure === TimeMeasure.TIME_MEASURE_HELD ? heldSource(who, asked) : handoffTimes(who, asked);
  return atOneMoment(database, async (tx, positions) => {
    const rows = await tx.query<SelectedSummary>(sql`
      select name, count(*) as count, avg(ms) as mean_ms, max(ms) as max_ms,
        percentile_cont(array[0.5, 0.9, 0.99]::float8[]) within group (order by ms) as percentiles
      from (${source}) as spans ${after === null ? sql`` : sql`where name > ${String(after[0])}::text`}
      group by name order by name limit ${pageSize + 1}::integer`);
    const page = pageOf(rows, pageSize, (row) => [row.name]);
    const items = page.items.map((row) => ({
      group: group === TimeGroup.TIME_GROUP_UNSPECIFIED ? "" : row.name,
      count: BigInt(row.count),
      meanMs: row.mean_ms,
      p50Ms: row.percentiles[0] ?? 0,
      p90Ms: row.percentiles[1] ?? 0,
      p99Ms: row.percentiles[2] ?? 0,
      maxMs: row.max_ms,
    }));
    return { items, end: page.end, positions };
  });
}

function handoffTimes(who: Entitlement, { filter, measure, clock, group }: TimesQuestion): Sql {
  const isWall = clock === TimeKind.TIME_KIND_WALL;
  const from = isWall ? sql`h.forward_wall_us` : sql`h.forward_us`;
  const delivered = measure === TimeMeasure.TIME_MEASURE_DELIVERY;
  const until = delivered
    ? isWall
      ? sql`h.delivered_wall_us`
      : sql`h.delivered_us`
    : isWall
      ? sql`h.ended_wall_us`
      : sql`h.ended_us`;
  const happened = delivered ? sql`h.delivered_leaf is not null` : sql`h.outcome = 'ACKNOWLEDGED'`;
  return sql`select ${groupColumn(group, sql`h.to_agency`)} as name, (${until} - ${from})::float8 / 1000 as ms
    from handoff as h join dossier as d on d.shard = h.shard and d.dossier = h.dossier
    where ${happened} and ${matching(filter)} and ${mayRead(who, ownHandoff(who))}`;
}

function heldSource(who: Entitlement, { filter, clock, group }: TimesQuestion): Sql {
  const span =
    clock === TimeKind.TIME_KIND_WALL ? sql`h.ended_wall_us - h.began_wall_us` : sql`h.ended_us - h.began_us`;
  const holder = filter.toAgency === "" ? filter.agency : filter.toAgency;
  const time = filter.timeKind === TimeKind.TIME_KIND_WALL ? sql`h.ended_wall_us` : sql`h.ended_us`;
  const conditions = [
    ...(filter.shard === "" ? [] : [sql`h.shard = ${filter.shard}::text`]),
    ...(filter.dossier === "" ? [] : [sql`h.dossier = ${filter.dossier}::text`]),
    ...(holder === "" ? [] : [sql`h.holder = ${holder}::text`]),
    ...(filter.unit === "" ? [] : [sql`h.unit = ${filter.unit}::text`]),
    ...(filter.step === "" ? [] : [sql`h.step = ${filter.step}::text`]),
    ...(filter.procedures === null ? [] : [sql`d.procedure = any(${textArray(filter.procedures)})`]),
    ...(filter.receivers === null ? [] : [sql`h.holder = any(${textArray(filter.receivers)})`]),
    ...(filter.fromTime === undefined ? [] : [sql`${time} >= ${microsecondsOf(filter.fromTime)}::bigint`]),
    ...(filter.untilTime === undefined ? [] : [sql`${time} < ${microsecondsOf(filter.untilTime)}::bigint`]),
  ];
  return sql`select ${groupColumn(group, sql`h.holder`)} as name, (${span})::float8 / 1000 as ms
    from holding as h join dossier as d on d.shard = h.shard and d.dossier = h.dossier
    where h.ended_leaf is not null and ${allOf(conditions)} and ${mayRead(who, ownHolding(who))}`;
}

function groupColumn(group: TimeGroup, agency: Sql): Sql {
  switch (group) {
    case TimeGroup.TIME_GROUP_FROM_AGENCY:
      return sql`h.from_agency`;
    case TimeGroup.TIME_GROUP_TO_AGENCY:
      return agency;
    case TimeGroup.TIME_GROUP_PROCEDURE:
      return sql`d.procedure`;
    case TimeGroup.TIME_GROUP_STEP:
      return sql`h.step`;
    default:
      return sql`''::text`;
  }
}
