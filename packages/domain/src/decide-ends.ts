import type { Join } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import { type CustodyRow, endStates, protoNameOf } from "./custody-table.ts";
import { type Refusal, refuse } from "./decision.ts";
import { type BranchCustody, type DossierState, openBranches, parentOf } from "./dossier-state.ts";
import { namesOf } from "./table-checks.ts";

/**
 * A branch that waits at the step where its fork is joined goes nowhere, and asks nobody, before the join. What moves nothing
 * (an extension because a sibling is late, another unit, a stop) may be said all the same.
 */
export function unjoinedRefusal(
  state: DossierState,
  branch: BranchCustody,
  route: CompiledRoute,
  row: CustodyRow,
): Refusal | null {
  const parent = parentOf(state, branch);
  const joins = route.step(branch.step)?.joinsFork ?? "";
  if (parent?.fork == null || joins === "" || branch.owedEdge !== "") return null;
  if (!parent.fork.children.includes(branch.branch) || route.edge(parent.fork.edge)?.fork !== joins) return null;
  return refuse(
    "STATE_FORBIDS",
    "statement.what",
    `\`${protoNameOf(row.statement)}\` cannot be said of branch ${branch.branch} before it is joined with ${parent.fork.children.join(", ")}.`,
  );
}

/** Why these branches are not joined; null if only the role is left to check. A child that was stopped is not waited for. */
export function joinRefusal(
  state: DossierState,
  branches: readonly BranchCustody[],
  join: Join,
  route: CompiledRoute,
  row: CustodyRow,
): Refusal | null {
  const parent = state.branches.get(join.into);
  if (parent === undefined)
    return refuse("BRANCH_UNKNOWN", "statement.join.into", `The dossier has no branch ${join.into}.`);
  if (parent.fork === null) {
    return refuse("STATE_FORBIDS", "statement.join.into", `Branch ${join.into} is ${parent.state}; allowed: FORKED.`, {
      decidedBy: parent.headNumber,
    });
  }
  const { children } = parent.fork;
  const name = route.edge(parent.fork.edge)?.fork ?? "";
  const ended = branches.find((branch) => endStates.has(branch.state));
  if (ended !== undefined) {
    return refuse(
      "STATE_FORBIDS",
      "statement.prior",
      `Branch ${ended.branch} is ${ended.state} and joins nothing; the fork's branches that have not ended are ${children.join(", ")}.`,
      { decidedBy: ended.headNumber },
    );
  }
  const foreign = branches.findIndex((branch) => !children.includes(branch.branch));
  if (foreign >= 0) {
    return refuse(
      "BRANCH_INVALID",
      `statement.prior[${foreign}].branch`,
      `Only the branches of the fork are joined: ${children.join(", ")}.`,
    );
  }
  if (route.step(join.step)?.joinsFork !== name) {
    return refuse("STEP_OUT_OF_TURN", "statement.join.step", `Step ${join.step} does not join the fork '${name}'.`);
  }
  const waiting = children.filter((child) => {
    const branch = state.branches.get(child) as BranchCustody;
    const arrived = branch.step === join.step && branch.owedEdge === "";
    return !(arrived && row.states.includes(branch.state) && branches.includes(branch));
  });
  if (waiting.length === 0) return null;
  return refuse(
    "JOIN_INCOMPLETE",
    "statement.prior",
    `Not every branch of the fork has arrived at ${join.step} and is named in prior; missing: ${waiting.join(", ")}.`,
  );
}

/** Why the result is not returned to the citizen from here; null if it is. */
export function returnRefusal(branch: BranchCustody, route: CompiledRoute): Refusal | null {
  const step = route.step(branch.step);
  // A child whose receiver refused is still at the step it was made at, which may be an end; it owes its edge all the same.
  if (step?.end !== true || branch.owedEdge !== "") {
    const ends = route.endSteps.map((end) => end.id).join(", ");
    return refuse(
      "STEP_OUT_OF_TURN",
      "statement.return",
      `The result is returned from ${ends}; branch ${branch.branch} is at ${branch.step}.`,
    );
  }
  if (step.completionRequired && branch.state !== "COMPLETED") {
    return refuse("STEP_NOT_COMPLETED", "statement.what", `Step ${branch.step} must be completed first.`);
  }
  return null;
}

/** A withdrawal names every branch that has not ended: the desk says of each that it knew how it stood. */
export function withdrawRefusal(state: DossierState, branches: readonly BranchCustody[]): Refusal | null {
  const missing = openBranches(state).filter((branch) => !branches.includes(branch));
  if (missing.length === 0) return null;
  return refuse(
    "FIELD_INVALID",
    "statement.prior",
    `\`withdraw\` names every branch that has not ended; missing: ${namesOf(missing)}.`,
  );
}
