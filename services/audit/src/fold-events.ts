import type { ForwardBranch } from "@lienthong/contracts/exchange/v1/statement";
import { type BranchCustody, branchesOfLastEvent, evolve, hasEnded } from "@lienthong/domain";
import { subjectOfEvent } from "@lienthong/event-store";
import { type ReadEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { type FoldedDossier, foldToText, withoutPast } from "./dossier-fold.ts";
import { type BatchRows, type DossierRow, type EventRow, microsecondsOf, type ShardPosition } from "./rows.ts";
import { wordsOf } from "./what-was-said.ts";

const noDigest = new Uint8Array(0);

/** A message of the stream, read. */
export interface IndexedMessage {
  readonly leaf: number;
  readonly hash: Uint8Array;
  readonly event: ReadEvent;
}

/** The stream is not what the index was made from, or no stream of this bus. Trying again does not help. */
export class StreamContradictsError extends Error {
  override readonly name = "StreamContradictsError";
}

/** What the fold asks of the registry: what an entry that a dossier pins is called. Empty where there is none. */
export interface PinnedNames {
  procedureOf(entryHashHex: string): string;
  routeOf(entryHashHex: string): string;
}

/** Reads messages of a shard's stream. Throws StreamContradictsError for one that the bus cannot have written there. */
export function readMessages(
  shard: string,
  messages: readonly { readonly sequence: number; readonly subject: string; readonly payload: Uint8Array }[],
): IndexedMessage[] {
  return messages.map(({ sequence, subject, payload }) => {
    const leaf = sequence - 1;
    let event: ReadEvent;
    try {
      // Own copy: a payload is a window into a network buffer, and what is decoded keeps windows into it.
      event = readEvent(payload.slice());
    } catch (cause) {
      throw new StreamContradictsError(`Event ${leaf} of ${shard} cannot be read: ${(cause as Error).message}`, {
        cause,
      });
    }
    const wanted = subjectOfEvent(shard, event.dossier);
    if (subject !== wanted || event.header.shard !== shard) {
      throw new StreamContradictsError(
        `Event ${leaf} of ${shard} lies under ${subject}, but says that it belongs to ${wanted} of ${event.header.shard}.`,
      );
    }
    return { leaf, hash: leafHash(payload), event };
  });
}

/**
 * Folds events of one shard, in order, into rows. `dossiers` has those that are known, and is brought up to date.
 * @returns where the shard stands after them.
 */
export function foldEvents(
  messages: readonly IndexedMessage[],
  before: ShardPosition,
  dossiers: Map<string, FoldedDossier>,
  names: PinnedNames,
  rows: BatchRows,
): ShardPosition {
  const events: EventRow[] = [];
  let position = before;
  for (const message of messages) {
    position = nextPosition(position, message);
    const { event } = message;
    const branches = event.dossier === null ? [] : foldDossierEvent(message, event.dossier, dossiers, names, rows);
    events.push(eventRow(message, branches));
    if (event.dossier !== null) rows.dossiers.set(event.dossier, message.leaf);
  }
  rows.events.add(events);
  return position;
}

function nextPosition(before: ShardPosition, { leaf, hash, event }: IndexedMessage): ShardPosition {
  const { header, body } = event;
  if (leaf !== before.size) {
    throw new StreamContradictsError(
      `The index of ${before.shard} stands at ${before.size} events and was given event ${leaf}.`,
    );
  }
  const what = body.$case === "shard" ? body.shard.what : undefined;
  if (before.size > 0 && header.generation !== before.generation) {
    const declared = what?.$case === "generationStarted" && Number(what.value.from) === leaf;
    if (!declared || header.generation !== before.generation + 1) {
      throw new StreamContradictsError(
        `Event ${leaf} of ${before.shard} is of generation ${header.generation}, and no event declares that it follows generation ${before.generation} here.`,
      );
    }
  }
  const recordedUs = microsecondsOf(header.recordedTime);
  const movedToUs = what?.$case === "clockAdvanced" ? microsecondsOf(what.value.to) : 0;
  return {
    shard: before.shard,
    generation: header.generation,
    size: leaf + 1,
    lastHash: hash,
    clockUs: Math.max(before.clockUs, recordedUs, movedToUs),
    wallUs: Math.max(before.wallUs, microsecondsOf(header.wallTime)),
    simulated: what?.$case === "opened" ? what.value.simulatedStartTime !== undefined : before.simulated,
  };
}

/** @returns the branches that the event concerns. */
function foldDossierEvent(
  { leaf, hash, event }: IndexedMessage,
  code: string,
  dossiers: Map<string, FoldedDossier>,
  names: PinnedNames,
  rows: BatchRows,
): readonly string[] {
  const known = dossiers.get(code);
  if (Number(event.header.number) !== (known?.state.number ?? 0) + 1) {
    throw new StreamContradictsError(
      `Event ${leaf} says that it is event ${event.header.number} of dossier ${code}, and ${known?.state.number ?? 0} came before it.`,
    );
  }
  let state: FoldedDossier["state"];
  try {
    // The digest would only be kept beside the ids that `withoutPast` leaves out.
    state = withoutPast(evolve(known?.state ?? null, event, hash, noDigest));
  } catch (cause) {
    throw new StreamContradictsError(`Event ${leaf} cannot follow in dossier ${code}: ${(cause as Error).message}`, {
      cause,
    });
  }
  const at = {
    leaf,
    recordedUs: microsecondsOf(event.header.recordedTime),
    wallUs: microsecondsOf(event.header.wallTime),
  };
  const began = new Map(known?.began);
  const forwarded = new Map(known?.forwarded);
  const agencies = new Set(known?.agencies ?? [state.openedBy]);
  for (const branch of state.branches.values()) {
    const was = known?.state.branches.get(branch.branch);
    if (was === branch) continue;
    foldHandoff({ was, branch, event, hash, at, forwarded, agencies, rows, code });
    foldHolding({ was, branch, event, at, began, rows, code });
  }
  const procedureEntry = known?.procedureEntry ?? Buffer.from(state.procedureEntry).toString("hex");
  dossiers.set(code, {
    state,
    began,
    forwarded,
    agencies: known !== undefined && agencies.size === known.agencies.length ? known.agencies : [...agencies].sort(),
    openedLeaf: known?.openedLeaf ?? leaf,
    procedureEntry,
    procedure: known?.procedure ?? names.procedureOf(procedureEntry),
    route: known?.route ?? names.routeOf(Buffer.from(state.routeEntry).toString("hex")),
  });
  return branchesOfLastEvent(state, event.body.$case === "bus" ? event.body.bus.branch : undefined).toSorted();
}

interface BranchStep {
  readonly was: BranchCustody | undefined;
  readonly branch: BranchCustody;
  readonly event: ReadEvent;
  readonly at: { readonly leaf: number; readonly recordedUs: number; readonly wallUs: number };
  readonly rows: BatchRows;
  readonly code: string;
}

/** What the event does to the branch's handoffs: ends the one that was pending, tells that it arrived, begins another. */
function foldHandoff(
  step: BranchStep & {
    readonly hash: Uint8Array;
    readonly forwarded: Map<string, number>;
    readonly agencies: Set<string>;
  },
): void {
  const { was, branch, event, hash, at, forwarded, agencies, rows, code } = step;
  const { branch: id, pending } = branch;
  const isNew = pending !== null && Buffer.compare(pending.forward, hash) === 0;
  const forwardLeaf = forwarded.get(id);
  if (was?.pending != null && forwardLeaf !== undefined) {
    if (pending === null || isNew) {
      forwarded.delete(id);
      rows.changeHandoff({
        forward_leaf: forwardLeaf,
        branch: id,
        ...endingOf(event, id),
        ended_leaf: at.leaf,
        ended_us: at.recordedUs,
        ended_wall_us: at.wallUs,
      });
    } else if (pending.delivered && !was.pending.delivered) {
      rows.changeHandoff({
        forward_leaf: forwardLeaf,
        branch: id,
        delivered_leaf: at.leaf,
        delivered_us: at.recordedUs,
        delivered_wall_us: at.wallUs,
      });
    }
  }
  if (!isNew) return;
  forwarded.set(id, at.leaf);
  agencies.add(pending.receiver);
  const target = targetOf(event, id);
  const author = event.body.$case === "statement" ? event.body.statement.author : undefined;
  rows.handoffs.push({
    forward_leaf: at.leaf,
    branch: id,
    dossier: code,
    consult: event.body.$case === "statement" && event.body.statement.what?.$case === "consult",
    from_agency: author?.agency ?? branch.holder,
    from_unit: author?.unit ?? "",
    to_agency: pending.receiver,
    to_unit: pending.receiverUnit,
    step: pending.step,
    edge: pending.edge,
    due_us: target?.dueTime === undefined ? null : microsecondsOf(target.dueTime),
    forward_hash: Buffer.from(hash).toString("hex"),
    forward_us: at.recordedUs,
    forward_wall_us: at.wallUs,
  });
}

function targetOf({ body }: ReadEvent, branch: string): ForwardBranch | undefined {
  const what = body.$case === "statement" ? body.statement.what : undefined;
  if (what?.$case !== "forward" && what?.$case !== "consult") return undefined;
  return what.value.branches.find((target) => target.branch === branch);
}

/** How a handoff ended: by its receiver's word, or because its branch ended first. */
function endingOf(
  event: ReadEvent,
  branch: string,
): { outcome: "ACKNOWLEDGED" | "REFUSED" | "RECALLED" | "ENDED"; reason: string } {
  const what = event.body.$case === "statement" ? event.body.statement.what : undefined;
  if (what?.$case === "acknowledge" && what.value.handoff?.branch === branch)
    return { outcome: "ACKNOWLEDGED", reason: "" };
  if (what?.$case === "agreeRecall" && what.value.handoff?.branch === branch)
    return { outcome: "RECALLED", reason: "" };
  if (what?.$case === "refuse" && what.value.handoff?.branch === branch) {
    return { outcome: "REFUSED", reason: wordsOf(event).reason };
  }
  return { outcome: "ENDED", reason: "" };
}

/** What the event does to who holds the branch. */
function foldHolding(step: BranchStep & { readonly began: Map<string, number> }): void {
  const { was, branch, event, at, began, rows, code } = step;
  const { branch: id } = branch;
  const beganLeaf = began.get(id);
  const begins = branch.holder !== "" && (was === undefined || was.holder !== branch.holder || takesCustody(event, id));
  if (beganLeaf !== undefined && was !== undefined && (begins || branch.holder === "")) {
    began.delete(id);
    // Unit and state of a span that ends are those with which it ended.
    const { unit, state } = was;
    const ended = { ended_leaf: at.leaf, ended_us: at.recordedUs, ended_wall_us: at.wallUs };
    rows.changeHolding({ began_leaf: beganLeaf, branch: id, unit, state, ...ended });
  }
  if (begins) {
    began.set(id, at.leaf);
    rows.holdings.push({
      began_leaf: at.leaf,
      branch: id,
      dossier: code,
      holder: branch.holder,
      step: branch.step,
      held_since_us: microsecondsOf(branch.heldSince),
      began_us: at.recordedUs,
      began_wall_us: at.wallUs,
    });
  }
  const present = began.get(id);
  if (present !== undefined) {
    rows.changeHolding({ began_leaf: present, branch: id, unit: branch.unit, state: branch.state });
  }
}

/** Whether the event gives custody of a branch anew, even to the agency that holds it. */
function takesCustody({ body }: ReadEvent, branch: string): boolean {
  const what = body.$case === "statement" ? body.statement.what : undefined;
  if (what?.$case === "acknowledge") return what.value.handoff?.branch === branch;
  return what?.$case === "join" && what.value.into === branch;
}

function eventRow({ leaf, hash, event }: IndexedMessage, branches: readonly string[]): EventRow {
  const { header, body } = event;
  const author = body.$case === "statement" ? body.statement.author : undefined;
  return {
    leaf,
    hash: Buffer.from(hash).toString("hex"),
    dossier: event.dossier ?? "",
    number: Number(header.number),
    ...wordsOf(event),
    agency: body.$case === "bus" ? body.bus.receiver : (author?.agency ?? ""),
    unit: author?.unit ?? "",
    system: header.system,
    statement_id: body.$case === "statement" ? body.statement.statementId : null,
    branches,
    recorded_us: microsecondsOf(header.recordedTime),
    wall_us: microsecondsOf(header.wallTime),
  };
}

/** The row of a dossier as it stands. */
export function dossierRow(folded: FoldedDossier, lastLeaf: number): DossierRow {
  const { state } = folded;
  return {
    dossier: state.dossier,
    opened_leaf: folded.openedLeaf,
    opened_by: state.openedBy,
    area_code: state.areaCode,
    procedure_entry: folded.procedureEntry,
    procedure: folded.procedure,
    route: folded.route,
    events: state.number,
    last_leaf: lastLeaf,
    ended: hasEnded(state),
    agencies: folded.agencies,
    fold: foldToText(folded),
  };
}
