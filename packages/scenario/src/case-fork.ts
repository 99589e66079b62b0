import type { CaseFile } from "./case-file.ts";
import { type BranchRecord, forkTaken } from "./case-record.ts";

/** The branch is at the step where its fork is joined: it goes nowhere before that. */
export function waitsForSiblings(file: CaseFile, branch: BranchRecord): boolean {
  const step = file.step(branch.step);
  const parent = file.parentOf(branch);
  return parent !== undefined && file.isForked(branch) && step.joinsFork === forkTaken(parent, file.record.route);
}

/** Who holds them joins the branches of a fork once all that were not stopped have arrived. */
export function joinIfAllArrived(file: CaseFile, branch: BranchRecord, atMs: number): void {
  const parent = file.parentOf(branch);
  if (parent === undefined) return;
  const siblings = parent.children.map((child) => file.branch(child));
  if (!siblings.every((sibling) => sibling.state === "working" && waitsForSiblings(file, sibling))) return;
  const dueMs = file.choices.passedOnAt(atMs, parent.id, branch.step, 1);
  file.schedule(dueMs, { kind: "join", branch: parent.id });
}

/** Joins the branches of a fork into the branch that was forked. */
export async function join(file: CaseFile, parent: BranchRecord, atMs: number): Promise<void> {
  const children = parent.children.map((child) => file.branch(child));
  const { holder, step } = children[0] as BranchRecord;
  const said = await file.say(holder, children, atMs, step, { $case: "join", value: { into: parent.id, step } });
  const documents = new Map(children.flatMap((child) => child.documents).map((paper) => [paper.documentId, paper]));
  for (const child of children) {
    file.letGo(child, atMs);
    Object.assign(child, { state: "joined", head: said.hash });
  }
  Object.assign(parent, { state: "working", holder, step, head: said.hash, children: [], takenUp: null });
  parent.documents = [...documents.values()];
  file.takeUp(parent, atMs);
}
