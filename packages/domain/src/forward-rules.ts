import type { Addressee, Forward, ForwardBranch } from "@lienthong/contracts/exchange/v1/statement";
import { EdgeKind } from "@lienthong/contracts/registry/v1/route";
import type { CompiledRoute } from "@lienthong/route";
import { type Refusal, refuse } from "./decision.ts";
import type { BranchCustody, DossierState } from "./dossier-state.ts";
import type { Rulebook } from "./rulebook.ts";

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
  if (step?.completionRequired === true && branch.state !== "COMPLETED" && branch.owedEdge === "") {
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
      receiverRefusal(state, target, index, route, procedure, rules) ??
      meetingRefusal(state, branch, forward, index, route);
    if (refusal !== null) return refusal;
  }
  return null;
}

function moveRefusal(branch: BranchCustody, target: ForwardBranch, route: CompiledRoute): Refusal | null {
  const edge = route.edge(target.edge);
  const field = "statement.forward.branches[0].edge";
  if (branch.owedEdge !== "") {
    // A child of a fork whose receiver refused: it may only try its own edge again.
    if (target.edge === branch.owedEdge) return null;
    return refuse(
      "STEP_OUT_OF_TURN",
      field,
      `Branch ${branch.branch} was forked to take ${branch.owedEdge}; allowed: that edge.`,
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
  const branchIds = new Set<string>();
  for (const [index, target] of forward.branches.entries()) {
    const field = `statement.forward.branches[${index}]`;
    const isChild =
      target.branch.startsWith(`${branch.branch}.`) && !target.branch.slice(branch.branch.length + 1).includes(".");
    if (!isChild || branchIds.has(target.branch) || state.branches.has(target.branch)) {
      return refuse(
        "BRANCH_INVALID",
        `${field}.branch`,
        `A fork of ${branch.branch} has children ${branch.branch}.1, ${branch.branch}.2, … that were never used before; ${target.branch} is not one.`,
      );
    }
    branchIds.add(target.branch);
  }
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

function receiverRefusal(
  state: DossierState,
  target: ForwardBranch,
  index: number,
  route: CompiledRoute,
  procedure: string,
  rules: Rulebook,
): Refusal | null {
  const field = `statement.forward.branches[${index}]`;
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
    return refuse(
      "AGENCY_NOT_COMPETENT",
      `${field}.receiver.agency`,
      `${agency} is not competent as ${step.role} in area ${state.areaCode}.`,
    );
  }
  for (const [position, copy] of target.copies.entries()) {
    const refusal = addresseeRefusal(copy, `${field}.copies[${position}]`, rules);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Why nothing may be sent to this agency and unit today; null if it may. */
export function addresseeRefusal(
  { agency, unit }: Pick<Addressee, "agency" | "unit">,
  field: string,
  rules: Rulebook,
): Refusal | null {
  const status = rules.agencyStatus(agency);
  if (status === "unknown")
    return refuse("AGENCY_UNKNOWN", `${field}.agency`, `The registry has no agency '${agency}'.`);
  if (status === "not in force") {
    return refuse("AGENCY_NOT_IN_FORCE", `${field}.agency`, `${agency} is not in force on the shard's date.`);
  }
  const unitStatus = unit === "" ? "in force" : rules.unitStatus(unit, agency);
  if (unitStatus === "unknown") {
    return refuse("UNIT_UNKNOWN", `${field}.unit`, `The registry has no unit '${unit}' of ${agency}.`);
  }
  if (unitStatus === "not in force") {
    return refuse("AGENCY_NOT_IN_FORCE", `${field}.unit`, `${unit} is not in force on the shard's date.`);
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
    const parent = state.branches.get(branch.branch.slice(0, Math.max(0, branch.branch.lastIndexOf("."))));
    if (parent?.fork == null || route.edge(parent.fork.edge)?.fork !== joins) return null;
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
