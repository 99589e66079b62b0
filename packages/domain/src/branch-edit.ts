import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import type { CustodyState } from "./custody-table.ts";
import type { BranchCustody } from "./dossier-state.ts";

/**
 * The branches of a dossier while one event is folded in: a copy that is written to, and what the event says of every branch
 * that it moves.
 */
export interface BranchEdit {
  readonly branches: Map<string, BranchCustody>;
  /** Hash and number of the event: the head of what it moves. */
  readonly moved: { readonly head: Uint8Array; readonly headNumber: number };
  /** Legal time of the event. */
  readonly time: Timestamp;
  readonly author: string;
  /** Unit that speaks; may be empty. */
  readonly unit: string;
}

/** A branch that a recorded event acts on. */
export function branchOf(edit: BranchEdit, id: string): BranchCustody {
  const branch = edit.branches.get(id);
  if (branch === undefined) throw new Error(`A recorded event acts on branch ${id}, which its dossier does not have.`);
  return branch;
}

/** Moves a branch: whatever else changes, the event becomes its head. */
export function move(edit: BranchEdit, branch: BranchCustody, changes: Partial<BranchCustody>): void {
  edit.branches.set(branch.branch, { ...branch, ...changes, ...edit.moved });
}

/** Changes what is known of a branch that the event does not move: its head stays, and so does what may be said of it. */
export function amend(edit: BranchEdit, branch: BranchCustody, changes: Partial<BranchCustody>): void {
  edit.branches.set(branch.branch, { ...branch, ...changes });
}

/** Ends a branch; a handoff that was pending ends with it. The branches that it asked for opinions are not touched. */
export function end(edit: BranchEdit, branch: BranchCustody, state: CustodyState): void {
  move(edit, branch, {
    state,
    holder: "",
    unit: "",
    pending: null,
    fork: null,
    owedEdge: "",
    consulted: [],
    proofOwed: false,
  });
}

/** The readers of a branch and one more. */
export function readersWith(branch: BranchCustody, agency: string): readonly string[] {
  return branch.readers.includes(agency) ? branch.readers : [...branch.readers, agency];
}
