import type { Forward, ForwardBranch } from "@lienthong/contracts/exchange/v1/statement";
import { amend, type BranchEdit, move, readersWith } from "./branch-edit.ts";
import type { BranchCustody, Consultation, PendingCustody } from "./dossier-state.ts";
import { isFork } from "./forward-rules.ts";

/** Custody is offered: of the branch itself, or of children that it forks into. */
export function foldForward(edit: BranchEdit, branch: BranchCustody, forward: Forward): void {
  const first = forward.branches[0];
  if (first === undefined) throw new Error("A recorded forward names no branch.");
  if (isFork(branch.branch, forward)) {
    for (const target of forward.branches) makeChild(edit, branch, target, null);
    const children = forward.branches.map((target) => target.branch);
    move(edit, branch, { state: "FORKED", holder: "", unit: "", fork: { edge: first.edge, children } });
    return;
  }
  const pending = offerOf(edit, branch, first);
  move(edit, branch, { state: "HANDED_OVER", pending, readers: readersWith(branch, pending.receiver) });
  setLead(edit, branch, pending.receiver);
}

/** A child of a fork or a consultation, offered to its receiver. */
export function makeChild(
  edit: BranchEdit,
  parent: BranchCustody,
  target: ForwardBranch,
  consultation: Consultation | null,
): void {
  const pending = offerOf(edit, parent, target);
  edit.branches.set(target.branch, {
    branch: target.branch,
    state: "HANDED_OVER",
    // Custody moves on acknowledgement, never on the offer: until then the agency that made the child holds it.
    holder: edit.author,
    unit: parent.unit,
    step: parent.step,
    ...edit.moved,
    heldSince: parent.heldSince,
    pending,
    fork: null,
    owedEdge: target.edge,
    consulted: [],
    consultation,
    proofOwed: false,
    readers: [...new Set([edit.author, pending.receiver])],
  });
}

function offerOf(edit: BranchEdit, branch: BranchCustody, target: ForwardBranch): PendingCustody {
  return {
    forward: edit.moved.head,
    receiver: target.receiver?.agency ?? "",
    receiverUnit: target.receiver?.unit ?? "",
    step: target.step,
    edge: target.edge,
    stateBefore: branch.state === "COMPLETED" ? "COMPLETED" : "WORKING",
    delivered: false,
  };
}

/** The receiver takes custody. */
export function foldAcknowledge(edit: BranchEdit, branch: BranchCustody): void {
  const pending = pendingOf(branch);
  move(edit, branch, {
    state: "WORKING",
    holder: edit.author,
    unit: edit.unit || pending.receiverUnit,
    step: pending.step,
    heldSince: edit.time,
    pending: null,
    owedEdge: "",
  });
}

/** The receiver declines, or gives back what the sender asked for: the branch is as it was before the offer. */
export function foldGivenBack(edit: BranchEdit, branch: BranchCustody): void {
  move(edit, branch, { state: pendingOf(branch).stateBefore, pending: null });
  setLead(edit, branch, branch.consultation?.asker ?? "");
}

/** The sender asks, or the receiver keeps: the handoff stays pending. */
export function foldRecall(edit: BranchEdit, branch: BranchCustody, state: "RECALL_ASKED" | "HANDED_OVER"): void {
  pendingOf(branch);
  move(edit, branch, { state });
}

/** If a branch leads a consultation, tells all branches asked with it who leads from now on. */
export function setLead(edit: BranchEdit, leading: BranchCustody, lead: string): void {
  if (leading.consultation?.leadBranch !== leading.branch) return;
  for (const branch of edit.branches.values()) {
    const { consultation } = branch;
    if (consultation?.leadBranch !== leading.branch || consultation.lead === lead) continue;
    amend(edit, branch, { consultation: { ...consultation, lead } });
  }
}

function pendingOf(branch: BranchCustody): PendingCustody {
  if (branch.pending === null)
    throw new Error(`A recorded event answers a handoff that is not pending on branch ${branch.branch}.`);
  return branch.pending;
}
