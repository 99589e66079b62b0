import type { Consult } from "@lienthong/contracts/exchange/v1/statement";
import { EdgeKind } from "@lienthong/contracts/registry/v1/route";
import type { CompiledRoute } from "@lienthong/route";
import { type Refusal, refuse } from "./decision.ts";
import type { BranchCustody, DossierState } from "./dossier-state.ts";
import { childIdsRefusal, targetRefusal } from "./forward-rules.ts";
import type { Rulebook } from "./rulebook.ts";
import { openBranchesRefusal } from "./table-checks.ts";

/**
 * Why a holder may not ask these opinions; null if it may. State and holder were checked before. Several agencies may be asked along
 * one edge: a route names the kind of opinion, and whom the matter concerns is known only in the case. Who leads is the asker's
 * choice; `lead` of an edge is a matter of the route's own rules.
 */
export function consultRefusal(
  state: DossierState,
  branch: BranchCustody,
  consult: Consult,
  route: CompiledRoute,
  procedure: string,
  rules: Rulebook,
): Refusal | null {
  const path = "statement.consult";
  if (branch.owedEdge !== "") {
    return refuse(
      "STEP_OUT_OF_TURN",
      `${path}.branches[0].edge`,
      `Branch ${branch.branch} was made to take ${branch.owedEdge}; allowed: to forward it along that edge.`,
    );
  }
  const ids = childIdsRefusal(state, branch, consult.branches, path);
  if (ids !== null) return ids;
  const open = openBranchesRefusal(state, consult.branches.length, `${path}.branches`);
  if (open !== null) return open;
  const edges = route.edgesFrom(branch.step).filter((edge) => edge.kind === EdgeKind.EDGE_KIND_CONSULT);
  for (const [index, target] of consult.branches.entries()) {
    if (!edges.some((edge) => edge.id === target.edge)) {
      const names = edges.map((edge) => edge.id).join(", ");
      return refuse(
        "STEP_OUT_OF_TURN",
        `${path}.branches[${index}].edge`,
        `From ${branch.step} opinions are asked along: ${names === "" ? "no edge" : names}.`,
      );
    }
    const refusal = targetRefusal(state, target, `${path}.branches[${index}]`, route, procedure, rules);
    if (refusal !== null) return refusal;
  }
  const { leadBranch } = consult;
  if (leadBranch === "" || consult.branches.some((target) => target.branch === leadBranch)) return null;
  const asked = consult.branches.map((target) => target.branch).join(", ");
  return refuse(
    "BRANCH_INVALID",
    `${path}.lead_branch`,
    `Branch ${leadBranch} is not asked here; allowed: empty (the author leads), or one of ${asked}.`,
  );
}
