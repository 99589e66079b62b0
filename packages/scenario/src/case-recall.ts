import { RecallReason, RecallRefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import type { CaseFile } from "./case-file.ts";
import { acknowledge, handoffOf } from "./case-handoff.ts";
import type { BranchRecord } from "./case-record.ts";

const msPerMinute = 60_000;
const msPerHour = 60 * msPerMinute;

/** The sender wants back what was not acknowledged yet. */
export async function askRecall(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { edge, step, receiver, forward } = handoffOf(file, branch);
  const reason = file.choices.random("recall reason", branch.id).pickWeighted(
    [
      { reason: RecallReason.RECALL_REASON_CORRECTION, weight: 4 },
      { reason: RecallReason.RECALL_REASON_SILENCE, weight: 1 },
    ],
    ({ weight }) => weight,
  ).reason;
  const said = await file.say(branch.holder, [branch], atMs, step, {
    $case: "askRecall",
    value: { handoff: { forward, branch: branch.id }, reason },
  });
  Object.assign(branch, { state: "recall asked", head: said.hash });
  file.world.figures.recallAsked(file.procedure, edge);
  await file.told(receiver.agency, branch.holder, said);
  const dueMs = file.choices.after(atMs, 20 * msPerMinute, 5 * msPerHour, "recall answer", branch.id);
  file.schedule(dueMs, { kind: "answer recall", branch: branch.id });
}

/** The receiver gives it back, keeps it, or had begun and takes custody in spite of the request. */
export async function answerRecall(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { happening } = file.record.plan;
  const { step, receiver, attempt, forward } = handoffOf(file, branch);
  const handoff = { forward, branch: branch.id };
  const sender = branch.holder.agency;
  switch (happening?.kind === "recall" ? happening.answer : "agreed") {
    case "overtaken":
      return await acknowledge(file, branch, atMs);
    case "refused": {
      const reason = RecallRefusalReason.RECALL_REFUSAL_REASON_WORK_BEGUN;
      const said = await file.say(receiver, [branch], atMs, step, {
        $case: "refuseRecall",
        value: { handoff, reason },
      });
      Object.assign(branch, { state: "handed over", head: said.hash });
      await file.told(sender, receiver, said);
      const dueMs = file.choices.after(atMs, 30 * msPerMinute, 6 * msPerHour, "kept", branch.id);
      return file.schedule(dueMs, { kind: "answer", branch: branch.id });
    }
    case "agreed": {
      const said = await file.say(receiver, [branch], atMs, step, { $case: "agreeRecall", value: { handoff } });
      Object.assign(branch, { state: branch.stateBefore, head: said.hash });
      await file.told(sender, receiver, said);
      const dueMs = file.choices.correctedAt(atMs, branch.id, step, attempt);
      return file.schedule(dueMs, { kind: "forward again", branch: branch.id });
    }
  }
}
