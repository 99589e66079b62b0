import { timestampFromMs } from "@lienthong/chassis/timestamp";
import { SupplementReason } from "@lienthong/contracts/exchange/v1/statement";
import type { CaseFile } from "./case-file.ts";
import type { BranchRecord } from "./case-record.ts";
import { beginAnew } from "./case-visit.ts";
import { officePaper } from "./paperwork.ts";

const msPerHour = 3_600_000;
const msPerWorkingDay = 8 * msPerHour;
/** Without papers for so long the dossier is closed (NĐ 297/2025/NĐ-CP has 15 working days for its group). */
const closedAfterMs = 15 * msPerWorkingDay;

/** The holder finds that papers are missing and asks, through the desk, for all of them at once. */
export async function askPapers(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { choices, record, world } = file;
  const { happening } = record.plan;
  const random = choices.random("papers", branch.id, branch.step);
  const asked = random.pick([
    { reason: SupplementReason.SUPPLEMENT_REASON_PAPER_MISSING, kinds: ["residence-proof"] },
    { reason: SupplementReason.SUPPLEMENT_REASON_PAPER_WRONG, kinds: ["application-form"] },
    { reason: SupplementReason.SUPPLEMENT_REASON_PAPER_EXPIRED, kinds: ["household-certificate"] },
    { reason: SupplementReason.SUPPLEMENT_REASON_PAPER_UNREADABLE, kinds: ["application-form", "identity-copy"] },
  ]);
  const closedMs = choices.after(atMs, closedAfterMs, closedAfterMs, "papers due", branch.id, branch.step);
  const said = await file.say(branch.holder, [branch], atMs, branch.step, {
    $case: "requestSupplement",
    value: {
      reason: asked.reason,
      documentKinds: asked.kinds,
      dueTime: timestampFromMs(closedMs),
      documents: [officePaper("supplement-request", random, atMs)],
    },
  });
  Object.assign(branch, {
    state: "papers awaited",
    head: said.hash,
    waits: [...branch.waits, { fromMs: atMs, toMs: Number.POSITIVE_INFINITY }],
  });
  world.figures.happened(file.procedure, "supplements");
  await file.told(record.desk.agency, branch.holder, said);
  if (happening?.kind === "supplement" && !happening.brought) {
    return file.schedule(closedMs, { kind: "stop", branch: branch.id });
  }
  const broughtMs = choices.after(atMs, 3 * msPerHour, 6 * msPerWorkingDay, "papers", branch.id, branch.step);
  file.schedule(Math.min(broughtMs, closedMs), { kind: "bring papers", branch: branch.id });
}

/** The citizen brought everything to the desk; the limit begins anew (NĐ 61/2018/NĐ-CP article 19). */
export async function bringPapers(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { desk } = file.record;
  const paper = officePaper("supplement", file.choices.random("brought", branch.id, branch.step), atMs);
  // While papers are awaited nothing moves the branch but their arrival or an end: its head is the event that asked.
  const said = await file.say(desk, [branch], atMs, branch.step, {
    $case: "bringSupplement",
    value: { request: branch.head, documents: [paper] },
  });
  Object.assign(branch, {
    state: "working",
    head: said.hash,
    documents: [...branch.documents, paper],
    waits: waitOver(branch, atMs),
  });
  await file.told(branch.holder.agency, desk, said);
  beginAnew(file, branch, atMs);
}

/** The holder waits no longer for the citizen. */
export function waitOver({ waits }: BranchRecord, atMs: number): BranchRecord["waits"] {
  return waits.map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs, atMs) }));
}
