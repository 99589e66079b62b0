import type { Limit, LocalizedText } from "@lienthong/contracts/registry/v1/envelope";
import {
  EdgeKind,
  type RouteEdge,
  type RouteRecord,
  type RouteStep,
  StepClock,
  StepKind,
} from "@lienthong/contracts/registry/v1/route";
import type { Messages } from "./messages.ts";
import { messagesEn } from "./messages-en.ts";
import { messagesVi } from "./messages-vi.ts";

export type RouteLocale = "vi" | "en";

/**
 * The route in words, step by step in the order of the record: who, how long, where it forks and joins, where it may go back, where
 * it ends. Names without an English translation are shown in Vietnamese; the note of a limit is quoted as it stands.
 */
export function explainRoute(route: RouteRecord, locale: RouteLocale): string {
  return new Explanation(route, locale).text();
}

class Explanation {
  readonly #route: RouteRecord;
  readonly #locale: RouteLocale;
  readonly #say: Messages;

  constructor(route: RouteRecord, locale: RouteLocale) {
    this.#route = route;
    this.#locale = locale;
    this.#say = locale === "vi" ? messagesVi : messagesEn;
  }

  text(): string {
    const blocks = [this.heading(), ...this.#route.steps.map((step, at) => this.step(step, at + 1))];
    return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
  }

  private heading(): string[] {
    const { name, id, version, procedure, total, appointments, handoffRules, composed, certain } = this.#route;
    const say = this.#say;
    const lines = [say.route(this.name(name), id, version, procedure)];
    if (composed) lines.push(say.composed);
    if (!certain) lines.push(say.uncertain);
    if (total) lines.push(say.total(this.limit(total)));
    for (const appointment of appointments) {
      const limit = appointment.limit ? this.limit(appointment.limit) : "?";
      lines.push(say.appointment(appointment.number, limit, appointment.meaning));
    }
    if (handoffRules?.syncAfterCompletion) lines.push(say.syncRule(this.limit(handoffRules.syncAfterCompletion)));
    if (handoffRules?.receiptStatusWithin) lines.push(say.receiptRule(this.limit(handoffRules.receiptStatusWithin)));
    return lines;
  }

  private step(step: RouteStep, number: number): string[] {
    const say = this.#say;
    const lines: string[] = [say.who(this.role(step.role), kindOf(step))];
    if (step.start) lines.push(say.opensHere);
    if (step.joinsFork !== "") lines.push(say.joins(step.joinsFork));
    lines.push(step.limit ? say.timeGranted(this.limit(step.limit)) : say.timeUnknown);
    if (step.limitIfVerified) lines.push(say.timeIfVerified(this.limit(step.limitIfVerified)));
    if (step.publicPosting) lines.push(say.posting(this.limit(step.publicPosting)));
    if (step.clock === StepClock.STEP_CLOCK_OUTSIDE) lines.push(say.clockOutside);
    if (step.clock === StepClock.STEP_CLOCK_PAUSED) lines.push(say.clockPaused);
    if (step.deemedConsent) lines.push(say.deemedConsent);
    if (step.internalSteps.length > 0) {
      lines.push(say.internalTitle);
      for (const { name, limit } of step.internalSteps) {
        lines.push(`  - ${say.internal(this.name(name), limit && this.limit(limit))}`);
      }
    }
    if (step.completionRequired) lines.push(say.completionRequired);
    lines.push(...this.waysOn(step));
    if (step.end) lines.push(say.ends);
    return [say.step(number, this.name(step.name)), ...lines.map((line) => `  ${line}`)];
  }

  private waysOn(step: RouteStep): string[] {
    const say = this.#say;
    const lines: string[] = [];
    const leaving = this.#route.edges.filter((edge) => edge.from === step.id);
    for (const [fork, edges] of Map.groupBy(leaving, (edge) => edge.fork)) {
      if (fork !== "") lines.push(say.forks(fork));
      for (const edge of edges) {
        lines.push(
          fork === "" ? this.edge(edge) : `  - ${say.branch(this.reference(edge.to), edge.optional, edge.lead)}`,
        );
        if (edge.resultCopiedToRoles.length > 0) {
          lines.push(say.copies(edge.resultCopiedToRoles.map((role) => this.role(role)).join(", ")));
        }
      }
    }
    return lines;
  }

  private edge(edge: RouteEdge): string {
    const to = this.reference(edge.to);
    if (edge.kind === EdgeKind.EDGE_KIND_BACK) return this.#say.back(to);
    return edge.kind === EdgeKind.EDGE_KIND_CONSULT ? this.#say.consult(to) : this.#say.next(to);
  }

  private reference(stepId: string): string {
    const at = this.#route.steps.findIndex(({ id }) => id === stepId);
    return this.#say.stepReference(at + 1, this.name(this.#route.steps[at]?.name));
  }

  private limit(limit: Limit): string {
    return this.#say.limit(limit) + (limit.note === "" ? "" : this.#say.limitNote(limit.note));
  }

  private role(role: string): string {
    const name = this.#say.roles[role];
    return name === undefined ? role : `${name} [${role}]`;
  }

  private name(name: LocalizedText | undefined): string {
    if (name === undefined) return "?";
    return this.#locale === "en" && name.en !== "" ? name.en : name.vi;
  }
}

function kindOf(step: RouteStep): "work" | "consult" | "applicant" {
  if (step.kind === StepKind.STEP_KIND_CONSULT) return "consult";
  return step.kind === StepKind.STEP_KIND_APPLICANT ? "applicant" : "work";
}
