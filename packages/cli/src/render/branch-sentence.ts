import { type Branch, BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import type { Names } from "../bus/names.ts";
import { branchStateWords } from "../contract-words.ts";
import type { Language } from "../messages/language.ts";
import type { Messages } from "../messages/messages.ts";
import { localTime } from "./local-time.ts";

/** One sentence about a branch: who holds it, since when, what it waits for. */
export function branchSentence(
  branch: Branch,
  all: readonly Branch[],
  names: Names,
  language: Language,
  messages: Messages,
): string {
  const { trail, states } = messages;
  const state = states[branchStateWords.nameOf(branch.state)] ?? String(branch.state);
  const holder = names.office(branch.holder, branch.unit);
  const since = localTime(branch.heldSince, language);
  if (branch.state === BranchState.BRANCH_STATE_FORKED) {
    const children = childrenOf(branch.branch, all)
      .filter((child) => child.state !== BranchState.BRANCH_STATE_JOINED)
      .map((child) => child.branch);
    return trail.forked(branch.branch, children.join(", "));
  }
  if (branch.holder === "") return trail.over(branch.branch, state);
  if (branch.pending !== undefined && branch.state === BranchState.BRANCH_STATE_HANDED_OVER) {
    const { receiver, step, delivered } = branch.pending;
    const to = names.office(receiver?.agency ?? "", receiver?.unit);
    return trail.offered(branch.branch, holder, since, to, names.step(step), delivered);
  }
  return trail.holds(branch.branch, holder, since, state, names.step(branch.step));
}

/** Direct children of a branch, as far as they are visible. */
export function childrenOf(branch: string, all: readonly Branch[]): Branch[] {
  return all.filter((other) => other.branch.slice(0, Math.max(0, other.branch.lastIndexOf("."))) === branch);
}
