import { Outcome, StopReason, WithdrawalReason } from "@lienthong/contracts/exchange/v1/statement";
import type { CaseFile } from "./case-file.ts";
import { joinIfAllArrived } from "./case-fork.ts";
import { type BranchRecord, type CaseRecord, hasEnded } from "./case-record.ts";
import { officePaper } from "./paperwork.ts";

/** The citizen is given the result. */
export async function returnToCitizen(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const outcome = file.record.rejected ? Outcome.OUTCOME_REJECTED : Outcome.OUTCOME_GRANTED;
  const said = await file.say(branch.holder, [branch], atMs, branch.step, {
    $case: "return",
    value: { outcome, channel: file.channel(), documents: [] },
  });
  file.letGo(branch, atMs);
  endOpinions(file, branch, said.hash);
  Object.assign(branch, { state: "returned", head: said.hash });
  end(file, "returned");
}

/** The citizen comes to the desk and wants nothing more: everything that is open ends. */
export async function withdraw(file: CaseFile, atMs: number): Promise<void> {
  const { record, choices } = file;
  const open = [...record.branches.values()].filter((branch) => !hasEnded(branch));
  const said = await file.say(record.desk, open, atMs, "", {
    $case: "withdraw",
    value: {
      reason: WithdrawalReason.WITHDRAWAL_REASON_BY_APPLICANT,
      documents: [officePaper("withdrawal-request", choices.random("withdrawal"), atMs)],
    },
  });
  for (const branch of open) Object.assign(branch, { state: "withdrawn", head: said.hash });
  end(file, "withdrawn");
}

/** The citizen let the time pass: the holder ends the branch without a result. Its siblings of a fork go on. */
export async function stop(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const unpaid = branch.state === "paused";
  const reason = unpaid ? StopReason.STOP_REASON_NOT_PAID : StopReason.STOP_REASON_NO_SUPPLEMENT;
  const said = await file.say(branch.holder, [branch], atMs, branch.step, {
    $case: "stop",
    value: { reason, documents: [officePaper("stop-notice", file.choices.random("stop", branch.id), atMs)] },
  });
  const parent = file.isForked(branch) ? file.parentOf(branch) : undefined;
  endOpinions(file, branch, said.hash);
  Object.assign(branch, { state: "stopped", head: said.hash });
  if (parent === undefined) return end(file, "stopped");
  parent.children = parent.children.filter((child) => child !== branch.id);
  const sibling = parent.children[0];
  if (sibling !== undefined) return joinIfAllArrived(file, file.branch(sibling), atMs);
  Object.assign(parent, { state: "stopped", head: said.hash });
  end(file, "stopped");
}

/** Opinions that were asked and are still open come too late. */
function endOpinions(file: CaseFile, asking: BranchRecord, hash: Uint8Array): void {
  for (const branch of file.record.branches.values()) {
    if (branch.askedFor !== asking.id || hasEnded(branch)) continue;
    Object.assign(branch, { state: "stopped", head: hash });
  }
}

function end(file: CaseFile, ending: NonNullable<CaseRecord["ending"]>): void {
  file.record.ending = ending;
  file.world.figures.ended(file.procedure, ending);
}
