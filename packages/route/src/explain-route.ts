import type { Limit } from "@lienthong/contracts/registry/v1/envelope";
import {
  EdgeKind,
  type RouteEdge,
  type RouteRecord,
  type RouteStep,
  StepClock,
  StepKind,
} from "@lienthong/contracts/registry/v1/route";
import { localName, type RouteLocale } from "./local-name.ts";
import type { Messages } from "./messages.ts";
import { messagesOf } from "./messages-of.ts";

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
    this.#say = messagesOf(locale);
  }

  text(): string {
    const blocks = [this.heading(), ...this.#route.steps.map((step, at) => this.step(step, at + 1))];
    return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
  }

  private heading(): string[] {
    const { name, id, version, procedure, steps, total, appointments, handoffRules, composed, certain } = this.#route;
    const say = this.#say;
    const lines = [say.route(localName(name, this.#locale), id, version, procedure)];
    if (composed) lines.push(say.composed);
    if (!certain) lines.push(say.uncertain);
    if (total) lines.push(say.total(this.limit(total)));
    const starts = steps.filter(({ start }) => start);
    if (starts.length > 1) lines.push(say.severalStarts(starts.map(({ id }) => this.reference(id)).join("; ")));
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
        lines.push(`  - ${say.internal(localName(name, this.#locale), limit && this.limit(limit))}`);
      }
    }
    if (step.completionRequired) lines.push(say.completionRequired);
    lines.push(...this.waysOn(step));
    if (step.end) lines.push(say.ends);
    return [say.step(number, localName(step.name, this.#locale)), ...lines.map((line) => `  ${line}`)];
  }

  private waysOn(step: RouteStep): string[] {
    const say = this.#say;
    const lines: string[] = [];
    const leaving = this.#route.edges.filter((edge) => edge.from === step.id);
    const add = (edge: RouteEdge, sentence: string): void => {
      lines.push(sentence);
      if (edge.resultCopiedToRoles.length > 0) {
        lines.push(say.copies(edge.resultCopiedToRoles.map((role) => this.role(role)).join(", ")));
      }
    };
    // Opinions first: they are asked before the dossier leaves.
    const consults = leaving.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_CONSULT);
    if (consults.length > 1) lines.push(say.severalConsults);
    for (const edge of consults) {
      const to = this.reference(edge.to);
      add(edge, consults.length > 1 ? `  - ${say.asked(to, edge.lead)}` : say.consult(to, edge.lead));
    }
    const ways = leaving.filter(({ kind }) => kind !== EdgeKind.EDGE_KIND_CONSULT);
    for (const [fork, edges] of Map.groupBy(ways, (edge) => edge.fork)) {
      if (fork !== "") lines.push(say.forks(fork));
      for (const edge of edges) {
        const to = this.reference(edge.to);
        if (fork !== "") add(edge, `  - ${say.branch(to, edge.optional, edge.lead)}`);
        else add(edge, edge.kind === EdgeKind.EDGE_KIND_BACK ? say.back(to) : say.next(to));
      }
    }
    return lines;
  }

  private reference(stepId: string): string {
    const at = this.#route.steps.findIndex(({ id }) => id === stepId);
    return this.#say.stepReference(at + 1, localName(this.#route.steps[at]?.name, this.#locale));
  }

  private limit(limit: Limit): string {
    return this.#say.limit(limit) + (limit.note === "" ? "" : this.#say.limitNote(limit.note));
  }

  private role(role: string): string {
    const name = this.#say.roles[role];
    return name === undefined ? role : `${name} [${role}]`;
  }
}

function kindOf(step: RouteStep): "work" | "consult" | "applicant" {
  if (step.kind === StepKind.STEP_KIND_CONSULT) return "consult";
  return step.kind === StepKind.STEP_KIND_APPLICANT ? "applicant" : "work";
}
