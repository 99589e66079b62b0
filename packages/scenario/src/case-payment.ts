import { PauseReason } from "@lienthong/contracts/exchange/v1/statement";
import type { CaseFile } from "./case-file.ts";
import type { BranchRecord } from "./case-record.ts";
import { waitOver } from "./case-supplement.ts";
import { proceed } from "./case-visit.ts";
import { officePaper } from "./paperwork.ts";

const msPerHour = 3_600_000;
const msPerWorkingDay = 8 * msPerHour;
/** Tax that is not paid by then ends the dossier of a play; the law keeps it paused for longer than a play lasts. */
const unpaidAfterMs = 20 * msPerWorkingDay;

/** The desk has the tax notice: the clock stands still until the citizen has paid (QĐ 1610/QĐ-TTPVHCC). */
export async function pause(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { choices, record, world } = file;
  const { happening } = record.plan;
  const said = await file.say(branch.holder, [branch], atMs, branch.step, {
    $case: "pause",
    value: {
      reason: PauseReason.PAUSE_REASON_FINANCIAL_DUTY,
      documents: [officePaper("tax-notice", choices.random("tax notice", branch.id), atMs)],
    },
  });
  Object.assign(branch, {
    state: "paused",
    head: said.hash,
    waits: [...branch.waits, { fromMs: atMs, toMs: Number.POSITIVE_INFINITY }],
  });
  world.figures.happened(file.procedure, "pauses");
  await file.told(record.desk.agency, branch.holder, said);
  if (happening?.kind === "unpaid" && happening.step === branch.step) {
    const dueMs = choices.after(atMs, unpaidAfterMs, unpaidAfterMs, "unpaid", branch.id);
    return file.schedule(dueMs, { kind: "stop", branch: branch.id });
  }
  const paidMs = choices.after(atMs, 2 * msPerHour, 8 * msPerWorkingDay, "paid", branch.id);
  file.schedule(paidMs, { kind: "resume", branch: branch.id });
}

/** The citizen has paid: with the proof the dossier goes on. */
export async function resume(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { choices, record } = file;
  const proof = officePaper("payment-proof", choices.random("proof", branch.id), atMs);
  const said = await file.say(branch.holder, [branch], atMs, branch.step, {
    $case: "resume",
    value: { pause: branch.head, documents: [proof] },
  });
  Object.assign(branch, {
    state: "working",
    head: said.hash,
    documents: [...branch.documents, proof],
    waits: waitOver(branch, atMs),
  });
  await file.told(record.desk.agency, branch.holder, said);
  if (branch.visit !== null) branch.visit.dueMs = choices.passedOnAt(atMs, branch.id, branch.step, 1);
  proceed(file, branch, atMs);
}
