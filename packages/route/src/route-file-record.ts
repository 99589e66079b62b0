import { type Limit, type LocalizedText, TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import {
  EdgeKind,
  type RouteEdge,
  type RouteRecord,
  type RouteStep,
  StepClock,
  StepKind,
} from "@lienthong/contracts/registry/v1/route";

/**
 * The record a route file describes. Values of a wrong type become the field's default: the schema has reported them already,
 * and the record is then only used to find what else is wrong, so that an author hears of everything at once.
 */
export function recordOfRouteFile(file: unknown): RouteRecord {
  const top = mapping(file);
  const rules = top.handoff_rules === undefined ? undefined : mapping(top.handoff_rules);
  return {
    id: text(top.id),
    version: number(top.version),
    procedure: text(top.procedure),
    name: nameOf(top.name),
    steps: list(top.steps).map(stepOf),
    edges: list(top.edges).map(edgeOf),
    total: limitOf(top.total),
    appointments: list(top.appointments).map((value) => {
      const appointment = mapping(value);
      return {
        number: number(appointment.number),
        limit: limitOf(appointment.limit),
        meaning: text(appointment.meaning),
      };
    }),
    handoffRules: rules && {
      syncAfterCompletion: limitOf(rules.sync_after_completion),
      receiptStatusWithin: limitOf(rules.receipt_status_within),
    },
    composed: flag(top.composed),
    certain: flag(top.certain),
    source: text(top.source),
    note: text(top.note),
  };
}

function stepOf(value: unknown): RouteStep {
  const step = mapping(value);
  return {
    id: text(step.id),
    name: nameOf(step.name),
    role: text(step.role),
    kind: kinds.get(step.kind) ?? StepKind.STEP_KIND_WORK,
    clock: clocks.get(step.clock) ?? StepClock.STEP_CLOCK_RUNNING,
    limit: limitOf(step.limit),
    limitIfVerified: limitOf(step.limit_if_verified),
    publicPosting: limitOf(step.public_posting),
    start: flag(step.start),
    end: flag(step.end),
    completionRequired: flag(step.completion_required),
    joinsFork: text(step.joins_fork),
    deemedConsent: flag(step.deemed_consent),
    internalSteps: list(step.internal_steps).map((item) => {
      const internal = mapping(item);
      return { name: nameOf(internal.name), limit: limitOf(internal.limit) };
    }),
  };
}

function edgeOf(value: unknown): RouteEdge {
  const edge = mapping(value);
  return {
    id: text(edge.id),
    from: text(edge.from),
    to: text(edge.to),
    kind: edgeKindsByName.get(edge.kind) ?? EdgeKind.EDGE_KIND_FORWARD,
    fork: text(edge.fork),
    optional: flag(edge.optional),
    lead: flag(edge.lead),
    resultCopiedToRoles: list(edge.result_copied_to_roles).map(text),
  };
}

function limitOf(value: unknown): Limit | undefined {
  if (value === undefined) return undefined;
  const limit = mapping(value);
  return {
    hundredths: Math.round(number(limit.value) * 100),
    unit: units.get(limit.unit) ?? TimeUnit.TIME_UNIT_UNSPECIFIED,
    note: text(limit.note),
  };
}

function nameOf(value: unknown): LocalizedText | undefined {
  if (value === undefined) return undefined;
  const name = mapping(value);
  return { vi: text(name.vi), en: text(name.en) };
}

const kinds = new Map<unknown, StepKind>([
  ["work", StepKind.STEP_KIND_WORK],
  ["consult", StepKind.STEP_KIND_CONSULT],
  ["applicant", StepKind.STEP_KIND_APPLICANT],
]);
const clocks = new Map<unknown, StepClock>([
  ["running", StepClock.STEP_CLOCK_RUNNING],
  ["outside", StepClock.STEP_CLOCK_OUTSIDE],
  ["paused", StepClock.STEP_CLOCK_PAUSED],
]);
const edgeKindsByName = new Map<unknown, EdgeKind>([
  ["forward", EdgeKind.EDGE_KIND_FORWARD],
  ["back", EdgeKind.EDGE_KIND_BACK],
  ["consult", EdgeKind.EDGE_KIND_CONSULT],
]);
const units = new Map<unknown, TimeUnit>([
  ["minute", TimeUnit.TIME_UNIT_MINUTE],
  ["working_hour", TimeUnit.TIME_UNIT_WORKING_HOUR],
  ["working_day", TimeUnit.TIME_UNIT_WORKING_DAY],
  ["calendar_day", TimeUnit.TIME_UNIT_CALENDAR_DAY],
]);

function mapping(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function flag(value: unknown): boolean {
  return value === true;
}
