import type { Consult } from "@lienthong/contracts/exchange/v1/statement";
import { amend, type BranchEdit, branchOf, end, move } from "./branch-edit.ts";
import type { BranchCustody } from "./dossier-state.ts";
import { makeChild, setLead } from "./evolve-handoff.ts";

/** Opinions are asked: a child branch each, while the asking branch stays where it is. */
export function foldConsult(edit: BranchEdit, branch: BranchCustody, consult: Consult): void {
  const { leadBranch } = consult;
  const leading = consult.branches.find((target) => target.branch === leadBranch);
  const lead = leading?.receiver?.agency ?? edit.author;
  for (const target of consult.branches) makeChild(edit, branch, target, { asker: edit.author, leadBranch, lead });
  move(edit, branch, { consulted: [...branch.consulted, ...consult.branches.map((target) => target.branch)] });
}

/** The opinion is given, and has reached the asker with this event: nothing is left to hand over. */
export function foldOpinion(edit: BranchEdit, branch: BranchCustody): void {
  leaveAskingBranch(edit, branch, branch.consulted);
  end(edit, branch, "JOINED");
}

/** Ends the opinions that a branch asked for and that are still open, and those asked for them in turn. */
export function endConsulted(edit: BranchEdit, branch: BranchCustody): void {
  for (const id of branch.consulted) {
    const asked = branchOf(edit, id);
    endConsulted(edit, asked);
    end(edit, asked, "STOPPED");
  }
}

/**
 * Takes a branch that gives an opinion off the list of the branch that asked, and puts there those that outlive it. The
 * asking branch's head stays: nothing that may be said of it depends on the list.
 */
export function leaveAskingBranch(edit: BranchEdit, branch: BranchCustody, outliving: readonly string[]): void {
  const asking = [...edit.branches.values()].find((other) => other.consulted.includes(branch.branch));
  if (asking === undefined) throw new Error(`No branch asked for the opinion of branch ${branch.branch}.`);
  const consulted = [...asking.consulted.filter((id) => id !== branch.branch), ...outliving];
  amend(edit, asking, { consulted });
}

/** A consulted branch is stopped: if it led, the asker leads again. */
export function leaveConsultation(edit: BranchEdit, branch: BranchCustody): void {
  leaveAskingBranch(edit, branch, []);
  setLead(edit, branch, branch.consultation?.asker ?? "");
}
