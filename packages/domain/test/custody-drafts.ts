import { PauseReason } from "@lienthong/contracts/exchange/v1/statement";
import { EdgeKind, type RouteEdge } from "@lienthong/contracts/registry/v1/route";
import type { CompiledRoute } from "@lienthong/route";
import {
  type BranchCustody,
  type CustodyRole,
  type CustodyRow,
  type DossierState,
  endStates,
  type TabledStatement,
} from "../src/index.ts";
import type { Dice } from "./dice.ts";
import { competent, units } from "./procedure-fixture.ts";
import { type Priors, type Says, saying } from "./trail-recorder.ts";

/** A statement that somebody might make. */
export interface Draft {
  readonly agency: string;
  readonly prior: Priors;
  readonly what: Says;
  /** True if it brings the dossier nearer to its end. */
  readonly onward: boolean;
}

/** Opening at the route's start, by a desk, with or without the optional branches. */
export function openDraft(routeEntry: Uint8Array, route: CompiledRoute, dice: Dice): Draft {
  const start = route.startSteps[0]!;
  const optional = route.record.edges.filter((edge) => edge.optional).map((edge) => edge.id);
  const chosen = optional.filter(() => dice.below(3) === 0);
  const agency = dice.pick(competent[start.role]!);
  return { agency, prior: [], what: saying.open(routeEntry, start.id, chosen), onward: true };
}

/** Branches that a draft may name first. */
export function branchesToActOn(state: DossierState): BranchCustody[] {
  return [...state.branches.values()];
}

/** What rare statements are: said one time in so many that they could be, or dossiers would seldom come far. */
const oneIn: Partial<Record<TabledStatement, number>> = {
  refuse: 3,
  askRecall: 3,
  requestSupplement: 5,
  pause: 5,
  extend: 5,
  assign: 6,
  stop: 12,
  withdraw: 60,
  erase: 20,
};

/** Statements that bring a dossier nearer to its end whenever they may be said. */
const goesOn: ReadonlySet<TabledStatement> = new Set(["acknowledge", "join", "return", "bringSupplement", "resume"]);

/** Who plays a role of the table for a branch; empty where nobody does. */
export function playerOf(role: CustodyRole, branch: BranchCustody, state: DossierState): string {
  switch (role) {
    case "opener":
      return "";
    case "holder":
      return branch.holder;
    case "sender":
      return branch.pending === null ? "" : branch.holder;
    case "receiver":
      return branch.pending?.receiver ?? "";
    case "desk":
      return state.openedBy;
  }
}

/**
 * What one row of the table allows of one branch: every kind of statement that must be accepted, with its author. With
 * `anyway`, what could be said if the table did not look at state and step.
 */
export function draftsOf(
  row: CustodyRow,
  branch: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  dice: Dice,
  ceased: ReadonlySet<string>,
  anyway = false,
): Draft[] {
  const { statement } = row;
  const author = playerOf(row.role, branch, state);
  if (statement === "join") return joinDrafts(row, branch, state, route, ceased, anyway);
  if (!anyway && (ceased.has(author) || !row.states.includes(branch.state))) return [];
  const rare = oneIn[statement];
  if (!anyway && rare !== undefined && dice.below(rare) > 0) return [];
  const prior = [{ branch: branch.branch, head: branch.head }];
  const draft = (what: Says, onward = goesOn.has(statement)): Draft => ({ agency: author, prior, what, onward });
  const step = route.step(branch.step)!;
  const free = anyway || (branch.owedEdge === "" && !waitsForJoin(branch, state, route));
  const done = !step.completionRequired || branch.state === "COMPLETED";
  switch (statement) {
    case "open":
      return [];
    case "acknowledge":
    case "refuse":
    case "askRecall":
    case "agreeRecall":
    case "refuseRecall":
      return [draft(saying[statement](branch.pending?.forward ?? branch.head, branch.branch))];
    case "complete": {
      const results = dice.below(4) === 0 ? ["ward-2"].filter((agency) => !ceased.has(agency)) : [];
      const isOpinion = branch.consultation !== null;
      return free ? [draft(saying.complete(branch.step, results), isOpinion || step.completionRequired)] : [];
    }
    case "return":
      return anyway || (free && done && step.end) ? [draft(saying.return())] : [];
    case "forward":
      return [
        ...forwardDrafts(branch, state, route, dice, ceased, free, done || anyway),
        ...(anyway ? [anyForward(branch, route, dice)] : []),
      ].map(({ what, onward }) => draft(what, onward));
    case "consult":
      return free ? consultDrafts(branch, state, route, dice, ceased, anyway).map((what) => draft(what)) : [];
    case "requestSupplement":
      return anyway || !state.supplementRequests.has(`${author}/${branch.step}`)
        ? [draft(saying.requestSupplement())]
        : [];
    case "bringSupplement":
      return [draft(saying.bringSupplement(branch.head))];
    case "pause": {
      const reasons = [PauseReason.PAUSE_REASON_FINANCIAL_DUTY, PauseReason.PAUSE_REASON_OTHER_AUTHORITY];
      return [draft(saying.pause(dice.pick(reasons)))];
    }
    case "resume":
      return [draft(branch.proofOwed ? saying.resume(branch.head) : saying.resume(branch.head, []))];
    case "extend":
      return anyway || state.extendedBy === 0 ? [draft(saying.extend())] : [];
    case "assign": {
      const own = Object.keys(units).filter((unit) => units[unit] === author && !ceased.has(unit));
      return [draft(saying.assign(dice.pick(["", ...own]), dice.below(step.internalSteps.length + 1)))];
    }
    case "withdraw": {
      const open = [...state.branches.values()].filter((other) => other === branch || !endStates.has(other.state));
      // The branch asked about comes first, whatever its state.
      const named = [branch, ...open.filter((other) => other !== branch)].map(({ branch: id, head }) => ({
        branch: id,
        head,
      }));
      const all = { ...draft(saying.withdraw()), prior: named };
      return anyway && named.length > 1 ? [all, { ...all, prior: named.slice(0, -1) }] : [all];
    }
    case "stop":
      return [draft(saying.stop())];
    case "erase":
      return anyway || branch.branch === "0" ? [{ ...draft(saying.erase()), prior: [] }] : [];
  }
}

/** Parent of a branch; undefined for the root. */
function parentOf(branch: BranchCustody, state: DossierState): BranchCustody | undefined {
  return branch.branch === "0" ? undefined : state.branches.get(branch.branch.slice(0, branch.branch.lastIndexOf(".")));
}

function waitsForJoin(branch: BranchCustody, state: DossierState, route: CompiledRoute): boolean {
  const fork = parentOf(branch, state)?.fork;
  return (
    fork?.children.includes(branch.branch) === true &&
    branch.owedEdge === "" &&
    route.joinOf(route.edge(fork.edge)!.fork)?.id === branch.step
  );
}

function forwardDrafts(
  branch: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  dice: Dice,
  ceased: ReadonlySet<string>,
  free: boolean,
  done: boolean,
): { what: Says; onward: boolean }[] {
  const drafts: { what: Says; onward: boolean }[] = [];
  const receivers = (edge: RouteEdge) => competent[route.step(edge.to)!.role]!.filter((agency) => !ceased.has(agency));
  const alone = (edge: RouteEdge) => {
    const meeting = meetingPlace(branch, state, route, edge.to);
    const open = receivers(edge).filter((agency) => meeting === undefined || agency === meeting);
    if (open.length === 0) return;
    const what = saying.forward({ branch: branch.branch, step: edge.to, edge: edge.id, agency: dice.pick(open) });
    drafts.push({ what, onward: edge.kind === EdgeKind.EDGE_KIND_FORWARD });
  };
  if (branch.owedEdge !== "") {
    alone(route.edge(branch.owedEdge)!);
    return drafts;
  }
  const edges = route.edgesFrom(branch.step);
  if (free) for (const edge of edges) if (edge.kind === EdgeKind.EDGE_KIND_BACK) alone(edge);
  if (!free || !done) return drafts;
  for (const edge of edges) if (edge.fork === "" && edge.kind === EdgeKind.EDGE_KIND_FORWARD) alone(edge);
  for (const name of new Set(edges.map((edge) => edge.fork).filter((fork) => fork !== ""))) {
    const taken = route
      .fork(branch.step, name)!
      .edges.filter((edge) => !edge.optional || state.chosenEdges.includes(edge.id) || dice.below(4) === 0);
    if (taken.some((edge) => receivers(edge).length === 0)) continue;
    const used = lastChild(branch, state);
    const what = saying.forward(
      ...taken.map((edge, index) => ({
        branch: `${branch.branch}.${used + index + 1}`,
        step: edge.to,
        edge: edge.id,
        agency: dice.pick(receivers(edge)),
      })),
    );
    drafts.push({ what, onward: true });
  }
  return drafts;
}

/** The greatest number among the children that a branch ever had. */
function lastChild(branch: BranchCustody, state: DossierState): number {
  const children = [...state.branches.values()].filter((other) => parentOf(other, state) === branch);
  return Math.max(0, ...children.map((child) => Number(child.branch.slice(branch.branch.length + 1))));
}

/** One to three opinions, one of them leading or none; now and then several along one edge. */
function consultDrafts(
  branch: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  dice: Dice,
  ceased: ReadonlySet<string>,
  anyway: boolean,
): Says[] {
  const asking = route.edgesFrom(branch.step).filter((edge) => edge.kind === EdgeKind.EDGE_KIND_CONSULT);
  const open = asking.filter((edge) => competent[route.step(edge.to)!.role]!.some((agency) => !ceased.has(agency)));
  // Anyway: now and then from an id that was used.
  const used = Math.max(0, lastChild(branch, state) - (anyway ? dice.below(2) : 0));
  // A dossier with many opinions says no more than one with some, and takes longer to check.
  if (!anyway && (open.length === 0 || state.branches.size > 12)) return [];
  const count = 1 + dice.below(3);
  const targets = Array.from({ length: count }, (_, index) => {
    const edge = dice.pick(open.length === 0 ? route.record.edges : open);
    const agency = dice.pick(competent[route.step(edge.to)!.role]!.filter((name) => anyway || !ceased.has(name)));
    return { branch: `${branch.branch}.${used + index + 1}`, step: edge.to, edge: edge.id, agency };
  });
  return [saying.consult(dice.below(2) === 0 ? "" : dice.pick(targets).branch, ...targets)];
}

/** A forward along an edge of the route that may leave another step. */
function anyForward(branch: BranchCustody, route: CompiledRoute, dice: Dice): { what: Says; onward: boolean } {
  const edge = dice.pick(route.record.edges);
  const agency = dice.pick(competent[route.step(edge.to)!.role]!);
  return { what: saying.forward({ branch: branch.branch, step: edge.to, edge: edge.id, agency }), onward: false };
}

/** Who joins the fork that a branch belongs to, if a sibling has gone there before it. */
function meetingPlace(
  branch: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  to: string,
): string | undefined {
  const fork = parentOf(branch, state)?.fork;
  if (!fork?.children.includes(branch.branch) || route.joinOf(route.edge(fork.edge)!.fork)?.id !== to) return undefined;
  for (const id of fork.children) {
    const sibling = state.branches.get(id)!;
    if (sibling.branch === branch.branch) continue;
    if (sibling.pending?.step === to) return sibling.pending.receiver;
    if (sibling.step === to && sibling.owedEdge === "") return sibling.holder;
  }
  return undefined;
}

/** Joining what a branch was forked into: allowed once every live child waits at the joining step. */
function joinDrafts(
  row: CustodyRow,
  parent: BranchCustody,
  state: DossierState,
  route: CompiledRoute,
  ceased: ReadonlySet<string>,
  anyway: boolean,
): Draft[] {
  const children = parent.fork?.children.map((id) => state.branches.get(id)!) ?? [];
  const first = children[0];
  const priorOf = (branches: readonly BranchCustody[]) => branches.map(({ branch, head }) => ({ branch, head }));
  // Any branch alone, into the branch it came from.
  const alone: Draft = {
    agency: parent.holder,
    prior: priorOf([parent]),
    what: saying.join(parentOf(parent, state)?.branch ?? parent.branch, parent.step),
    onward: false,
  };
  if (first === undefined) return anyway ? [alone] : [];
  const name = route.edge(parent.fork?.edge ?? "")?.fork ?? "";
  const step = route.joinOf(name)?.id ?? first.step;
  const arrived = children.every(
    (child) => row.states.includes(child.state) && child.step === step && child.owedEdge === "",
  );
  if (!anyway && (!arrived || ceased.has(first.holder))) return [];
  const join: Draft = {
    agency: first.holder,
    prior: priorOf(children),
    what: saying.join(parent.branch, step),
    onward: true,
  };
  return anyway ? [join, alone] : [join];
}
