import type { Queryable } from "./database.ts";
import { type FoldedDossier, foldFromRow, type StoredDossier } from "./dossier-fold.ts";
import { dossierRow, StreamContradictsError } from "./fold-events.ts";
import {
  type BatchRows,
  type DossierMove,
  type DossierRow,
  dossierColumns,
  dossierMoveColumns,
  type HandoffChange,
  type HandoffRow,
  type HoldingChange,
  type HoldingRow,
  handoffChangeColumns,
  handoffColumns,
  holdingChangeColumns,
  holdingColumns,
  type ShardPosition,
} from "./rows.ts";
import { bytes, RowColumns, sql, textArray } from "./sql.ts";

/** Somebody else writes the same index. */
export class IndexTakenError extends Error {
  override readonly name = "IndexTakenError";
}

/** Where a shard is read to; null if nothing of it is. */
export async function readPosition(on: Queryable, shard: string): Promise<ShardPosition | null> {
  const rows = await readPositions(on, sql`where shard = ${shard}`);
  return rows[0] ?? null;
}

/** Where every shard is read to, by name. */
export async function readPositions(on: Queryable, which = sql``): Promise<ShardPosition[]> {
  const rows = await on.query<{
    shard: string;
    generation: number;
    size: number;
    last_hash: Uint8Array;
    clock_us: number;
    wall_us: number;
    simulated: boolean;
  }>(
    sql`select shard, generation, size, last_hash, clock_us, wall_us, simulated from shard_position ${which} order by shard`,
  );
  return rows.map((row) => ({
    shard: row.shard,
    generation: row.generation,
    size: row.size,
    lastHash: Uint8Array.from(row.last_hash),
    clockUs: row.clock_us,
    wallUs: row.wall_us,
    simulated: row.simulated,
  }));
}

/** What is known of these dossiers. */
export async function readFolds(
  on: Queryable,
  shard: string,
  dossiers: readonly string[],
): Promise<Map<string, FoldedDossier>> {
  if (dossiers.length === 0) return new Map();
  const rows = await on.query<StoredDossier>(sql`
    select dossier, opened_leaf, opened_by, area_code, procedure_entry_hex as procedure_entry, procedure, route, events, agencies, fold
    from (select *, encode(procedure_entry, 'hex') as procedure_entry_hex from dossier) as d
    where shard = ${shard} and dossier = any(${textArray(dossiers)})`);
  return new Map(rows.map((row) => [row.dossier, foldFromRow(row)]));
}

/**
 * Writes a batch and how far it goes. To be called in a transaction: the rows and the position become durable together, so that a crash
 * anywhere only repeats the batch.
 * @throws IndexTakenError if the position is not the one that the batch follows.
 */
export async function writeBatch(
  tx: Queryable,
  rows: BatchRows,
  /** Those that the batch moved, and perhaps others. */
  dossiers: ReadonlyMap<string, FoldedDossier>,
  before: ShardPosition,
  position: ShardPosition,
): Promise<void> {
  const { shard } = position;
  await movePosition(tx, before, position);
  await tx.query(sql`
    insert into event (shard, leaf, hash, dossier, number, said, agency, unit, system, statement_id, branches, reason, outcome, recorded_us, wall_us)
    select ${shard}::text, leaf, decode(hash, 'hex'), dossier, number, said, agency, unit, system, statement_id, branches::text[], reason, outcome,
      recorded_us, wall_us
    from ${rows.events.source()}`);
  await writeDossiers(tx, before, rows, dossiers);
  await writeHandoffs(tx, shard, rows);
  await writeHoldings(tx, shard, rows);
}

/**
 * Expects that the rows still end where this writer left them. Throws IndexTakenError if they go further; an Error where they end before, because a crash of the
 * database took transactions that were not on its disk yet: then another writer repeats them.
 */
export async function expectPosition(tx: Queryable, { shard, size }: ShardPosition): Promise<void> {
  const [stands] = await tx.query<{ size: number }>(sql`select size from shard_position where shard = ${shard}::text`);
  const found = stands?.size ?? 0;
  if (found > size) throw taken(shard, size);
  if (found < size)
    throw new Error(`The index of ${shard} fell back from ${size} to ${found} events; they are read again.`);
}

function taken(shard: string, size: number): IndexTakenError {
  return new IndexTakenError(
    `The index of ${shard} is not at ${size} events any more: another process writes it. Run one audit service per database.`,
  );
}

async function movePosition(tx: Queryable, before: ShardPosition, position: ShardPosition): Promise<void> {
  const { shard, generation, size, lastHash, clockUs, wallUs, simulated } = position;
  const moved =
    before.size === 0
      ? await tx.query(sql`
          insert into shard_position (shard, generation, size, last_hash, clock_us, wall_us, simulated)
          values (${shard}::text, ${generation}::integer, ${size}::bigint, ${bytes(lastHash)}, ${clockUs}::bigint, ${wallUs}::bigint, ${simulated}::boolean)
          on conflict (shard) do nothing returning shard`)
      : await tx.query(sql`
          update shard_position set generation = ${generation}::integer, size = ${size}::bigint, last_hash = ${bytes(lastHash)},
            clock_us = ${clockUs}::bigint, wall_us = ${wallUs}::bigint, simulated = ${simulated}::boolean
          where shard = ${shard}::text and size = ${before.size}::bigint returning shard`);
  if (moved.length !== 1) throw taken(shard, before.size);
}

async function writeDossiers(
  tx: Queryable,
  { shard, size }: ShardPosition,
  { dossiers: lastLeaves }: BatchRows,
  dossiers: ReadonlyMap<string, FoldedDossier>,
): Promise<void> {
  const opened: DossierRow[] = [];
  const moved: DossierRow[] = [];
  for (const [code, lastLeaf] of lastLeaves) {
    const row = dossierRow(dossiers.get(code) as FoldedDossier, lastLeaf);
    (row.opened_leaf >= size ? opened : moved).push(row);
  }
  if (opened.length > 0) {
    const written = await tx.query(sql`
      insert into dossier (shard, dossier, opened_leaf, opened_by, area_code, procedure_entry, procedure, route, events, last_leaf, ended, agencies, fold)
      select ${shard}::text, dossier, opened_leaf, opened_by, area_code, decode(procedure_entry, 'hex'), procedure, route, events, last_leaf, ended,
        agencies::text[], fold
      from ${new RowColumns<DossierRow>(dossierColumns).add(opened).source()}
      on conflict (shard, dossier) do nothing returning 1`);
    if (written.length < opened.length)
      throw new StreamContradictsError(`A dossier of ${shard} is opened a second time, from event ${size} on.`);
  }
  if (moved.length > 0) {
    await tx.query(sql`
      update dossier as d set events = r.events, last_leaf = r.last_leaf, ended = r.ended, agencies = r.agencies::text[], fold = r.fold
      from ${new RowColumns<DossierMove>(dossierMoveColumns).add(moved).source()}
      where d.shard = ${shard}::text and d.dossier = r.dossier`);
  }
}

async function writeHandoffs(tx: Queryable, shard: string, { handoffs, handoffChanges }: BatchRows): Promise<void> {
  const fresh = handoffs.map((row): HandoffRow & HandoffChange => {
    const key = `${row.forward_leaf}/${row.branch}`;
    const change = handoffChanges.get(key);
    handoffChanges.delete(key);
    return { outcome: "PENDING", reason: "", ...row, ...change };
  });
  if (fresh.length > 0) {
    await tx.query(sql`
      insert into handoff (shard, forward_leaf, branch, dossier, consult, from_agency, from_unit, to_agency, to_unit, step, edge, due_us, forward_hash,
        forward_us, forward_wall_us, delivered_leaf, delivered_us, delivered_wall_us, outcome, ended_leaf, ended_us, ended_wall_us, reason)
      select ${shard}::text, forward_leaf, branch, dossier, consult, from_agency, from_unit, to_agency, to_unit, step, edge, due_us,
        decode(forward_hash, 'hex'), forward_us, forward_wall_us, delivered_leaf, delivered_us, delivered_wall_us, outcome, ended_leaf, ended_us,
        ended_wall_us, reason
      from ${new RowColumns<HandoffRow & HandoffChange>(handoffColumns).add(fresh).source()}`);
  }
  if (handoffChanges.size > 0) {
    // What a change does not name stays.
    await tx.query(sql`
      update handoff as h set delivered_leaf = coalesce(r.delivered_leaf, h.delivered_leaf), delivered_us = coalesce(r.delivered_us, h.delivered_us),
        delivered_wall_us = coalesce(r.delivered_wall_us, h.delivered_wall_us), outcome = coalesce(r.outcome, h.outcome),
        ended_leaf = coalesce(r.ended_leaf, h.ended_leaf), ended_us = coalesce(r.ended_us, h.ended_us),
        ended_wall_us = coalesce(r.ended_wall_us, h.ended_wall_us), reason = coalesce(r.reason, h.reason)
      from ${new RowColumns<HandoffChange>(handoffChangeColumns).add([...handoffChanges.values()]).source()}
      where h.shard = ${shard}::text and h.forward_leaf = r.forward_leaf and h.branch = r.branch`);
  }
}

async function writeHoldings(tx: Queryable, shard: string, { holdings, holdingChanges }: BatchRows): Promise<void> {
  const fresh = holdings.map((row): HoldingRow & HoldingChange => {
    const key = `${row.began_leaf}/${row.branch}`;
    const change = holdingChanges.get(key);
    holdingChanges.delete(key);
    return { unit: "", state: "WORKING", ...row, ...change };
  });
  if (fresh.length > 0) {
    await tx.query(sql`
      insert into holding (shard, began_leaf, branch, dossier, holder, unit, step, state, held_since_us, began_us, began_wall_us, ended_leaf, ended_us,
        ended_wall_us)
      select ${shard}::text, began_leaf, branch, dossier, holder, unit, step, state, held_since_us, began_us, began_wall_us, ended_leaf, ended_us,
        ended_wall_us
      from ${new RowColumns<HoldingRow & HoldingChange>(holdingColumns).add(fresh).source()}`);
  }
  if (holdingChanges.size > 0) {
    await tx.query(sql`
      update holding as h set unit = r.unit, state = r.state, ended_leaf = coalesce(r.ended_leaf, h.ended_leaf),
        ended_us = coalesce(r.ended_us, h.ended_us), ended_wall_us = coalesce(r.ended_wall_us, h.ended_wall_us)
      from ${new RowColumns<HoldingChange>(holdingChangeColumns).add([...holdingChanges.values()]).source()}
      where h.shard = ${shard}::text and h.began_leaf = r.began_leaf and h.branch = r.branch`);
  }
}
