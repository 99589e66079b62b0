import type { BusStatement, EventHeader } from "@lienthong/contracts/exchange/v1/event";
import { type Open, PauseReason, type Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { ReadEvent } from "@lienthong/statement";
import { hashesEqual, sha256 } from "@lienthong/tlog";
import { type BranchEdit, branchOf, move } from "./branch-edit.ts";
import { type BranchCustody, type DossierState, supplementKey } from "./dossier-state.ts";
import { foldConsult, foldOpinion } from "./evolve-consult.ts";
import { foldJoin, foldReturn, foldStop, foldWithdraw } from "./evolve-ends.ts";
import { foldAcknowledge, foldForward, foldGivenBack, foldRecall } from "./evolve-handoff.ts";
import { StatementIds } from "./statement-ids.ts";

/**
 * The state after an event. Pure; trusts that the event was decided: it is the same fold for the exchange, its followers and
 * whoever replays a trail. `hash` is the event's leaf hash, 32 bytes, kept as given; `payloadDigest` is SHA-256 of a statement's signed
 * bytes, for those who have it from `decide`.
 */
export function evolve(
  state: DossierState | null,
  event: ReadEvent,
  hash: Uint8Array,
  payloadDigest?: Uint8Array,
): DossierState {
  if (event.body.$case === "shard") throw new Error("A shard event belongs to no dossier.");
  const after =
    event.body.$case === "statement"
      ? afterStatement(state, event.body.statement, payloadDigest ?? sha256(event.body.payload), event.header, hash)
      : afterBusStatement(existing(state), event.body.bus);
  return {
    ...after,
    number: Number(event.header.number),
    lastEvent: hash,
    registrySize: event.header.registryHead?.size ?? 0n,
    recordedTime: timeOf(event.header.recordedTime),
    wallTime: timeOf(event.header.wallTime),
  };
}

function afterStatement(
  state: DossierState | null,
  statement: Statement,
  payloadDigest: Uint8Array,
  header: EventHeader,
  hash: Uint8Array,
): DossierState {
  const number = Number(header.number);
  const { agency: author, unit } = statement.author ?? { agency: "", unit: "" };
  const what = statement.what;
  if (what === undefined) throw new Error("A recorded statement says nothing.");
  const recorded = { payloadDigest, number };
  const edit: BranchEdit = {
    branches: new Map(state?.branches),
    moved: { head: hash, headNumber: number },
    time: timeOf(header.recordedTime),
    author,
    unit,
  };
  if (what.$case === "open") return opened(edit, statement, what.value, header, recorded);
  const before = existing(state);
  const branches = statement.prior.map((prior) => branchOf(edit, prior.branch));
  foldBranches(edit, branches, what);
  return {
    ...before,
    branches: edit.branches,
    extendedBy: what.$case === "extend" ? number : before.extendedBy,
    supplementRequests:
      what.$case === "requestSupplement"
        ? new Map(before.supplementRequests).set(supplementKey(author, firstOf(branches, what.$case).step), number)
        : before.supplementRequests,
    statementIds: before.statementIds.with(author, statement.statementId, recorded),
  };
}

function opened(
  edit: BranchEdit,
  statement: Statement,
  open: Open,
  header: EventHeader,
  recorded: { payloadDigest: Uint8Array; number: number },
): DossierState {
  const { author, unit, moved, time } = edit;
  const root: BranchCustody = {
    branch: "0",
    state: "WORKING",
    holder: author,
    unit,
    step: open.step,
    ...moved,
    heldSince: time,
    pending: null,
    fork: null,
    owedEdge: "",
    consulted: [],
    consultation: null,
    proofOwed: false,
    readers: [author],
  };
  return {
    dossier: statement.dossier,
    openedBy: author,
    areaCode: open.areaCode,
    // Copies: what was decoded from a Buffer is a view of the whole message, and Buffer's own slice() would be one too.
    procedureEntry: Uint8Array.from(open.procedureEntry),
    routeEntry: Uint8Array.from(open.routeEntry),
    chosenEdges: open.chosenEdges,
    branches: new Map([["0", root]]),
    extendedBy: 0,
    supplementRequests: new Map(),
    statementIds: StatementIds.empty.with(author, statement.statementId, recorded),
    number: recorded.number,
    lastEvent: moved.head,
    registrySize: 0n,
    recordedTime: time,
    wallTime: timeOf(header.wallTime),
  };
}

/** What a statement does to the branches it acts on. `decide` allowed it, so it is not asked again whether it may. */
function foldBranches(
  edit: BranchEdit,
  branches: readonly BranchCustody[],
  what: Exclude<NonNullable<Statement["what"]>, { $case: "open" }>,
): void {
  // The only statement that acts on no branch: documents go, and nobody's duty changes.
  if (what.$case === "erase") return;
  const branch = firstOf(branches, what.$case);
  switch (what.$case) {
    case "forward":
      foldForward(edit, branch, what.value);
      break;
    case "consult":
      foldConsult(edit, branch, what.value);
      break;
    case "acknowledge":
      foldAcknowledge(edit, branch);
      break;
    case "refuse":
    case "agreeRecall":
      foldGivenBack(edit, branch);
      break;
    case "askRecall":
      foldRecall(edit, branch, "RECALL_ASKED");
      break;
    case "refuseRecall":
      foldRecall(edit, branch, "HANDED_OVER");
      break;
    case "complete":
      if (branch.consultation === null) move(edit, branch, { state: "COMPLETED" });
      else foldOpinion(edit, branch);
      break;
    case "requestSupplement":
      move(edit, branch, { state: "SUPPLEMENT_AWAITED" });
      break;
    case "bringSupplement":
      move(edit, branch, { state: "WORKING" });
      break;
    case "pause":
      move(edit, branch, {
        state: "PAUSED",
        proofOwed: what.value.reason === PauseReason.PAUSE_REASON_FINANCIAL_DUTY,
      });
      break;
    case "resume":
      move(edit, branch, { state: "WORKING", proofOwed: false });
      break;
    case "extend":
      move(edit, branch, {});
      break;
    case "assign":
      move(edit, branch, { unit: what.value.unit });
      break;
    case "join":
      foldJoin(edit, branches, what.value);
      break;
    case "return":
      foldReturn(edit, branch);
      break;
    case "withdraw":
      foldWithdraw(edit, branches);
      break;
    case "stop":
      foldStop(edit, branch);
      break;
  }
}

function firstOf(branches: readonly BranchCustody[], statement: string): BranchCustody {
  const branch = branches[0];
  if (branch === undefined) throw new Error(`A recorded '${statement}' acts on no branch.`);
  return branch;
}

function afterBusStatement(state: DossierState, bus: BusStatement): DossierState {
  if (bus.what?.$case !== "delivered") throw new Error(`A recorded bus statement '${bus.what?.$case}' has no rule.`);
  const branch = state.branches.get(bus.branch);
  if (branch === undefined) {
    throw new Error(`A recorded event acts on branch ${bus.branch}, which ${state.dossier} does not have.`);
  }
  // It may arrive after the handoff ended: then it changes nothing that anybody may rely on.
  if (branch.pending === null || !hashesEqual(branch.pending.forward, bus.cause)) return state;
  const branches = new Map(state.branches);
  // The head stays: an acknowledgement signed meanwhile must not go stale.
  branches.set(branch.branch, { ...branch, pending: { ...branch.pending, delivered: true } });
  return { ...state, branches };
}

/** True if "delivered" is news: the handoff is still pending and was not settled before. */
export function deliveredIsNews(state: DossierState, forward: Uint8Array, branch: string): boolean {
  const pending = state.branches.get(branch)?.pending;
  return pending != null && !pending.delivered && hashesEqual(pending.forward, forward);
}

function existing(state: DossierState | null): DossierState {
  if (state === null) throw new Error("The first event of a dossier must be an `open`.");
  return state;
}

function timeOf(time: EventHeader["recordedTime"]): { seconds: bigint; nanos: number } {
  if (time === undefined) throw new Error("A recorded event has no time.");
  return { seconds: time.seconds, nanos: time.nanos };
}
