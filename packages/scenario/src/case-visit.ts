import type { RouteStep } from "@lienthong/contracts/registry/v1/route";
import type { CaseFile } from "./case-file.ts";
import { joinIfAllArrived, waitsForSiblings } from "./case-fork.ts";
import type { BranchRecord, Interlude, VisitRecord } from "./case-record.ts";
import { hasInternalSteps } from "./happenings.ts";
import { edgesOnward, isOpinion, isPayment } from "./route-course.ts";

const msPerMinute = 60_000;
const msPerHour = 60 * msPerMinute;

/** The holder has a branch on the table: what happens at its step, and when will it be done? */
export function takeUp(file: CaseFile, branch: BranchRecord, atMs: number): void {
  const { plan } = file.record;
  const { fate, happening } = plan;
  const step = file.step(branch.step);
  if (fate.kind === "working" && fate.step === step.id) return;
  if (waitsForSiblings(file, branch)) {
    joinIfAllArrived(file, branch, atMs);
    return;
  }
  const number = file.count("visit", branch.id, step.id);
  const dueMs = file.choices.workedUntil(atMs, step, branch.id, number);
  if (happening?.kind === "withdrawal" && happening.step === step.id && number === 1) {
    file.schedule(file.choices.between(atMs, dueMs, 0.1, 0.6, "withdrawal"), { kind: "withdraw" });
    return;
  }
  const visit: VisitRecord = { number, dueMs, todo: [], opinions: new Set(), waitsForOpinions: false };
  branch.visit = visit;
  visit.todo = interludesOf(file, branch, step, visit, atMs).sort((a, b) => a.atMs - b.atMs);
  proceed(file, branch, atMs);
}

/** Goes on with the work of a visit: what is to be done next, or the end of it. */
export function proceed(file: CaseFile, branch: BranchRecord, atMs: number): void {
  const { visit } = branch;
  if (visit === null) return;
  const next = visit.todo[0];
  if (next !== undefined) {
    file.schedule(Math.max(next.atMs, atMs), { kind: "interlude", branch: branch.id });
    return;
  }
  const step = file.step(branch.step);
  const dueMs = Math.max(visit.dueMs, atMs);
  const { start, chosenEdges } = file.record.plan;
  if (step.completionRequired || isOpinion(step)) file.schedule(dueMs, { kind: "complete", branch: branch.id });
  else if (step.end || edgesOnward(file.record.route, step, start, chosenEdges).length > 0) {
    file.schedule(dueMs, { kind: "pass on", branch: branch.id });
  }
}

/** The work begins anew, e.g. because papers came: what was not done yet is done in the new span. */
export function beginAnew(file: CaseFile, branch: BranchRecord, atMs: number): void {
  const { visit } = branch;
  if (visit === null) return;
  const step = file.step(branch.step);
  // Who begins anew knows the dossier already.
  const dueMs = file.choices.workedUntil(atMs, step, branch.id, visit.number + 1);
  const shiftMs = dueMs - visit.dueMs;
  visit.dueMs = dueMs;
  visit.todo = visit.todo.map((interlude) => ({ ...interlude, atMs: interlude.atMs + Math.max(0, shiftMs) }));
  proceed(file, branch, atMs);
}

/** What happens during a visit beside the work itself. Most of it only the first time. */
function interludesOf(
  file: CaseFile,
  branch: BranchRecord,
  step: RouteStep,
  { number, dueMs }: VisitRecord,
  fromMs: number,
): Interlude[] {
  const { choices, record } = file;
  const { happening, opinions } = record.plan;
  const during = (least: number, most: number, what: string) =>
    choices.between(fromMs, dueMs, least, most, what, branch.id, step.id, number);
  if (isPayment(step)) {
    return [{ kind: "pause", atMs: choices.after(fromMs, 5 * msPerMinute, 2 * msPerHour, "pause", branch.id, number) }];
  }
  if (number > 1 || isOpinion(step)) return [];
  const interludes: Interlude[] = [];
  if (happening?.kind === "assignments" && hasInternalSteps(step)) {
    const parts = step.internalSteps.length;
    for (let part = 1; part <= parts; part++) {
      const atMs = during((part - 1) / parts, (part - 0.7) / parts, `assign ${part}`);
      interludes.push({ kind: "assign", internalStep: part, atMs });
    }
  }
  if (happening?.kind === "supplement" && happening.step === step.id) {
    interludes.push({ kind: "ask papers", atMs: during(0.1, 0.4, "ask papers") });
  }
  if (opinions.some(({ edge }) => record.route.edge(edge)?.from === step.id)) {
    interludes.push({ kind: "consult", atMs: during(0.02, 0.1, "consult") });
  }
  const apologyMs = choices.apologyBefore(fromMs, dueMs, step, branch.id, number);
  if (happening?.kind === "extension" && happening.step === step.id) {
    interludes.push({ kind: "extend", atMs: apologyMs ?? during(0.7, 0.9, "extend") });
  } else if (apologyMs !== null && choices.random("apology", branch.id, step.id).chance(0.5)) {
    interludes.push({ kind: "extend", atMs: apologyMs });
  }
  return interludes;
}
