import { type Branch, BranchState, type Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import { EdgeKind, type RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { childrenOf, forkedParent, isOpinion, isOver, owesEdge } from "../bus/branch-tree.ts";
import type { Telling } from "./said.ts";

/** What may be said next about a branch, in words; empty where nothing may, or the route is not known. */
export function nextActions(
  branch: Branch,
  dossier: Dossier,
  route: RouteRecord | undefined,
  { names, messages }: Pick<Telling, "names" | "messages">,
): string {
  const { actions } = messages;
  const all = dossier.branches;
  const { receiver } = branch.pending ?? {};
  switch (branch.state) {
    case BranchState.BRANCH_STATE_HANDED_OVER:
      return actions.acknowledge(names.office(receiver?.agency ?? "", receiver?.unit));
    case BranchState.BRANCH_STATE_RECALL_ASKED:
      return actions.answerRecall(names.office(receiver?.agency ?? "", receiver?.unit));
    case BranchState.BRANCH_STATE_SUPPLEMENT_AWAITED:
      return actions.bringSupplement(names.office(dossier.openedBy));
    case BranchState.BRANCH_STATE_PAUSED:
      return actions.resume(names.office(branch.holder, branch.unit));
    case BranchState.BRANCH_STATE_WORKING:
    case BranchState.BRANCH_STATE_COMPLETED:
      break;
    default:
      return "";
  }
  const working = branch.state === BranchState.BRANCH_STATE_WORKING;
  const step = route?.steps.find(({ id }) => id === branch.step);
  if (step === undefined || route === undefined) return "";
  if (names.asksOpinion(step.id)) return actions.opinion;
  if (owesEdge(branch, all, names)) return actions.forwardAgain;

  const leaving = route.edges.filter(({ from }) => from === branch.step);
  const stepNames = (edges: typeof leaving) => edges.map(({ to }) => `"${names.step(to)}"`);
  const parent = forkedParent(branch, all);
  if (step.joinsFork !== "" && parent !== undefined) {
    const siblings = childrenOf(parent.branch, all).filter((other) => !isOver(other) && !isOpinion(other, names));
    const arrived = siblings.every(
      (sibling) => sibling.step === branch.step && sibling.state === BranchState.BRANCH_STATE_WORKING,
    );
    return arrived ? actions.join(siblings.map((sibling) => sibling.branch).join(", ")) : actions.waitForJoin;
  }

  const possible: string[] = [];
  const alone = leaving.filter(({ fork }) => fork === "");
  const asking = alone.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_CONSULT);
  const back = alone.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_BACK);
  const onward = alone.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_FORWARD);
  if (step.completionRequired && working) {
    possible.push(actions.complete);
  } else {
    if (onward.length > 0) possible.push(actions.forward(stepNames(onward).join(actions.or)));
    for (const edges of Map.groupBy(
      leaving.filter(({ fork }) => fork !== ""),
      ({ fork }) => fork,
    ).values()) {
      possible.push(actions.fork(stepNames(edges).join(actions.and)));
    }
    if (step.end) possible.push(actions.return);
  }
  if (asking.length > 0 && working) possible.push(actions.consult(stepNames(asking).join(", ")));
  // One goes back because the step cannot be completed as things are.
  if (back.length > 0) possible.push(actions.back(stepNames(back).join(actions.or)));
  return possible.join(actions.or);
}
