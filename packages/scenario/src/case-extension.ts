import { timestampFromMs } from "@lienthong/chassis/timestamp";
import { ExtensionReason } from "@lienthong/contracts/exchange/v1/statement";
import type { CaseFile } from "./case-file.ts";
import type { BranchRecord } from "./case-record.ts";
import { proceed } from "./case-visit.ts";
import { officePaper } from "./paperwork.ts";

const msPerHour = 3_600_000;

/** The date promised cannot be kept: an apology and a new one, once in the dossier's life (NĐ 61/2018/NĐ-CP article 19 clause 9). */
export async function extend(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { choices, record, world } = file;
  if (record.extended) return proceed(file, branch, atMs);
  record.extended = true;
  const random = choices.random("extension", branch.id, branch.step);
  const waitsForOthers = (branch.visit?.opinions.size ?? 0) > 0;
  const reason = waitsForOthers
    ? ExtensionReason.EXTENSION_REASON_OTHER_AGENCY_LATE
    : random.pick([ExtensionReason.EXTENSION_REASON_WORKLOAD, ExtensionReason.EXTENSION_REASON_VERIFICATION]);
  const newDateMs = choices.after(
    Math.max(atMs, branch.visit?.dueMs ?? atMs),
    2 * msPerHour,
    16 * msPerHour,
    "new date",
    branch.id,
  );
  const said = await file.say(branch.holder, [branch], atMs, branch.step, {
    $case: "extend",
    value: { reason, dueTime: timestampFromMs(newDateMs), documents: [officePaper("apology", random, atMs)] },
  });
  branch.head = said.hash;
  world.figures.happened(file.procedure, "extensions");
  await file.told(record.desk.agency, branch.holder, said);
  proceed(file, branch, atMs);
}
