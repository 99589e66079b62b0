import { type Limit, type LocalizedText, TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import {
  EdgeKind,
  type RouteRecord,
  type RouteStep,
  StepClock,
  StepKind,
} from "@lienthong/contracts/registry/v1/route";
import {
  APPOINTMENTS_MAX,
  EDGES_MAX,
  type FieldRule,
  fieldRules,
  INTERNAL_STEPS_MAX,
  LIMIT_HUNDREDTHS_MAX,
  RESULT_COPIES_MAX,
  STEPS_MAX,
  VERSION_MAX,
} from "./field-rules.ts";
import { type RoutePath, type RouteProblem, showValue } from "./route-problem.ts";

/** Checks every field of a route for itself: patterns, lengths, bounds, enums. */
export function checkFields(route: RouteRecord): RouteProblem[] {
  const check = new FieldCheck();
  check.text(["id"], route.id, fieldRules.routeId);
  check.integer(["version"], route.version, 1, VERSION_MAX, "a version");
  check.text(["procedure"], route.procedure, fieldRules.procedure);
  check.name(["name"], route.name);
  check.count(["steps"], route.steps.length, 1, STEPS_MAX, "steps");
  check.count(["edges"], route.edges.length, 0, EDGES_MAX, "edges");
  for (const [at, step] of route.steps.entries()) checkStep(check, ["steps", at], step);
  for (const [at, edge] of route.edges.entries()) {
    const path = ["edges", at];
    check.text([...path, "id"], edge.id, fieldRules.edgeId);
    check.text([...path, "from"], edge.from, fieldRules.stepReference);
    check.text([...path, "to"], edge.to, fieldRules.stepReference);
    check.enumeration([...path, "kind"], edge.kind, EdgeKind, "EDGE_KIND_");
    check.text([...path, "fork"], edge.fork, fieldRules.forkName);
    check.count([...path, "result_copied_to_roles"], edge.resultCopiedToRoles.length, 0, RESULT_COPIES_MAX, "roles");
    for (const [position, role] of edge.resultCopiedToRoles.entries()) {
      check.text([...path, "result_copied_to_roles", position], role, fieldRules.role);
    }
  }
  check.limit(["total"], route.total);
  check.count(["appointments"], route.appointments.length, 0, APPOINTMENTS_MAX, "appointments");
  const numbers = new Set<number>();
  for (const [at, appointment] of route.appointments.entries()) {
    const path = ["appointments", at];
    check.integer([...path, "number"], appointment.number, 1, APPOINTMENTS_MAX, "the number of an appointment");
    if (numbers.has(appointment.number)) {
      check.report(
        "APPOINTMENT_DUPLICATE",
        [...path, "number"],
        `${appointment.number} is used twice; number them from 1`,
      );
    }
    numbers.add(appointment.number);
    check.requiredLimit([...path, "limit"], appointment.limit);
    check.text([...path, "meaning"], appointment.meaning, fieldRules.meaning);
  }
  check.limit(["handoff_rules", "sync_after_completion"], route.handoffRules?.syncAfterCompletion);
  check.limit(["handoff_rules", "receipt_status_within"], route.handoffRules?.receiptStatusWithin);
  check.text(["source"], route.source, fieldRules.source);
  check.text(["note"], route.note, fieldRules.note);
  return check.problems;
}

function checkStep(check: FieldCheck, path: RoutePath, step: RouteStep): void {
  check.text([...path, "id"], step.id, fieldRules.stepId);
  check.name([...path, "name"], step.name);
  check.text([...path, "role"], step.role, fieldRules.role);
  check.enumeration([...path, "kind"], step.kind, StepKind, "STEP_KIND_");
  check.enumeration([...path, "clock"], step.clock, StepClock, "STEP_CLOCK_");
  check.limit([...path, "limit"], step.limit);
  check.limit([...path, "limit_if_verified"], step.limitIfVerified);
  check.limit([...path, "public_posting"], step.publicPosting);
  check.text([...path, "joins_fork"], step.joinsFork, fieldRules.forkName);
  if (step.deemedConsent && step.limit === undefined) {
    check.report(
      "DEEMED_CONSENT_WITHOUT_LIMIT",
      [...path, "deemed_consent"],
      `step ${showValue(step.id)} has no limit, so silence could never count as agreement; give it a limit`,
      [step.id],
    );
  }
  check.count([...path, "internal_steps"], step.internalSteps.length, 0, INTERNAL_STEPS_MAX, "internal steps");
  for (const [at, internal] of step.internalSteps.entries()) {
    check.name([...path, "internal_steps", at, "name"], internal.name);
    check.limit([...path, "internal_steps", at, "limit"], internal.limit);
  }
}

class FieldCheck {
  readonly problems: RouteProblem[] = [];

  report(code: RouteProblem["code"], path: RoutePath, message: string, elements: readonly string[] = []): void {
    this.problems.push({ code, path, elements, message });
  }

  private refuse(path: RoutePath, found: unknown, allowed: string): void {
    this.report("VALUE_NOT_ALLOWED", path, `${showValue(found)} is not allowed; ${allowed}`);
  }

  text(path: RoutePath, value: string, rule: FieldRule): void {
    if (!rule.accepts(value)) this.refuse(path, value, rule.allowed);
  }

  name(path: RoutePath, name: LocalizedText | undefined): void {
    if (name === undefined) {
      this.report("VALUE_MISSING", path, `is missing; ${fieldRules.nameVi.allowed}`);
      return;
    }
    this.text([...path, "vi"], name.vi, fieldRules.nameVi);
    this.text([...path, "en"], name.en, fieldRules.nameEn);
  }

  integer(path: RoutePath, value: number, min: number, max: number, what: string): void {
    if (!Number.isInteger(value) || value < min || value > max) {
      this.refuse(path, value, `${what} is a whole number from ${min} to ${max}`);
    }
  }

  count(path: RoutePath, count: number, min: number, max: number, what: string): void {
    if (count < min || count > max) this.refuse(path, count, `there are ${min} to ${max} ${what}`);
  }

  enumeration(path: RoutePath, value: number, names: Record<string, number>, prefix: string): void {
    const allowed = Object.entries(names).filter(([, number]) => number > 0);
    if (allowed.some(([, number]) => number === value)) return;
    this.refuse(
      path,
      value,
      `it is one of ${allowed.map(([name, number]) => `${name.slice(prefix.length).toLowerCase()} (${number})`).join(", ")}`,
    );
  }

  limit(path: RoutePath, limit: Limit | undefined): void {
    if (limit === undefined) return;
    this.integer(
      [...path, "hundredths"],
      limit.hundredths,
      0,
      LIMIT_HUNDREDTHS_MAX,
      "a limit in hundredths of its unit",
    );
    this.enumeration([...path, "unit"], limit.unit, TimeUnit, "TIME_UNIT_");
    this.text([...path, "note"], limit.note, fieldRules.limitNote);
  }

  requiredLimit(path: RoutePath, limit: Limit | undefined): void {
    if (limit === undefined) this.report("VALUE_MISSING", path, "is missing; a limit is a value and its unit");
    else this.limit(path, limit);
  }
}
