import type { BusStatement, EventHeader } from "@lienthong/contracts/exchange/v1/event";
import type { Forward, Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { ReadEvent } from "@lienthong/statement";
import { hashesEqual, sha256 } from "@lienthong/tlog";
import type { BranchCustody, DossierState } from "./dossier-state.ts";
import { isFork } from "./forward-rules.ts";
import { StatementIds } from "./statement-ids.ts";

/**
 * The state after an event. Pure; trusts that the event was decided: it is the same fold for the exchange, its followers and
 * whoever replays a trail. `hash` is the event's leaf hash, 32 bytes, kept as given.
 */
export function evolve(state: DossierState | null, event: ReadEvent, hash: Uint8Array): DossierState {
  if (event.body.$case === "shard") throw new Error("A shard event belongs to no dossier.");
  const after =
    event.body.$case === "statement"
      ? afterStatement(state, event.body.statement, sha256(event.body.payload), event.header, hash)
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
  const author = statement.author?.agency ?? "";
  const what = statement.what;
  if (what === undefined) throw new Error("A recorded statement says nothing.");
  if (what.$case === "open") {
    const root: BranchCustody = {
      branch: "0",
      state: "WORKING",
      holder: author,
      unit: statement.author?.unit ?? "",
      step: what.value.step,
      head: hash,
      headNumber: number,
      heldSince: timeOf(header.recordedTime),
      pending: null,
      fork: null,
      owedEdge: "",
      readers: [author],
    };
    return {
      dossier: statement.dossier,
      openedBy: author,
      areaCode: what.value.areaCode,
      // Copies: what was decoded from a Buffer is a view of the whole message, and Buffer's own slice() would be one too.
      procedureEntry: Uint8Array.from(what.value.procedureEntry),
      routeEntry: Uint8Array.from(what.value.routeEntry),
      chosenEdges: what.value.chosenEdges,
      branches: new Map([["0", root]]),
      statementIds: StatementIds.empty.with(author, statement.statementId, { payloadDigest, number }),
      number,
      lastEvent: hash,
      registrySize: 0n,
      recordedTime: timeOf(header.recordedTime),
      wallTime: timeOf(header.wallTime),
    };
  }
  const before = existing(state);
  const branches = new Map(before.branches);
  const moved = { head: hash, headNumber: number };
  const heldSince = timeOf(header.recordedTime);
  const put = (branch: BranchCustody) => branches.set(branch.branch, branch);
  const acted = statement.prior.map((prior) => branchOf(before, prior.branch));
  const branch = acted[0];
  if (branch === undefined) throw new Error(`A recorded '${what.$case}' acts on no branch.`);

  switch (what.$case) {
    case "forward":
      for (const changed of afterForward(branch, what.value, author, hash, number)) put(changed);
      break;
    case "acknowledge": {
      const pending = pendingOf(branch);
      const unit = statement.author?.unit || pending.receiverUnit;
      put({
        ...branch,
        ...moved,
        state: "WORKING",
        holder: author,
        unit,
        step: pending.step,
        heldSince,
        pending: null,
        owedEdge: "",
      });
      break;
    }
    case "refuse":
      put({ ...branch, ...moved, state: pendingOf(branch).stateBefore, pending: null });
      break;
    case "complete":
      put({ ...branch, ...moved, state: "COMPLETED" });
      break;
    case "return":
      put({ ...branch, ...moved, state: "RETURNED", holder: "", unit: "" });
      break;
    case "join": {
      for (const child of acted) put({ ...child, ...moved, state: "JOINED", holder: "", unit: "" });
      const unit = statement.author?.unit ?? "";
      const parent = branchOf(before, what.value.into);
      put({
        ...parent,
        ...moved,
        state: "WORKING",
        holder: author,
        unit,
        step: what.value.step,
        heldSince,
        fork: null,
        readers: readersWith(parent, author),
      });
      break;
    }
    default:
      throw new Error(`A recorded '${what.$case}' has no row in the table.`);
  }
  const statementIds = before.statementIds.with(author, statement.statementId, { payloadDigest, number });
  return { ...before, branches, statementIds };
}

function afterForward(
  branch: BranchCustody,
  forward: Forward,
  author: string,
  hash: Uint8Array,
  number: number,
): BranchCustody[] {
  const stateBefore = branch.state === "COMPLETED" ? "COMPLETED" : "WORKING";
  const offered = (target: Forward["branches"][number]) => ({
    forward: hash,
    receiver: target.receiver?.agency ?? "",
    receiverUnit: target.receiver?.unit ?? "",
    step: target.step,
    edge: target.edge,
    stateBefore: stateBefore as "WORKING" | "COMPLETED",
    delivered: false,
  });
  const first = forward.branches[0];
  if (first === undefined) throw new Error("A recorded forward names no branch.");
  if (!isFork(branch.branch, forward)) {
    const pending = offered(first);
    return [
      {
        ...branch,
        state: "HANDED_OVER",
        head: hash,
        headNumber: number,
        pending,
        readers: readersWith(branch, pending.receiver),
      },
    ];
  }
  const children = forward.branches.map((target): BranchCustody => {
    const pending = offered(target);
    return {
      branch: target.branch,
      state: "HANDED_OVER",
      // Custody moves on acknowledgement, never on the forward: until then the forking agency holds every child.
      holder: author,
      unit: branch.unit,
      step: branch.step,
      head: hash,
      headNumber: number,
      heldSince: branch.heldSince,
      pending,
      fork: null,
      owedEdge: target.edge,
      readers: [...new Set([author, pending.receiver])],
    };
  });
  return [
    {
      ...branch,
      state: "FORKED",
      holder: "",
      unit: "",
      head: hash,
      headNumber: number,
      fork: { edge: first.edge, children: children.map((child) => child.branch) },
    },
    ...children,
  ];
}

function afterBusStatement(state: DossierState, bus: BusStatement): DossierState {
  if (bus.what?.$case !== "delivered") throw new Error(`A recorded bus statement '${bus.what?.$case}' has no rule.`);
  const branch = branchOf(state, bus.branch);
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

function readersWith(branch: BranchCustody, agency: string): readonly string[] {
  return branch.readers.includes(agency) ? branch.readers : [...branch.readers, agency];
}

function existing(state: DossierState | null): DossierState {
  if (state === null) throw new Error("The first event of a dossier must be an `open`.");
  return state;
}

function branchOf(state: DossierState, id: string): BranchCustody {
  const branch = state.branches.get(id);
  if (branch === undefined)
    throw new Error(`A recorded event acts on branch ${id}, which ${state.dossier} does not have.`);
  return branch;
}

function pendingOf(branch: BranchCustody): NonNullable<BranchCustody["pending"]> {
  if (branch.pending === null)
    throw new Error(`A recorded event answers a handoff that is not pending on branch ${branch.branch}.`);
  return branch.pending;
}

function timeOf(time: EventHeader["recordedTime"]): { seconds: bigint; nanos: number } {
  if (time === undefined) throw new Error("A recorded event has no time.");
  return { seconds: time.seconds, nanos: time.nanos };
}
