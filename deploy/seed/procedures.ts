import { type Limit, TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import type { ProcedureStep } from "@lienthong/contracts/registry/v1/record";
import { LAST_DISTRICT_DAY } from "./legal-days.ts";
import { agencyLevels } from "./real-agencies.ts";
import type { LegalDays, SeedProcedure } from "./seed.ts";
import {
  namedSource,
  type ProceduresFile,
  type SourceLimit,
  type SourceProcedure,
  type SourceProcedureStep,
  type SourceSpan,
} from "./source-files.ts";

const units = {
  minute: TimeUnit.TIME_UNIT_MINUTE,
  working_hour: TimeUnit.TIME_UNIT_WORKING_HOUR,
  working_day: TimeUnit.TIME_UNIT_WORKING_DAY,
  calendar_day: TimeUnit.TIME_UNIT_CALENDAR_DAY,
} as const;

/** Days that the status line of a procedure states; for all others the data knows none. */
const daysByKey: Readonly<Record<string, LegalDays>> = {
  // "in force 17/11/2025"
  "karaoke-group": { validFrom: "2025-11-17", validUntil: "" },
  // "three-level version (district abolished 1/7/2025)"
  "social-allowance-3tier": { validFrom: "", validUntil: LAST_DISTRICT_DAY },
  "funeral-allowance-3tier": { validFrom: "", validUntil: LAST_DISTRICT_DAY },
};

/** The procedures of data/procedures.json as records, in its order. A fact without a field of its own is told in a note. */
export function procedures(file: ProceduresFile): SeedProcedure[] {
  return file.procedures.map((procedure) => ({
    record: {
      key: procedure.key,
      code: procedure.code ?? "",
      name: { vi: procedure.nameVi, en: procedure.nameEn },
      level: agencyLevels[procedure.level],
      field: procedure.field,
      linked: procedure.linked,
      total: limitOf(procedure.total),
      status: procedure.status ?? "",
      supersedes: supersededBy(procedure, file.procedures),
      source: namedSource(procedure.source, file.sources),
      certain: procedure.certain,
      note: noteOf(procedure),
      steps: procedure.steps.map(stepOf),
    },
    ...(daysByKey[procedure.key] ?? { validFrom: "", validUntil: "" }),
  }));
}

/** The data states the relation at either end. */
function supersededBy({ key, supersedes = [] }: SourceProcedure, all: readonly SourceProcedure[]): string[] {
  const stated = all.filter((other) => other.supersededBy?.includes(key)).map((other) => other.key);
  return [...new Set([...supersedes, ...stated])];
}

function limitOf(limit: SourceLimit | null): Limit | undefined {
  if (limit === null) return undefined;
  const notes = [limit.note];
  if (limit.ifVerification) notes.push(`${spanText(limit.ifVerification)} when facts must be verified`);
  if (limit.max) notes.push(`at most ${spanText(limit.max)}`);
  if (limit.detachedHouse) notes.push(`${spanText(limit.detachedHouse)} for a detached house`);
  if (limit.alsoGivenAs) notes.push(`also given as ${spanText(limit.alsoGivenAs)}`);
  if (limit.thenReport) notes.push(`then a report within ${spanText(limit.thenReport)}`);
  if (limit.startsWhen) notes.push(`starts when: ${limit.startsWhen}`);
  return { hundredths: Math.round(limit.value * 100), unit: units[limit.unit], note: sentence(notes) };
}

function stepOf(step: SourceProcedureStep): ProcedureStep {
  const remarks = [
    step.kind === "consult" ? "opinion asked" : undefined,
    step.parallelGroup && `in parallel, group ${step.parallelGroup}`,
    step.alternative && `alternative ${step.alternative}`,
    step.optional ? "optional" : undefined,
    step.deemedConsent ? "silence counts as agreement" : undefined,
    step.publicPosting && `public posting of ${spanText(step.publicPosting)} inside`,
    step.clock === "outside" ? "not counted in the total" : undefined,
    step.clock === "paused" ? "clock paused" : undefined,
    step.state && `state: ${step.state}`,
    step.note,
    step.certain === false ? "not certain" : undefined,
  ];
  const remark = sentence(remarks);
  return {
    sequence: step.seq,
    role: step.agencyRole,
    does: remark === "" ? step.does : `${step.does} (${remark})`,
    limit: limitOf(step.limit),
  };
}

function noteOf(procedure: SourceProcedure): string {
  const { appointments = [], intake, handoffRules } = procedure;
  return sentence([
    procedure.note,
    // A candidate is not a code: it stays out of the code field.
    procedure.codeCandidate && `candidate code, not verified: ${procedure.codeCandidate}`,
    procedure.clockStart && `the clock starts ${procedure.clockStart}`,
    ...appointments.map(({ n, limit, meaning }) => `appointment ${n}: ${spanText(limit)}, ${meaning}`),
    intake &&
      `notice of an incomplete file within ${spanText(intake.onlineIncompleteNoticeWithin)} online, ${spanText(intake.paperIncompleteNoticeWithin)} on paper`,
    handoffRules?.syncAfterCompletion && `sync after completion within ${spanText(handoffRules.syncAfterCompletion)}`,
    handoffRules?.receiptStatusWithin && `receipt status within ${spanText(handoffRules.receiptStatusWithin)}`,
    handoffRules?.noReceipt && `without receipt: ${handoffRules.noReceipt}`,
    handoffRules?.late && `if late: ${handoffRules.late}`,
    handoffRules?.refusal && `if refused: ${handoffRules.refusal}`,
  ]);
}

function spanText({ value, unit }: SourceSpan): string {
  const name = unit.replace("_", " ");
  return `${value} ${value === 1 ? name : `${name}s`}`;
}

function sentence(parts: readonly (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined && part !== "")
    .map((part) => part!.replace(/\.$/, ""))
    .join("; ");
}
