import type {
  EventPlace,
  IndexedEvent,
  IndexedHandoff,
  IndexedHolding,
  ShardAsOf,
} from "@lienthong/contracts/audit/v1/audit_service";
import { HandoffOutcome } from "@lienthong/contracts/audit/v1/audit_service";
import type { Database, Queryable } from "../database.ts";
import { type HandoffOutcomeWord, type ShardPosition, timestampOfMicroseconds } from "../rows.ts";
import { type Sql, sql } from "../sql.ts";
import { readPositions } from "../write-batch.ts";

/** Where a page ended: shard, log index, branch. */
export type Place = readonly (string | number)[];

/** One page of rows, and how far the index had read. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where it ended; null: that was all. */
  readonly end: Place | null;
  readonly positions: readonly ShardPosition[];
}

/** Reads in one moment of the index: rows and how far they go belong together. */
export function atOneMoment<T>(
  database: Database,
  work: (tx: Queryable, positions: readonly ShardPosition[]) => Promise<T>,
): Promise<T> {
  return database.transaction(async (tx) => {
    await tx.script("set transaction isolation level repeatable read, read only");
    return work(tx, await readPositions(tx));
  });
}

/** Cuts a page out of rows of which one more was asked for than it may have. */
export function pageOf<T>(
  rows: readonly T[],
  size: number,
  placeOf: (row: T) => Place,
): Pick<Page<T>, "items" | "end"> {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return { items, end: rows.length > size && last !== undefined ? placeOf(last) : null };
}

/** The condition for rows behind the place where a page ended. */
export function behind(columns: Sql, place: Place | null): Sql {
  if (place === null) return sql`true`;
  const [shard = "", leaf = 0, branch = ""] = place;
  return sql`${columns} > (${String(shard)}::text, ${Number(leaf)}::bigint, ${String(branch)}::text)`;
}

export function asOfMessages(positions: readonly ShardPosition[]): ShardAsOf[] {
  return positions.map(({ shard, size, clockUs, wallUs }) => ({
    shard,
    size: BigInt(size),
    recordedTime: timestampOfMicroseconds(clockUs),
    wallTime: timestampOfMicroseconds(wallUs),
  }));
}

/** Columns of an event as the questions select them. */
export const eventColumns = sql`e.shard, e.leaf, e.hash, e.dossier, e.number, e.said, e.agency, e.unit, e.system, e.statement_id::text as statement_id,
  e.branches, e.reason, e.outcome, e.recorded_us, e.wall_us`;

export interface SelectedEvent {
  readonly shard: string;
  readonly leaf: number;
  readonly hash: Uint8Array;
  readonly dossier: string;
  readonly number: number;
  readonly said: string;
  readonly agency: string;
  readonly unit: string;
  readonly system: string;
  readonly statement_id: string | null;
  readonly branches: string[];
  readonly reason: string;
  readonly outcome: string;
  readonly recorded_us: number;
  readonly wall_us: number;
}

/** An event as the contract shows it; `visible` false: only that there is one. */
export function eventMessage(row: SelectedEvent, visible: boolean): IndexedEvent {
  const place = placeMessage(row.shard, row.leaf, row.hash, row.recorded_us, row.wall_us);
  const common = { place, dossier: row.dossier, number: BigInt(row.number) };
  if (!visible) {
    const nothing = {
      said: "",
      agency: "",
      unit: "",
      system: "",
      statementId: "",
      branches: [],
      reason: "",
      outcome: "",
    };
    return { ...common, ...nothing };
  }
  const { said, agency, unit, system, branches, reason, outcome } = row;
  return { ...common, said, agency, unit, system, statementId: row.statement_id ?? "", branches, reason, outcome };
}

/** Columns of a handoff `h` of a dossier `d`; the events that delivered and ended it are `ed` and `ee`. */
export const handoffColumns = sql`h.shard, h.forward_leaf, h.branch, h.dossier, d.procedure, h.consult, h.from_agency, h.from_unit, h.to_agency, h.to_unit,
  h.step, h.edge, h.due_us, h.forward_hash, h.forward_us, h.forward_wall_us, h.delivered_leaf, h.delivered_us, h.delivered_wall_us, h.outcome,
  h.ended_leaf, h.ended_us, h.ended_wall_us, h.reason, ed.hash as delivered_hash, ee.hash as ended_hash`;

/** Handoffs with their dossiers and the events that delivered and ended them. */
export const handoffSource = sql`handoff as h join dossier as d on d.shard = h.shard and d.dossier = h.dossier
  left join event as ed on ed.shard = h.shard and ed.leaf = h.delivered_leaf left join event as ee on ee.shard = h.shard and ee.leaf = h.ended_leaf`;

export interface SelectedHandoff {
  readonly shard: string;
  readonly forward_leaf: number;
  readonly branch: string;
  readonly dossier: string;
  readonly procedure: string;
  readonly consult: boolean;
  readonly from_agency: string;
  readonly from_unit: string;
  readonly to_agency: string;
  readonly to_unit: string;
  readonly step: string;
  readonly edge: string;
  readonly due_us: number | null;
  readonly forward_hash: Uint8Array;
  readonly forward_us: number;
  readonly forward_wall_us: number;
  readonly delivered_leaf: number | null;
  readonly delivered_us: number | null;
  readonly delivered_wall_us: number | null;
  readonly delivered_hash: Uint8Array | null;
  readonly outcome: HandoffOutcomeWord;
  readonly ended_leaf: number | null;
  readonly ended_us: number | null;
  readonly ended_wall_us: number | null;
  readonly ended_hash: Uint8Array | null;
  readonly reason: string;
}

const outcomes: Readonly<Record<HandoffOutcomeWord, HandoffOutcome>> = {
  PENDING: HandoffOutcome.HANDOFF_OUTCOME_PENDING,
  ACKNOWLEDGED: HandoffOutcome.HANDOFF_OUTCOME_ACKNOWLEDGED,
  REFUSED: HandoffOutcome.HANDOFF_OUTCOME_REFUSED,
  RECALLED: HandoffOutcome.HANDOFF_OUTCOME_RECALLED,
  ENDED: HandoffOutcome.HANDOFF_OUTCOME_ENDED,
};

/** The word that the rows have for an outcome of the contract. */
export function outcomeWord(outcome: HandoffOutcome): HandoffOutcomeWord {
  const found = Object.entries(outcomes).find(([, value]) => value === outcome);
  if (found === undefined) throw new Error(`There is no outcome ${outcome}.`);
  return found[0] as HandoffOutcomeWord;
}

export function handoffMessage(row: SelectedHandoff): IndexedHandoff {
  const { shard } = row;
  return {
    forwarded: placeMessage(shard, row.forward_leaf, row.forward_hash, row.forward_us, row.forward_wall_us),
    branch: row.branch,
    dossier: row.dossier,
    procedure: row.procedure,
    consult: row.consult,
    fromAgency: row.from_agency,
    fromUnit: row.from_unit,
    toAgency: row.to_agency,
    toUnit: row.to_unit,
    step: row.step,
    edge: row.edge,
    dueTime: row.due_us === null ? undefined : timestampOfMicroseconds(row.due_us),
    delivered: placeIfAny(shard, row.delivered_leaf, row.delivered_hash, row.delivered_us, row.delivered_wall_us),
    outcome: outcomes[row.outcome],
    ended: placeIfAny(shard, row.ended_leaf, row.ended_hash, row.ended_us, row.ended_wall_us),
    reason: row.reason,
  };
}

/** Columns of a holding `h` of a dossier `d`; the events with which it began and ended are `eb` and `ee`. */
export const holdingColumns = sql`h.shard, h.began_leaf, h.branch, h.dossier, d.procedure, h.holder, h.unit, h.step, h.state, h.held_since_us, h.began_us,
  h.began_wall_us, h.ended_leaf, h.ended_us, h.ended_wall_us, eb.hash as began_hash, ee.hash as ended_hash`;

export const holdingSource = sql`holding as h join dossier as d on d.shard = h.shard and d.dossier = h.dossier
  left join event as eb on eb.shard = h.shard and eb.leaf = h.began_leaf left join event as ee on ee.shard = h.shard and ee.leaf = h.ended_leaf`;

export interface SelectedHolding {
  readonly shard: string;
  readonly began_leaf: number;
  readonly branch: string;
  readonly dossier: string;
  readonly procedure: string;
  readonly holder: string;
  readonly unit: string;
  readonly step: string;
  readonly state: string;
  readonly held_since_us: number;
  readonly began_us: number;
  readonly began_wall_us: number;
  readonly began_hash: Uint8Array | null;
  readonly ended_leaf: number | null;
  readonly ended_us: number | null;
  readonly ended_wall_us: number | null;
  readonly ended_hash: Uint8Array | null;
}

export function holdingMessage(row: SelectedHolding): IndexedHolding {
  const { dossier, branch, procedure, holder, unit, step, state } = row;
  return {
    began: placeMessage(row.shard, row.began_leaf, row.began_hash, row.began_us, row.began_wall_us),
    dossier,
    branch,
    procedure,
    holder,
    unit,
    step,
    state,
    heldSince: timestampOfMicroseconds(row.held_since_us),
    ended: placeIfAny(row.shard, row.ended_leaf, row.ended_hash, row.ended_us, row.ended_wall_us),
  };
}

function placeIfAny(
  shard: string,
  leaf: number | null,
  hash: Uint8Array | null,
  us: number | null,
  wallUs: number | null,
): EventPlace | undefined {
  return leaf === null ? undefined : placeMessage(shard, leaf, hash, us ?? 0, wallUs ?? 0);
}

function placeMessage(shard: string, leaf: number, hash: Uint8Array | null, us: number, wallUs: number): EventPlace {
  return {
    shard,
    leafIndex: BigInt(leaf),
    hash: hash ?? new Uint8Array(0),
    recordedTime: timestampOfMicroseconds(us),
    wallTime: timestampOfMicroseconds(wallUs),
  };
}
