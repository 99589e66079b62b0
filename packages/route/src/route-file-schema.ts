import { z } from "zod";
import { fieldRules, LIMIT_HUNDREDTHS_MAX } from "./field-rules.ts";
import type { RoutePath } from "./route-problem.ts";

/**
 * The shape of a route file: which keys there are and what type each value has. Patterns, lengths and the graph are checked on
 * the record that is made from it, by the same code that checks routes which never were a file.
 */

export const limitUnits = ["minute", "working_hour", "working_day", "calendar_day"] as const;
export const stepKinds = ["work", "consult", "applicant"] as const;
export const stepClocks = ["running", "outside", "paused"] as const;
export const edgeKinds = ["forward", "back", "consult"] as const;

const valueMax = LIMIT_HUNDREDTHS_MAX / 100;
const valueAllowed = `a value is a number from 0 to ${valueMax} with at most two decimals`;

/** Whether a file's value can be kept as hundredths of its unit without rounding. */
export function isLimitValue(value: number): boolean {
  return value >= 0 && value <= valueMax && Math.abs(value * 100 - Math.round(value * 100)) < 1e-6;
}

const name = z.strictObject({ vi: z.string(), en: z.string().optional() });
const limit = z.strictObject({
  value: z.number().refine(isLimitValue, valueAllowed),
  unit: z.enum(limitUnits),
  note: z.string().optional(),
});
const internalStep = z.strictObject({ name, limit: limit.optional() });
const step = z.strictObject({
  id: z.string(),
  name,
  role: z.string(),
  kind: z.enum(stepKinds).optional(),
  clock: z.enum(stepClocks).optional(),
  limit: limit.optional(),
  limit_if_verified: limit.optional(),
  public_posting: limit.optional(),
  start: z.boolean().optional(),
  end: z.boolean().optional(),
  completion_required: z.boolean().optional(),
  joins_fork: z.string().optional(),
  deemed_consent: z.boolean().optional(),
  internal_steps: z.array(internalStep).optional(),
});
const edge = z.strictObject({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  kind: z.enum(edgeKinds).optional(),
  fork: z.string().optional(),
  optional: z.boolean().optional(),
  lead: z.boolean().optional(),
  result_copied_to_roles: z.array(z.string()).optional(),
});
const appointment = z.strictObject({ number: z.number(), limit, meaning: z.string().optional() });
const handoffRules = z.strictObject({
  sync_after_completion: limit.optional(),
  receipt_status_within: limit.optional(),
});

export const routeFileSchema = z.strictObject({
  id: z.string(),
  version: z.number(),
  procedure: z.string(),
  name,
  composed: z.boolean(),
  certain: z.boolean(),
  source: z.string(),
  note: z.string().optional(),
  total: limit.optional(),
  appointments: z.array(appointment).optional(),
  handoff_rules: handoffRules.optional(),
  steps: z.array(step),
  edges: z.array(edge),
});

type Container = "route" | "name" | "limit" | "internal step" | "step" | "edge" | "appointment" | "handoff rules";

const keysOf: Record<Container, readonly string[]> = {
  route: Object.keys(routeFileSchema.shape),
  name: Object.keys(name.shape),
  limit: Object.keys(limit.shape),
  "internal step": Object.keys(internalStep.shape),
  step: Object.keys(step.shape),
  edge: Object.keys(edge.shape),
  appointment: Object.keys(appointment.shape),
  "handoff rules": Object.keys(handoffRules.shape),
};

const containersByKey: Record<string, Container> = {
  name: "name",
  total: "limit",
  limit: "limit",
  limit_if_verified: "limit",
  public_posting: "limit",
  sync_after_completion: "limit",
  receipt_status_within: "limit",
  internal_steps: "internal step",
  steps: "step",
  edges: "edge",
  appointments: "appointment",
  handoff_rules: "handoff rules",
};

function lastKey(path: RoutePath): string {
  return path.findLast((segment) => typeof segment === "string") ?? "";
}

/** The keys a mapping at this path may have, as a sentence. */
export function keysAllowedAt(path: RoutePath): string {
  const container = path.length === 0 ? "route" : (containersByKey[lastKey(path)] ?? "route");
  const article = /^[aei]/.test(container) ? "an" : "a";
  return `the keys of ${container === "handoff rules" ? "" : `${article} `}${container} are ${keysOf[container].join(", ")}`;
}

const yesOrNo = "it is true or false";
const aLimit = "a limit is a mapping of value, unit and, if needed, note";

const allowedByKey: Record<string, string> = {
  version: "a version is a whole number from 1",
  procedure: fieldRules.procedure.allowed,
  name: "a name is a mapping of vi and, if translated, en",
  vi: fieldRules.nameVi.allowed,
  en: fieldRules.nameEn.allowed,
  composed: yesOrNo,
  certain: yesOrNo,
  source: fieldRules.source.allowed,
  note: fieldRules.note.allowed,
  total: aLimit,
  limit: aLimit,
  limit_if_verified: aLimit,
  public_posting: aLimit,
  sync_after_completion: aLimit,
  receipt_status_within: aLimit,
  value: valueAllowed,
  unit: `a unit is one of ${limitUnits.join(", ")}`,
  appointments: "appointments are a list of 0 to 4",
  number: "the number of an appointment is a whole number from 1",
  meaning: fieldRules.meaning.allowed,
  handoff_rules: "handoff rules are a mapping of sync_after_completion and receipt_status_within",
  steps: "steps are a list of 1 to 64",
  edges: "edges are a list of 0 to 128",
  role: fieldRules.role.allowed,
  clock: `a clock is one of ${stepClocks.join(", ")}`,
  start: yesOrNo,
  end: yesOrNo,
  completion_required: yesOrNo,
  joins_fork: fieldRules.forkName.allowed,
  deemed_consent: yesOrNo,
  internal_steps: "internal steps are a list of 0 to 16",
  from: fieldRules.stepReference.allowed,
  to: fieldRules.stepReference.allowed,
  fork: fieldRules.forkName.allowed,
  optional: yesOrNo,
  lead: yesOrNo,
  result_copied_to_roles: "it is a list of 0 to 8 roles",
};

/** What may stand at a path of a route file, as a sentence. */
export function allowedAt(path: RoutePath): string {
  const key = lastKey(path);
  const parent = path[0];
  const isItem = typeof path.at(-1) === "number";
  if (isItem && key === "result_copied_to_roles") return fieldRules.role.allowed;
  if (isItem || path.length === 0) return keysAllowedAt(path);
  if (key === "id") {
    return parent === "steps"
      ? fieldRules.stepId.allowed
      : parent === "edges"
        ? fieldRules.edgeId.allowed
        : fieldRules.routeId.allowed;
  }
  if (key === "kind") {
    return parent === "edges"
      ? `the kind of an edge is one of ${edgeKinds.join(", ")}`
      : `the kind of a step is one of ${stepKinds.join(", ")}`;
  }
  return allowedByKey[key] ?? keysAllowedAt(path.slice(0, -1));
}
