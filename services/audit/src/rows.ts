import type { CustodyState } from "@lienthong/domain";
import { RowColumns } from "./sql.ts";

/**
 * Rows of the index as they are written: names of properties are names of columns, bytes are lower-case hexadecimal, times microseconds.
 * What they mean is said in migrations/0001-index.sql.
 */
export interface EventRow {
  readonly leaf: number;
  readonly hash: string;
  readonly dossier: string;
  readonly number: number;
  readonly said: string;
  readonly agency: string;
  readonly unit: string;
  readonly system: string;
  readonly statement_id: string | null;
  readonly branches: readonly string[];
  readonly reason: string;
  readonly outcome: string;
  readonly recorded_us: number;
  readonly wall_us: number;
}

/** A dossier as of its last event. */
export interface DossierRow {
  readonly dossier: string;
  readonly opened_leaf: number;
  readonly opened_by: string;
  readonly area_code: string;
  readonly procedure_entry: string;
  readonly procedure: string;
  readonly route: string;
  readonly events: number;
  readonly last_leaf: number;
  readonly ended: boolean;
  readonly agencies: readonly string[];
  readonly fold: string;
}

/** How a handoff stands, in words of the contract without their prefix. */
export type HandoffOutcomeWord = "PENDING" | "ACKNOWLEDGED" | "REFUSED" | "RECALLED" | "ENDED";

/** A handoff when it is made. */
export interface HandoffRow {
  readonly forward_leaf: number;
  readonly branch: string;
  readonly dossier: string;
  readonly consult: boolean;
  readonly from_agency: string;
  readonly from_unit: string;
  readonly to_agency: string;
  readonly to_unit: string;
  readonly step: string;
  readonly edge: string;
  readonly due_us: number | null;
  readonly forward_hash: string;
  readonly forward_us: number;
  readonly forward_wall_us: number;
}

/** What later events make of it; absent: nothing yet, or nothing new. */
export interface HandoffChange {
  readonly forward_leaf: number;
  readonly branch: string;
  readonly delivered_leaf?: number;
  readonly delivered_us?: number;
  readonly delivered_wall_us?: number;
  readonly outcome?: HandoffOutcomeWord;
  readonly ended_leaf?: number;
  readonly ended_us?: number;
  readonly ended_wall_us?: number;
  readonly reason?: string;
}

/** A span of custody when it begins. */
export interface HoldingRow {
  readonly began_leaf: number;
  readonly branch: string;
  readonly dossier: string;
  readonly holder: string;
  readonly step: string;
  readonly held_since_us: number;
  readonly began_us: number;
  readonly began_wall_us: number;
}

/** What later events make of it. */
export interface HoldingChange {
  readonly began_leaf: number;
  readonly branch: string;
  readonly unit: string;
  readonly state: CustodyState;
  readonly ended_leaf?: number;
  readonly ended_us?: number;
  readonly ended_wall_us?: number;
}

/** Where a shard is read to. */
export interface ShardPosition {
  readonly shard: string;
  readonly generation: number;
  /** Messages read. */
  readonly size: number;
  /** Hash of the last one, 32 bytes. */
  readonly lastHash: Uint8Array;
  readonly clockUs: number;
  readonly wallUs: number;
  readonly simulated: boolean;
}

/** Where a shard stands of which nothing was read. */
export function nothingReadOf(shard: string): ShardPosition {
  return { shard, generation: 0, size: 0, lastHash: new Uint8Array(0), clockUs: 0, wallUs: 0, simulated: false };
}

/** What an event changes in the row of a dossier that has one. */
export type DossierMove = Pick<DossierRow, "dossier" | "events" | "last_leaf" | "ended" | "agencies" | "fold">;

const eventColumns = {
  leaf: "bigint",
  hash: "text",
  dossier: "text",
  number: "bigint",
  said: "text",
  agency: "text",
  unit: "text",
  system: "text",
  statement_id: "uuid",
  branches: "text",
  reason: "text",
  outcome: "text",
  recorded_us: "bigint",
  wall_us: "bigint",
} as const;

export const dossierMoveColumns = {
  dossier: "text",
  events: "bigint",
  last_leaf: "bigint",
  ended: "boolean",
  agencies: "text",
  fold: "text",
} as const;

export const dossierColumns = {
  ...dossierMoveColumns,
  opened_leaf: "bigint",
  opened_by: "text",
  area_code: "text",
  procedure_entry: "text",
  procedure: "text",
  route: "text",
} as const;

export const handoffChangeColumns = {
  forward_leaf: "bigint",
  branch: "text",
  delivered_leaf: "bigint",
  delivered_us: "bigint",
  delivered_wall_us: "bigint",
  outcome: "text",
  ended_leaf: "bigint",
  ended_us: "bigint",
  ended_wall_us: "bigint",
  reason: "text",
} as const;

export const handoffColumns = {
  ...handoffChangeColumns,
  dossier: "text",
  consult: "boolean",
  from_agency: "text",
  from_unit: "text",
  to_agency: "text",
  to_unit: "text",
  step: "text",
  edge: "text",
  due_us: "bigint",
  forward_hash: "text",
  forward_us: "bigint",
  forward_wall_us: "bigint",
} as const;

export const holdingChangeColumns = {
  began_leaf: "bigint",
  branch: "text",
  unit: "text",
  state: "text",
  ended_leaf: "bigint",
  ended_us: "bigint",
  ended_wall_us: "bigint",
} as const;

export const holdingColumns = {
  ...holdingChangeColumns,
  dossier: "text",
  holder: "text",
  step: "text",
  held_since_us: "bigint",
  began_us: "bigint",
  began_wall_us: "bigint",
} as const;

/** Everything that one batch of events changes. */
export class BatchRows {
  /** Nothing changes them any more: they are text as soon as they are made. */
  readonly events = new RowColumns<EventRow>(eventColumns);
  /** Leaf of the last event of each dossier that the batch moved. */
  readonly dossiers = new Map<string, number>();
  readonly handoffs: HandoffRow[] = [];
  readonly handoffChanges = new Map<string, HandoffChange>();
  readonly holdings: HoldingRow[] = [];
  readonly holdingChanges = new Map<string, HoldingChange>();

  changeHandoff(change: HandoffChange): void {
    const key = `${change.forward_leaf}/${change.branch}`;
    this.handoffChanges.set(key, { ...this.handoffChanges.get(key), ...change });
  }

  changeHolding(change: HoldingChange): void {
    const key = `${change.began_leaf}/${change.branch}`;
    this.holdingChanges.set(key, { ...this.holdingChanges.get(key), ...change });
  }
}

/** Microseconds since 1970 of an instant; finer digits are cut. */
export function microsecondsOf(time: { readonly seconds: bigint; readonly nanos: number } | undefined): number {
  return time === undefined ? 0 : Number(time.seconds) * 1_000_000 + Math.floor(time.nanos / 1_000);
}

/** The inverse. */
export function timestampOfMicroseconds(microseconds: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(microseconds / 1_000_000);
  return { seconds: BigInt(seconds), nanos: (microseconds - seconds * 1_000_000) * 1_000 };
}
