import { readFile } from "node:fs/promises";
import { z } from "zod";
import { SeedDataError } from "./seed.ts";

/** The shape of data/*.json. Strict, so that a fact added to the data cannot be overlooked here. */

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "a day is YYYY-MM-DD");
const agencyId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "an id is 1 to 64 of a-z, 0-9 and '-'");
const key = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "a procedure key is 1 to 64 of a-z, 0-9 and '-'");
const role = z.string().regex(/^[A-Z0-9_]{1,64}$/, "a role is 1 to 64 of A-Z, 0-9 and _");
const name = z
  .string()
  .min(1, "a name is not empty")
  .max(400, "a name has at most 400 characters")
  .refine((value) => value === value.normalize("NFC"), "a name is in normalisation form C");
const sources = z.record(z.string(), z.string());

const share = z.enum(["whole", "part", "remainder"]);
const agency = z.strictObject({
  id: agencyId,
  identifierCode: z.string().min(1).max(35, "an identifier code has at most 35 characters").nullable(),
  gsoCode: z
    .string()
    .regex(/^(\d{2}|\d{3}|\d{5})$/, "an area code has 2, 3 or 5 digits")
    .nullable(),
  nameVi: name,
  nameEn: name,
  level: z.enum(["ward", "district", "department", "province", "central"]),
  kind: z.string().regex(/^[a-z-]{1,64}$/, "a kind is 1 to 64 of a-z and '-'"),
  parent: agencyId.nullable(),
  validFrom: day.optional(),
  validTo: day.optional(),
  successors: z.array(agencyId).min(1).max(16).optional(),
  predecessors: z
    .array(
      z.strictObject({
        id: agencyId,
        nameVi: z.string().optional(),
        share,
        remainderAfter: z.array(agencyId).optional(),
      }),
    )
    .optional(),
  serves: z.array(agencyId).min(1).optional(),
  seat: agencyId.optional(),
  unitType: z.string().optional(),
  formerDistricts: z.array(agencyId).optional(),
  gsoCodeReusedFrom: z.strictObject({ id: agencyId, nameVi: z.string() }).optional(),
  note: z.string().optional(),
  source: z.string().min(1),
  certain: z.boolean(),
});
const agenciesFile = z.strictObject({
  title: z.string(),
  asOf: day,
  notes: z.array(z.string()),
  sources,
  counts: z.record(z.string(), z.number()),
  agencies: z.array(agency),
});

const unit = z.enum(["working_day", "calendar_day", "working_hour", "minute"]);
const span = z.strictObject({ value: z.number().min(0).max(1_000), unit });
const limit = span.extend({
  note: z.string().optional(),
  startsWhen: z.string().optional(),
  ifVerification: span.optional(),
  max: span.optional(),
  detachedHouse: span.optional(),
  alsoGivenAs: span.optional(),
  thenReport: span.optional(),
});
const procedureStep = z.strictObject({
  agencyRole: role,
  does: z.string().min(1),
  limit: limit.nullable(),
  seq: z.number().int().min(1),
  parallelGroup: z.string().optional(),
  certain: z.boolean().optional(),
  optional: z.boolean().optional(),
  kind: z.enum(["consult"]).optional(),
  clock: z.enum(["outside", "paused"]).optional(),
  state: z.string().optional(),
  publicPosting: span.optional(),
  deemedConsent: z.boolean().optional(),
  note: z.string().optional(),
  alternative: z.string().optional(),
});
const procedure = z.strictObject({
  key,
  code: z.string().min(1).max(32).nullable(),
  codeCandidate: z.string().optional(),
  nameVi: name,
  nameEn: name,
  level: z.enum(["ward", "district", "department", "province"]),
  field: z.string().max(200),
  linked: z.boolean(),
  status: z.string().max(500).optional(),
  total: limit.nullable(),
  steps: z.array(procedureStep).max(64),
  appointments: z.array(z.strictObject({ n: z.number().int().min(1), limit, meaning: z.string() })).optional(),
  clockStart: z.string().optional(),
  intake: z.strictObject({ onlineIncompleteNoticeWithin: span, paperIncompleteNoticeWithin: span }).optional(),
  handoffRules: z
    .strictObject({
      syncAfterCompletion: span.optional(),
      receiptStatusWithin: span.optional(),
      noReceipt: z.string().optional(),
      late: z.string().optional(),
      refusal: z.string().optional(),
    })
    .optional(),
  supersedes: z.array(key).optional(),
  supersededBy: z.array(key).optional(),
  note: z.string().optional(),
  source: z.string().min(1),
  certain: z.boolean(),
});
const proceduresFile = z.strictObject({
  title: z.string(),
  asOf: day,
  notes: z.array(z.string()),
  units: z.array(unit),
  roles: z.record(role, z.string()),
  sources,
  procedures: z.array(procedure),
});

const clockTime = z.string().regex(/^([01]\d|2[0-4]):[0-5]\d$/, "a time is HH:MM");
const hours = z.array(z.tuple([clockTime, clockTime]));
const calendarDay = z.strictObject({
  date: day,
  weekday: z.enum(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
  nameVi: name,
  nameEn: name,
  kind: z.enum(["public_holiday", "swapped_off", "substitute_off", "swapped_work"]),
  source: z.string(),
  certain: z.boolean(),
  worksInstead: day.optional(),
  note: z.string().optional(),
});
const calendarFile = z.strictObject({
  title: z.string(),
  timeZone: z.string().min(1).max(64),
  utcOffset: z.string().regex(/^[+-]\d{2}:\d{2}$/, "an offset is +HH:MM or -HH:MM"),
  asOf: day,
  version: z.string().regex(/^[a-z0-9.-]{1,32}$/, "a version is 1 to 32 of a-z, 0-9, '.' and '-'"),
  notes: z.array(z.string()),
  weekend: z.array(z.enum(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])),
  officeHours: z.array(
    z.strictObject({
      scope: z.string(),
      "mon-fri": hours,
      sat: hours.optional(),
      hoursPerDay: z.number(),
      source: z.string(),
      certain: z.boolean(),
    }),
  ),
  countingRules: z.array(
    z.strictObject({ id: z.string(), rule: z.string(), source: z.string(), certain: z.boolean() }),
  ),
  sources,
  years: z.record(
    z.string().regex(/^\d{4}$/, "a year has four digits"),
    z.strictObject({
      daysOff: z.array(calendarDay),
      workedWeekendDays: z.array(calendarDay),
      complete: z.boolean().optional(),
    }),
  ),
});

export type SourceAgency = z.infer<typeof agency>;
export type AgenciesFile = z.infer<typeof agenciesFile>;
export type SourceProcedure = z.infer<typeof procedure>;
export type SourceProcedureStep = z.infer<typeof procedureStep>;
export type SourceLimit = z.infer<typeof limit>;
export type SourceSpan = z.infer<typeof span>;
export type ProceduresFile = z.infer<typeof proceduresFile>;
export type CalendarFile = z.infer<typeof calendarFile>;

export function readAgenciesFile(folder: URL): Promise<AgenciesFile> {
  return readSourceFile(folder, "data/agencies.json", agenciesFile);
}

export function readProceduresFile(folder: URL): Promise<ProceduresFile> {
  return readSourceFile(folder, "data/procedures.json", proceduresFile);
}

export function readCalendarFile(folder: URL): Promise<CalendarFile> {
  return readSourceFile(folder, "data/calendar-vn.json", calendarFile);
}

/** Replaces the keys of a source list ("S-QD1594") by what they stand for, so that a record can be read without the file. */
export function namedSource(source: string, sources: Readonly<Record<string, string>>): string {
  return source
    .split(/(; | \(|, )/)
    .map((part) => sources[part] ?? part)
    .join("");
}

async function readSourceFile<T>(folder: URL, path: string, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(new URL(path, folder), "utf8"));
  } catch (cause) {
    throw new SeedDataError([
      `${path}: cannot be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    ]);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new SeedDataError(result.error.issues.map((issue) => describeIssue(path, value, issue)));
}

function describeIssue(path: string, file: unknown, issue: z.core.$ZodIssue): string {
  let found = file;
  let place = "";
  for (const segment of issue.path) {
    found = typeof found === "object" && found !== null ? (found as Record<PropertyKey, unknown>)[segment] : undefined;
    place += typeof segment === "number" ? `[${segment}]` : `${place === "" ? "" : "."}${String(segment)}`;
    const named = found as { id?: unknown; key?: unknown } | null | undefined;
    const id = typeof segment === "number" ? (named?.id ?? named?.key) : undefined;
    if (typeof id === "string") place += ` (${id})`;
  }
  const shown = found === undefined ? "nothing" : (JSON.stringify(found) ?? String(found)).slice(0, 80);
  const what = issue.code === "unrecognized_keys" ? `unknown keys ${issue.keys.join(", ")}` : shown;
  return `${path} ${place === "" ? "file" : place}: found ${what}; ${issue.message}`;
}
