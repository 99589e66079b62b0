import type { Forward, ForwardBranch } from "@lienthong/contracts/exchange/v1/statement";
import { EdgeKind } from "@lienthong/contracts/registry/v1/route";
import type { CompiledRoute } from "@lienthong/route";
import { addresseeRefusal } from "./addressee-checks.ts";
import { type Refusal, refuse } from "./decision.ts";
import { type BranchCustody, type DossierState, parentOf } from "./dossier-state.ts";
import type { Rulebook } from "./rulebook.ts";
import { openBranchesRefusal } from "./table-checks.ts";

/** What a forward does to the branch it acts on: move it, or fork it into children. */
export function isFork(branch: string, forward: Forward): boolean {
  return forward.branches.length > 1 || forward.branches[0]?.branch !== branch;
}

/** Why a holder may not forward like this; null if it may. State and holder were checked before. */
export function forwardRefusal(
  state: DossierState,
  branch: BranchCustody,
  forward: Forward,
  route: CompiledRoute,
  procedure: string,
  rules: Rulebook,
): Refusal | null {
  const step = route.step(branch.step);
  // One goes back because the step cannot be completed as things are.
  const goesBack = forward.branches.some((target) => route.edge(target.edge)?.kind === EdgeKind.EDGE_KIND_BACK);
  if (step?.completionRequired === true && branch.state !== "COMPLETED" && branch.owedEdge === "" && !goesBack) {
    return refuse(
      "STEP_NOT_COMPLETED",
      "statement.what",
      `Step ${branch.step} must be completed before the branch moves on.`,
    );
  }
  const shape = isFork(branch.branch, forward)
    ? forkRefusal(state, branch, forward, route)
    : moveRefusal(branch, forward.branches[0] as ForwardBranch, route);
  if (shape !== null) return shape;
  for (const [index, target] of forward.branches.entries()) {
    const refusal =
      targetRefusal(state, target, `statement.forward.branches[${index}]`, route, procedure, rules) ??
      meetingRefusal(state, branch, forward, index, route);
    if (refusal !== null) return refusal;
  }
  return null;
}

function moveRefusal(branch: BranchCustody, target: ForwardBranch, route: CompiledRoute): Refusal | null {
  const edge = route.edge(target.edge);
  const field = "statement.forward.branches[0].edge";
  if (branch.owedEdge !== "") {
    // A child whose receiver refused or gave it back: it may only try its own edge again.
    if (target.edge === branch.owedEdge) return null;
    return refuse(
      "STEP_OUT_OF_TURN",
      field,
      `Branch ${branch.branch} was made to take ${branch.owedEdge}; allowed: that edge.`,
    );
  }
  const allowed = route
    .edgesFrom(branch.step)
    .filter((candidate) => candidate.fork === "" && candidate.kind !== EdgeKind.EDGE_KIND_CONSULT);
  if (edge !== undefined && allowed.some((candidate) => candidate.id === edge.id)) return null;
  const names = allowed.map((candidate) => candidate.id).join(", ");
  return refuse(
    "STEP_OUT_OF_TURN",
    field,
    `From ${branch.step} branch ${branch.branch} may take: ${names === "" ? "no edge alone" : names}.`,
  );
}

function forkRefusal(
  state: DossierState,
  branch: BranchCustody,
  forward: Forward,
  route: CompiledRoute,
): Refusal | null {
  const ids = childIdsRefusal(state, branch, forward.branches, "statement.forward");
  if (ids !== null) return ids;
  const open = openBranchesRefusal(state, forward.branches.length, "statement.forward.branches");
  if (open !== null) return open;
  const forkName = route.edge(forward.branches[0]?.edge ?? "")?.fork ?? "";
  const fork = forkName === "" || branch.owedEdge !== "" ? undefined : route.fork(branch.step, forkName);
  if (fork === undefined) {
    return refuse(
      "STEP_OUT_OF_TURN",
      "statement.forward.branches[0].edge",
      `Step ${branch.step} has no fork with this edge.`,
    );
  }
  const taken = new Set<string>();
  for (const [index, target] of forward.branches.entries()) {
    const edge = fork.edges.find((candidate) => candidate.id === target.edge);
    if (edge === undefined || taken.has(target.edge)) {
      const names = fork.edges.map((candidate) => candidate.id).join(", ");
      return refuse(
        "STEP_OUT_OF_TURN",
        `statement.forward.branches[${index}].edge`,
        `The fork '${forkName}' has the edges ${names}, each taken once.`,
      );
    }
    taken.add(target.edge);
  }
  const missing = fork.edges.filter(
    (edge) => (!edge.optional || state.chosenEdges.includes(edge.id)) && !taken.has(edge.id),
  );
  if (missing.length > 0) {
    return refuse(
      "FORK_INCOMPLETE",
      "statement.forward.branches",
      `The fork '${forkName}' also requires: ${missing.map((edge) => edge.id).join(", ")}.`,
    );
  }
  return null;
}

/** New branches are children of the one acted on, with ids that the dossier never had. `path` is that of the statement. */
export function childIdsRefusal(
  state: DossierState,
  branch: BranchCustody,
  targets: readonly ForwardBranch[],
  path: string,
): Refusal | null {
  const prefix = `${branch.branch}.`;
  for (const [index, { branch: id }] of targets.entries()) {
    const isChild = id.startsWith(prefix) && !id.slice(prefix.length).includes(".");
    const isTwice = targets.findIndex((other) => other.branch === id) !== index;
    if (isChild && !isTwice && !state.branches.has(id)) continue;
    return refuse(
      "BRANCH_INVALID",
      `${path}.branches[${index}].branch`,
      `Branches made from ${branch.branch} are called ${prefix}1, ${prefix}2, … and were never used before; ${id} is not one.`,
    );
  }
  return null;
}

/** Why this branch is not offered to this receiver: edge and step, receiver, competence, copies. `field` is the target's path. */
export function targetRefusal(
  state: DossierState,
  target: ForwardBranch,
  field: string,
  route: CompiledRoute,
  procedure: string,
  rules: Rulebook,
): Refusal | null {
  const edge = route.edge(target.edge);
  const step = edge === undefined ? undefined : route.step(edge.to);
  if (edge === undefined || step === undefined || edge.to !== target.step) {
    return refuse(
      "STEP_OUT_OF_TURN",
      `${field}.step`,
      `Edge ${target.edge} leads to ${edge?.to ?? "nowhere"}, not to ${target.step}.`,
    );
  }
  const agency = target.receiver?.agency ?? "";
  const unit = target.receiver?.unit ?? "";
  const addressee = addresseeRefusal({ agency, unit }, `${field}.receiver`, rules);
  if (addressee !== null) return addressee;
  if (!rules.isCompetent({ agency, role: step.role, areaCode: state.areaCode, procedure })) {
    const nearest = rules.competentAgencies({ role: step.role, areaCode: state.areaCode, procedure });
    const who = nearest.length === 0 ? "nobody is" : `competent: ${nearest.join(", ")}`;
    return refuse(
      "AGENCY_NOT_COMPETENT",
      `${field}.receiver.agency`,
      `${agency} is not competent as ${step.role} in area ${state.areaCode}; ${who}.`,
    );
  }
  for (const [position, copy] of target.copies.entries()) {
    const refusal = addresseeRefusal(copy, `${field}.copies[${position}]`, rules);
    if (refusal !== null) return refusal;
  }
  return null;
}

/**
 * The branches of a fork are joined by the one agency that holds them all. Were two agencies to hold them at the joining step,
 * neither could ever join, and nothing else may be said there: so the first receiver decides for its siblings.
 */
function meetingRefusal(
  state: DossierState,
  branch: BranchCustody,
  forward: Forward,
  index: number,
  route: CompiledRoute,
): Refusal | null {
  const target = forward.branches[index] as ForwardBranch;
  const receiver = target.receiver?.agency;
  const joins = route.step(target.step)?.joinsFork ?? "";
  if (joins === "") return null;
  const met: string[] = [];
  if (isFork(branch.branch, forward)) {
    if (route.edge(target.edge)?.fork !== joins) return null;
    for (const other of forward.branches) if (other.step === target.step) met.push(other.receiver?.agency ?? "");
  } else {
    const parent = parentOf(state, branch);
    if (!parent?.fork?.children.includes(branch.branch) || route.edge(parent.fork.edge)?.fork !== joins) return null;
    for (const sibling of parent.fork.children) {
      const other = state.branches.get(sibling);
      if (other === undefined || sibling === branch.branch) continue;
      if (other.pending?.step === target.step) met.push(other.pending.receiver);
      else if (other.step === target.step && other.owedEdge === "") met.push(other.holder);
    }
  }
  const elsewhere = met.find((agency) => agency !== receiver);
  if (elsewhere === undefined) return null;
  return refuse(
    "AGENCY_NOT_COMPETENT",
    `statement.forward.branches[${index}].receiver.agency`,
    `The branches of the fork '${joins}' meet at ${elsewhere}, which joins them; allowed: the same receiver.`,
  );
}
