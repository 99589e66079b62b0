import type { Join } from "@lienthong/contracts/exchange/v1/statement";
import { amend, type BranchEdit, branchOf, end, move, readersWith } from "./branch-edit.ts";
import type { BranchCustody } from "./dossier-state.ts";
import { endConsulted, leaveConsultation } from "./evolve-consult.ts";

/**
 * The children end, and the branch that was forked lives on with whoever joined them. Opinions that a child asked for and that
 * are still open go on with it: they were asked in the same matter, and nobody ended them.
 */
export function foldJoin(edit: BranchEdit, children: readonly BranchCustody[], join: Join): void {
  const parent = branchOf(edit, join.into);
  for (const child of children) end(edit, child, "JOINED");
  move(edit, parent, {
    state: "WORKING",
    holder: edit.author,
    unit: edit.unit,
    step: join.step,
    heldSince: edit.time,
    fork: null,
    consulted: [...parent.consulted, ...children.flatMap((child) => child.consulted)],
    readers: readersWith(parent, edit.author),
  });
}

/** The citizen has the result: opinions that are still open come too late. */
export function foldReturn(edit: BranchEdit, branch: BranchCustody): void {
  endConsulted(edit, branch);
  end(edit, branch, "RETURNED");
}

/** The citizen withdrew: everything ends. */
export function foldWithdraw(edit: BranchEdit, branches: readonly BranchCustody[]): void {
  for (const branch of branches) end(edit, branch, "WITHDRAWN");
}

/**
 * A branch ends without a result, and the opinions it asked for with it. Its fork goes on with the other children; where it was
 * the last, nothing is left to join, and the branch that was forked is stopped too.
 */
export function foldStop(edit: BranchEdit, branch: BranchCustody): void {
  endConsulted(edit, branch);
  end(edit, branch, "STOPPED");
  if (branch.consultation !== null) {
    leaveConsultation(edit, branch);
    return;
  }
  const dot = branch.branch.lastIndexOf(".");
  if (dot < 0) return;
  const parent = branchOf(edit, branch.branch.slice(0, dot));
  if (parent.fork === null) throw new Error(`Branch ${branch.branch} ended, and ${parent.branch} is not forked.`);
  const children = parent.fork.children.filter((child) => child !== branch.branch);
  // The parent's head stays while siblings live: a join signed for just those is as good as before.
  if (children.length > 0) amend(edit, parent, { fork: { ...parent.fork, children } });
  else foldStop(edit, parent);
}
