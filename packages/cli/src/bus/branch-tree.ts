import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import type { Names } from "./names.ts";

const {
  BRANCH_STATE_FORKED,
  BRANCH_STATE_JOINED,
  BRANCH_STATE_RETURNED,
  BRANCH_STATE_STOPPED,
  BRANCH_STATE_WITHDRAWN,
} = BranchState;

const ends: ReadonlySet<BranchState> = new Set([
  BRANCH_STATE_JOINED,
  BRANCH_STATE_RETURNED,
  BRANCH_STATE_WITHDRAWN,
  BRANCH_STATE_STOPPED,
]);

/** True once nothing can be said about the branch any more. */
export function isOver({ state }: Branch): boolean {
  return ends.has(state);
}

/** Direct children of a branch, as far as they are visible. */
export function childrenOf(branch: string, all: readonly Branch[]): Branch[] {
  return all.filter((other) => parentIdOf(other.branch) === branch);
}

/** The branch that a branch was made from, if it is visible. */
export function parentOf(branch: Branch, all: readonly Branch[]): Branch | undefined {
  return all.find((other) => other.branch === parentIdOf(branch.branch));
}

/** The parent of a branch, if it lives on in its children. */
export function forkedParent(branch: Branch, all: readonly Branch[]): Branch | undefined {
  const parent = parentOf(branch, all);
  return parent?.state === BRANCH_STATE_FORKED ? parent : undefined;
}

/** Whether a branch was made to ask for an opinion, as far as its step or its offer tells. */
export function isOpinion({ step, pending }: Branch, names: Names): boolean {
  return names.asksOpinion(step) || (pending !== undefined && names.asksOpinion(pending.step));
}

/**
 * Whether a child has not left the step it was made at, because its receiver refused it or gave it back: it may only take the edge it
 * was made for. Of a fork, such a child is where its parent is; a branch that asks for an opinion is anywhere but at the opinion.
 */
export function owesEdge(branch: Branch, all: readonly Branch[], names: Names): boolean {
  const parent = parentOf(branch, all);
  if (parent === undefined || branch.pending !== undefined || isOver(branch)) return false;
  if (parent.state === BRANCH_STATE_FORKED) return branch.step === parent.step;
  return !names.asksOpinion(branch.step);
}

function parentIdOf(branch: string): string {
  return branch.slice(0, Math.max(0, branch.lastIndexOf(".")));
}
