import type { AgencyPen, Connection, ForwardTarget, SignedStatement } from "@lienthong/client";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Channel, type Document, Outcome } from "@lienthong/contracts/exchange/v1/statement";
import { leafHash } from "@lienthong/tlog";
import type { TestBus } from "./test-bus.ts";

/** A branch as a test holds it: its head moves with every accepted statement. */
export interface HeldBranch {
  readonly dossier: string;
  readonly areaCode: string;
  readonly procedure: string;
  readonly branch: string;
  readonly step: string;
  readonly head: Uint8Array;
}

/** Day on which the scenario shard begins. */
const scenarioDay = "2025-05-05";

/** Somebody who speaks for one agency in a test. */
export class TestOffice {
  readonly agency: string;
  readonly pen: AgencyPen;
  readonly #bus: TestBus;

  constructor(bus: TestBus, agency: string, pen: AgencyPen) {
    this.#bus = bus;
    this.agency = agency;
    this.pen = pen;
  }

  /** Connection of the agency's system to a replica. */
  connection(replica = 0): Connection {
    return this.#bus.connection(this.#bus.systemOf(this.agency), replica);
  }

  /** What the document service is asked by the agency's system. */
  get documents(): Connection["documents"] {
    return this.#bus.connection(this.#bus.systemOf(this.agency), "documents").documents;
  }

  /** Uploads a document for a dossier of the bus's first shard, and resolves when it may be named. */
  async upload(dossier: string, source: Uint8Array, kind = "application-form"): Promise<Document> {
    const target = { shard: this.#bus.bus.shard.name, agency: this.agency, dossier };
    const { document } = await this.documents.uploadDocument({ ...target, source, kind, mediaType: "application/pdf" });
    return document;
  }

  submit(signed: SignedStatement, replica = 0): Promise<AcceptedStatement> {
    return this.connection(replica).exchange.submit(signed.envelope);
  }

  /** Signs an `open` of the newest route of a procedure. */
  signOpen(dossier: string, areaCode: string, procedure: string, documents: readonly Document[] = []): SignedStatement {
    const { state } = this.#bus.bus.registry;
    const found = state.procedure(procedure);
    const route = found === undefined ? undefined : state.routesOf(found.record.key)[0];
    const calendar = state.calendarInForce(scenarioDay);
    const step = route?.compiled.startSteps[0];
    if (found === undefined || route === undefined || calendar === undefined || step === undefined) {
      throw new Error(`${procedure} has no route here.`);
    }
    return this.pen.open({
      dossier,
      areaCode,
      procedureEntry: found.entryHash,
      routeEntry: route.entryHash,
      calendarEntry: calendar.entryHash,
      step: step.id,
      channel: Channel.CHANNEL_ONLINE,
      documents,
    });
  }

  /** Opens a dossier; its root branch is held by this agency. */
  async open(dossier: string, areaCode: string, procedure: string): Promise<HeldBranch> {
    const accepted = await this.submit(this.signOpen(dossier, areaCode, procedure));
    const step = this.#route(procedure).startSteps[0]?.id ?? "";
    return { dossier, areaCode, procedure, branch: "0", step, head: leafHash(accepted.event) };
  }

  /** Completes the step. */
  async complete(held: HeldBranch): Promise<HeldBranch> {
    const accepted = await this.submit(this.pen.complete({ ...held, outcome: Outcome.OUTCOME_DONE }));
    return { ...held, head: leafHash(accepted.event) };
  }

  /** Completes the step if the route asks for it before moving on. */
  async completeIfRequired(held: HeldBranch): Promise<HeldBranch> {
    return this.#route(held.procedure).step(held.step)?.completionRequired === true ? this.complete(held) : held;
  }

  /** Targets of the edges that lead on from a step: the fork's, or the first one; the first competent receiver of each. */
  targets(held: HeldBranch): ForwardTarget[] {
    const route = this.#route(held.procedure);
    const edges = route.edgesFrom(held.step).filter((edge) => edge.kind === 1);
    const first = edges[0];
    if (first === undefined) throw new Error(`Nothing leads on from ${held.step}.`);
    const taken = first.fork === "" ? [first] : (route.fork(held.step, first.fork)?.edges ?? []);
    return taken.map((edge, index) => ({
      branch: first.fork === "" ? held.branch : `${held.branch}.${index + 1}`,
      step: edge.to,
      edge: edge.id,
      receiver: { agency: this.#bus.office(this.#competent(held, route.step(edge.to)?.role ?? "")).agency },
    }));
  }

  /** Signs a forward along the way on. */
  signForward(held: HeldBranch, targets: readonly ForwardTarget[] = this.targets(held)): SignedStatement {
    return this.pen.forward({ ...held, targets });
  }

  /** Forwards along the way on; the branches as they are now, still held by this agency. */
  async forward(held: HeldBranch, targets: readonly ForwardTarget[] = this.targets(held)): Promise<HeldBranch[]> {
    const accepted = await this.submit(this.signForward(held, targets));
    const head = leafHash(accepted.event);
    return targets.map((target) => ({ ...held, branch: target.branch, step: target.step, head }));
  }

  /** Acknowledges a handoff: the branch is held by this agency. */
  async acknowledge(offered: HeldBranch): Promise<HeldBranch> {
    const accepted = await this.submit(this.pen.acknowledge(offered));
    return { ...offered, head: leafHash(accepted.event) };
  }

  #competent(held: HeldBranch, role: string): string {
    const { procedure, areaCode } = held;
    const key = this.#bus.bus.registry.state.procedure(procedure)?.record.key ?? procedure;
    const resolution = this.#bus.bus.registry.state.resolveRole({ role, areaCode, procedure: key, date: scenarioDay });
    const agency = resolution.candidates[0]?.agency;
    if (agency === undefined) throw new Error(resolution.missing?.en ?? `Nobody is ${role}.`);
    return agency;
  }

  #route(procedure: string) {
    const { state } = this.#bus.bus.registry;
    const found = state.procedure(procedure);
    const route = found === undefined ? undefined : state.routesOf(found.record.key)[0];
    if (route === undefined) throw new Error(`${procedure} has no route here.`);
    return route.compiled;
  }
}
