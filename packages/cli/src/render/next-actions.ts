import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { EdgeKind, type RouteRecord } from "@lienthong/contracts/registry/v1/route";
import type { Names } from "../bus/names.ts";
import type { Messages } from "../messages/messages.ts";
import { childrenOf } from "./branch-sentence.ts";

/** What may be said next about a branch, in words; empty where nothing may, or the route is not known. */
export function nextActions(
  branch: Branch,
  all: readonly Branch[],
  route: RouteRecord | undefined,
  names: Names,
  { actions }: Messages,
): string {
  if (branch.state === BranchState.BRANCH_STATE_HANDED_OVER) {
    const { receiver } = branch.pending ?? {};
    return actions.acknowledge(names.office(receiver?.agency ?? "", receiver?.unit));
  }
  const working = branch.state === BranchState.BRANCH_STATE_WORKING;
  const step = route?.steps.find(({ id }) => id === branch.step);
  if (step === undefined || route === undefined) return "";
  if (!working && branch.state !== BranchState.BRANCH_STATE_COMPLETED) return "";

  const leaving = route.edges.filter(({ from, kind }) => from === branch.step && kind !== EdgeKind.EDGE_KIND_CONSULT);
  const stepNames = (edges: typeof leaving) => edges.map(({ to }) => `"${names.step(to)}"`);
  const parent = forkedParent(branch, all);
  if (parent !== undefined && isStillAtFork(branch, parent)) return actions.forwardAgain;
  if (step.joinsFork !== "" && parent !== undefined) {
    const siblings = childrenOf(parent.branch, all).filter(({ state }) => state !== BranchState.BRANCH_STATE_JOINED);
    const arrived = siblings.every(
      (sibling) => sibling.step === branch.step && sibling.state === BranchState.BRANCH_STATE_WORKING,
    );
    return arrived ? actions.join(siblings.map((sibling) => sibling.branch).join(", ")) : actions.waitForJoin;
  }
  if (step.completionRequired && working) return actions.complete;

  const possible: string[] = [];
  const alone = leaving.filter(({ fork }) => fork === "");
  const onward = alone.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_FORWARD);
  const back = alone.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_BACK);
  if (onward.length > 0) possible.push(actions.forward(stepNames(onward).join(actions.or)));
  for (const edges of Map.groupBy(
    leaving.filter(({ fork }) => fork !== ""),
    ({ fork }) => fork,
  ).values()) {
    possible.push(actions.fork(stepNames(edges).join(actions.and)));
  }
  if (step.end) possible.push(actions.return);
  if (back.length > 0) possible.push(actions.back(stepNames(back).join(actions.or)));
  return possible.join(actions.or);
}

/** The parent of a branch, if it lives on in its children. */
export function forkedParent(branch: Branch, all: readonly Branch[]): Branch | undefined {
  const parentId = branch.branch.slice(0, Math.max(0, branch.branch.lastIndexOf(".")));
  return all.find((other) => other.branch === parentId && other.state === BranchState.BRANCH_STATE_FORKED);
}

/** A child whose receiver refused has not left the forking step: it may only take the edge it was made for. */
export function isStillAtFork(branch: Branch, parent: Branch): boolean {
  return branch.step === parent.step;
}
