import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { childrenOf, isOpinion, isOver } from "../bus/branch-tree.ts";
import { branchStateWords } from "../contract-words.ts";
import { localTime } from "./local-time.ts";
import type { Telling } from "./said.ts";

/** One sentence about a branch: who holds it, since when, what it waits for. */
export function branchSentence(branch: Branch, all: readonly Branch[], telling: Telling): string {
  const { names, language, messages } = telling;
  const { trail } = messages;
  const state = stateOf(branch, telling);
  const holder = names.office(branch.holder, branch.unit);
  const since = localTime(branch.heldSince, language);
  if (branch.state === BranchState.BRANCH_STATE_FORKED) {
    const children = childrenOf(branch.branch, all)
      .filter((child) => !isOver(child) && !isOpinion(child, names))
      .map((child) => child.branch);
    return trail.forked(branch.branch, children.join(", "));
  }
  if (branch.holder === "") return trail.over(branch.branch, state);
  if (branch.pending !== undefined) {
    const { receiver, step, delivered } = branch.pending;
    const to = names.office(receiver?.agency ?? "", receiver?.unit);
    if (branch.state === BranchState.BRANCH_STATE_RECALL_ASKED) {
      return trail.askedBack(branch.branch, holder, since, to, names.step(step));
    }
    return trail.offered(branch.branch, holder, since, to, names.step(step), delivered);
  }
  return trail.holds(branch.branch, holder, since, state, names.step(branch.step));
}

/** The state of a branch in words; an opinion that was given has not been joined. */
export function stateOf({ state, step }: Branch, { names, messages }: Pick<Telling, "names" | "messages">): string {
  const { opinion } = messages.show;
  if (names.asksOpinion(step)) {
    if (state === BranchState.BRANCH_STATE_WORKING) return opinion.asked;
    if (state === BranchState.BRANCH_STATE_JOINED) return opinion.given;
  }
  return messages.states[branchStateWords.nameOf(state)] ?? String(state);
}
