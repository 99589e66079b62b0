import { timestampFromMs } from "@lienthong/chassis/timestamp";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import {
  type Addressee,
  Channel,
  type Document,
  type ForwardBranch,
  Outcome,
  RefusalReason,
} from "@lienthong/contracts/exchange/v1/statement";
import { EdgeKind, type RouteEdge, type RouteStep } from "@lienthong/contracts/registry/v1/route";
import { readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import type { CaseChoices } from "./case-choices.ts";
import { type Act, type BranchRecord, type CaseRecord, forkTaken, newBranch } from "./case-record.ts";
import { commitment, documentsShownAt, filedDocuments, resultDocuments, supplementDocument } from "./paperwork.ts";
import type { RoleBook } from "./role-book.ts";
import type { ScenarioFigures } from "./scenario-figures.ts";
import type { Said, ScenarioPens } from "./scenario-pens.ts";
import type { SystemDeliveries } from "./system-deliveries.ts";

/** What the play of a dossier stands on. */
export interface CaseWorld {
  readonly roles: RoleBook;
  readonly pens: Pick<ScenarioPens, "say">;
  readonly deliveries: Pick<SystemDeliveries, "delivered">;
  readonly figures: ScenarioFigures;
  /** Puts an act on the agenda; `key` is unique among acts of one instant. */
  schedule(dueMs: number, key: string, act: Act, play: CasePlay): void;
  onSaid(said: Said): void;
}

const rejectionChance = 0.04;

/**
 * One dossier, played by the offices that take part. What an office does next follows from what it said itself and from what its system
 * was delivered: a receiver learns of a handoff, and a sender of a refusal, from the delivery alone.
 */
export class CasePlay {
  readonly record: CaseRecord;
  readonly #choices: CaseChoices;
  readonly #on: CaseWorld;

  constructor(record: CaseRecord, choices: CaseChoices, on: CaseWorld) {
    this.record = record;
    this.#choices = choices;
    this.#on = on;
  }

  /** The citizen comes to the desk. */
  begin(): void {
    this.#schedule(this.record.plan.filedMs, { kind: "open" });
  }

  /** Does what the agenda says, at a simulated instant. */
  async perform(act: Act, atMs: number): Promise<void> {
    switch (act.kind) {
      case "open":
        return await this.#open(atMs);
      case "complete":
        return await this.#complete(this.#branch(act.branch), atMs);
      case "pass on":
        return await this.#passOn(this.#branch(act.branch), atMs);
      case "forward again":
        return await this.#forwardAgain(this.#branch(act.branch), atMs);
      case "answer":
        return await this.#answer(this.#branch(act.branch), atMs);
      case "join":
        return await this.#join(this.#branch(act.into), atMs);
    }
  }

  async #open(atMs: number): Promise<void> {
    const { record } = this;
    const { plan } = record;
    const step = record.route.startSteps[0] as RouteStep;
    record.opener = await this.#player(step);
    // The desk that will return the result is where the file was handed in.
    const desk = await this.#player(record.route.endSteps[0] as RouteStep);
    record.desk = desk.agency === record.opener.agency ? desk : record.opener;
    const documents = filedDocuments(plan.procedure, this.#choices.random("filed"), plan.filedMs);
    const said = await this.#say(record.desk, [], atMs, "", {
      $case: "open",
      value: {
        areaCode: plan.ward.areaCode,
        procedureEntry: record.procedureEntry,
        routeEntry: record.routeEntry,
        calendarEntry: record.calendarEntry,
        step: step.id,
        channel: this.#channel(),
        receivedTime: timestampFromMs(plan.filedMs),
        applicantDigest: commitment("applicant", this.#choices.random("applicant")),
        documents,
        chosenEdges: [],
        helpedAt: "",
        competentAgency: "",
      },
    });
    this.#on.figures.opened(plan.procedure);
    const root = newBranch("0", record.opener, step.id, said.hash, documents);
    record.branches.set(root.id, root);
    this.#takeUp(root, atMs);
  }

  /** The holder has it on the table: when will it be done? */
  #takeUp(branch: BranchRecord, atMs: number): void {
    const { plan, route } = this.record;
    const step = this.#step(branch.step);
    if (plan.fate.kind === "working" && plan.fate.step === step.id) return;
    const parent = this.#parentOf(branch);
    if (parent !== undefined && step.joinsFork !== "" && forkTaken(parent, route) === step.joinsFork) {
      const siblings = parent.children.map((child) => this.#branch(child));
      const arrived = siblings.every((sibling) => sibling.state === "working" && sibling.step === step.id);
      const dueMs = this.#choices.passedOnAt(atMs, parent.id, step.id, 1);
      if (arrived) this.#schedule(dueMs, { kind: "join", into: parent.id });
      return;
    }
    const visit = this.#count("visit", branch.id, step.id);
    const dueMs = this.#choices.workedUntil(atMs, step, branch.id, visit);
    const work = step.completionRequired ? "complete" : "pass on";
    if (step.end || route.edgesFrom(step.id).length > 0) this.#schedule(dueMs, { kind: work, branch: branch.id });
  }

  async #complete(branch: BranchRecord, atMs: number): Promise<void> {
    const { record } = this;
    const step = this.#step(branch.step);
    const edges = record.route.edgesFrom(step.id);
    const back = this.#choices.edgeBack(edges, record.wentBack);
    const decides = edges.some((edge) => edge.kind === EdgeKind.EDGE_KIND_FORWARD && this.#step(edge.to).end);
    const rejects = decides && back === null && this.#choices.random("reject", step.id).chance(rejectionChance);
    const outcome =
      back !== null
        ? Outcome.OUTCOME_NOT_ELIGIBLE
        : rejects
          ? Outcome.OUTCOME_REJECTED
          : decides
            ? Outcome.OUTCOME_GRANTED
            : Outcome.OUTCOME_DONE;
    const visit = this.#count("complete", branch.id, step.id);
    const papers = this.#choices.random("results", branch.id, step.id, visit);
    const documents = resultDocuments(record.plan.procedure, step.id, papers, atMs);
    // Parallel work: each agency sends its result to the desk, too (NĐ 61/2018/NĐ-CP article 19 clause 6).
    const resultsTo = branch.id === "0" ? [] : [record.desk];
    const said = await this.#say(branch.holder, [branch], atMs, step.id, {
      $case: "complete",
      value: { step: step.id, outcome, documents, resultsTo },
    });
    branch.head = said.hash;
    branch.state = "completed";
    branch.documents = [...branch.documents, ...documents];
    branch.edgeBack = back?.id ?? "";
    record.wentBack ||= back !== null;
    record.rejected ||= rejects;
    const dueMs = this.#choices.passedOnAt(atMs, branch.id, step.id, visit);
    this.#schedule(dueMs, { kind: "pass on", branch: branch.id });
  }

  async #passOn(branch: BranchRecord, atMs: number): Promise<void> {
    const { route } = this.record;
    if (this.#step(branch.step).end) return await this.#returnToCitizen(branch, atMs);
    const back = route.edge(branch.edgeBack);
    branch.edgeBack = "";
    if (back !== undefined) return await this.#forward(branch, [back], atMs);
    const edges = route.edgesFrom(branch.step).filter((edge) => edge.kind === EdgeKind.EDGE_KIND_FORWARD);
    const first = edges[0];
    if (first === undefined) throw new Error(`Route ${route.id} leads nowhere from step ${branch.step}.`);
    const fork = first.fork === "" ? undefined : route.fork(branch.step, first.fork);
    await this.#forward(branch, fork?.required ?? [first], atMs);
  }

  async #forward(branch: BranchRecord, edges: readonly RouteEdge[], atMs: number): Promise<void> {
    const { plan } = this.record;
    const targets = await Promise.all(
      edges.map(async (edge): Promise<ForwardBranch> => {
        const child = edge.fork === "" ? branch.id : `${branch.id}.${this.#count("child", branch.id)}`;
        const receiver = await this.#player(this.#step(edge.to));
        return {
          branch: child,
          step: edge.to,
          edge: edge.id,
          receiver,
          documents: documentsShownAt(plan.procedure, edge.to, branch.documents),
          dueTime: undefined,
          copies: [],
        };
      }),
    );
    await this.#handOver(branch, targets, atMs);
  }

  async #forwardAgain(branch: BranchRecord, atMs: number): Promise<void> {
    const refused = branch.handoff;
    if (refused === null) throw new Error(`Branch ${branch.id} of ${this.record.plan.code} was never handed over.`);
    const { step, edge, receiver, attempt } = refused;
    const supplement = supplementDocument(this.#choices.random("supplement", branch.id, step, attempt), atMs);
    const documents: Document[] = [...branch.documents, supplement];
    const target = { branch: branch.id, step, edge, receiver, documents, dueTime: undefined, copies: [] };
    await this.#handOver(branch, [target], atMs);
  }

  /** Offers custody, and waits until every receiver's system has it. */
  async #handOver(branch: BranchRecord, targets: readonly ForwardBranch[], atMs: number): Promise<void> {
    const { plan, branches } = this.record;
    const sender = branch.holder;
    const said = await this.#say(sender, [branch], atMs, targets[0]?.step ?? "", {
      $case: "forward",
      value: { branches: [...targets] },
    });
    this.#letGo(branch, atMs);
    const isFork = targets[0]?.branch !== branch.id;
    if (isFork) {
      branch.state = "forked";
      branch.head = said.hash;
      branch.children = targets.map((target) => target.branch);
    }
    for (const target of targets) {
      const offered = isFork ? newBranch(target.branch, sender, branch.step, said.hash, target.documents) : branch;
      offered.stateBefore = branch.state === "working" ? "working" : "completed";
      offered.state = "handed over";
      offered.head = said.hash;
      offered.documents = target.documents;
      const attempt = this.#count("offer", target.branch, target.step);
      const receiver = target.receiver as Addressee;
      offered.handoff = { edge: target.edge, step: target.step, receiver, forwardedMs: atMs, attempt };
      branches.set(offered.id, offered);
      this.#on.figures.handedOver(plan.procedure, target.edge);
    }
    const receivers = new Set(targets.map((target) => target.receiver?.agency ?? ""));
    await Promise.all(
      [...receivers].map(async (agency) => {
        this.#handoffReached(await this.#on.deliveries.delivered(agency, said.leafIndex));
      }),
    );
  }

  /** A receiver's system has a forward: somebody will look at it. */
  #handoffReached(delivery: Delivery): void {
    const event = readEvent(delivery.event);
    const what = event.body.$case === "statement" ? event.body.statement.what : undefined;
    if (what?.$case !== "forward") throw new Error(`Log entry ${delivery.leafIndex} is not the forward it should be.`);
    const { fate } = this.record.plan;
    for (const offered of what.value.branches) {
      if (offered.receiver?.agency !== delivery.agency) continue;
      const branch = this.#branch(offered.branch);
      branch.head = leafHash(delivery.event);
      if (branch.handoff === null || (fate.kind === "waiting" && fate.step === offered.step)) continue;
      const { forwardedMs, attempt } = branch.handoff;
      const dueMs = this.#choices.answeredAt(forwardedMs, branch.id, offered.step, attempt);
      this.#schedule(dueMs, { kind: "answer", branch: branch.id });
    }
  }

  async #answer(branch: BranchRecord, atMs: number): Promise<void> {
    const { plan } = this.record;
    const { figures } = this.#on;
    const offer = branch.handoff;
    if (offer === null) throw new Error(`Branch ${branch.id} of ${plan.code} has no handoff to answer.`);
    const { edge, step, receiver, attempt } = offer;
    const handoff = { forward: branch.head, branch: branch.id };
    const reason = this.#refusal(branch.id, step, attempt);
    if (reason === null) {
      const said = await this.#say(receiver, [branch], atMs, step, { $case: "acknowledge", value: { handoff } });
      figures.acknowledged(plan.procedure, edge, offer.forwardedMs, atMs);
      Object.assign(branch, { state: "working", holder: receiver, step, head: said.hash, takenUp: { edge, atMs } });
      return this.#takeUp(branch, atMs);
    }
    const said = await this.#say(receiver, [branch], atMs, step, {
      $case: "refuse",
      value: { handoff, reason, documents: [] },
    });
    figures.refused(plan.procedure, edge, reason);
    this.record.refusals++;
    const sender = branch.holder.agency;
    const delivery = await this.#on.deliveries.delivered(sender, said.leafIndex);
    Object.assign(branch, { state: branch.stateBefore, head: leafHash(delivery.event) });
    this.#schedule(this.#choices.correctedAt(atMs, branch.id, step, attempt), {
      kind: "forward again",
      branch: branch.id,
    });
  }

  #refusal(branch: string, step: string, attempt: number): RefusalReason | null {
    if (this.record.plan.refusedAtStep === step && attempt === 1) return RefusalReason.REFUSAL_REASON_INCOMPLETE;
    return this.#choices.refusal(branch, step, attempt);
  }

  async #join(parent: BranchRecord, atMs: number): Promise<void> {
    const children = parent.children.map((child) => this.#branch(child));
    const { holder, step } = children[0] as BranchRecord;
    const said = await this.#say(holder, children, atMs, step, { $case: "join", value: { into: parent.id, step } });
    const documents = new Map(children.flatMap((child) => child.documents).map((paper) => [paper.documentId, paper]));
    for (const child of children) {
      this.#letGo(child, atMs);
      Object.assign(child, { state: "joined", head: said.hash });
    }
    Object.assign(parent, { state: "working", holder, step, head: said.hash, children: [], takenUp: null });
    parent.documents = [...documents.values()];
    this.#takeUp(parent, atMs);
  }

  async #returnToCitizen(branch: BranchRecord, atMs: number): Promise<void> {
    const { plan, rejected } = this.record;
    const said = await this.#say(branch.holder, [branch], atMs, branch.step, {
      $case: "return",
      value: {
        outcome: rejected ? Outcome.OUTCOME_REJECTED : Outcome.OUTCOME_GRANTED,
        channel: this.#channel(),
        documents: [],
      },
    });
    this.#letGo(branch, atMs);
    Object.assign(branch, { state: "returned", head: said.hash });
    this.record.returned = true;
    this.#on.figures.returned(plan.procedure);
  }

  async #say(
    author: Addressee,
    on: readonly BranchRecord[],
    atMs: number,
    step: string,
    what: NonNullable<Parameters<ScenarioPens["say"]>[0]["what"]>,
  ): Promise<Said> {
    const branch = on[0]?.id ?? "0";
    const said = await this.#on.pens.say({
      author,
      dossier: this.record.plan.code,
      prior: on.map(({ id, head }) => ({ branch: id, head })),
      what,
      atMs,
      act: `${what.$case}/${branch}/${step}/${this.#count("said", what.$case, branch, step)}`,
    });
    this.#on.onSaid(said);
    return said;
  }

  /** The holder passes on what came to it by a handoff. */
  #letGo(branch: BranchRecord, atMs: number): void {
    if (branch.takenUp !== null) {
      this.#on.figures.held(this.record.plan.procedure, branch.takenUp.edge, branch.takenUp.atMs, atMs);
    }
    branch.takenUp = null;
  }

  #schedule(dueMs: number, act: Act): void {
    const branch = "branch" in act ? act.branch : "into" in act ? act.into : "0";
    this.#on.schedule(dueMs, `${this.record.plan.code} ${branch} ${act.kind}`, act, this);
  }

  #player(step: RouteStep): Promise<Addressee> {
    return this.#on.roles.player(step.role, this.record.plan.ward.areaCode, this.record.plan.procedure);
  }

  #channel(): Channel {
    const online = this.#choices.random("channel").chance(0.6);
    return online ? Channel.CHANNEL_ONLINE : Channel.CHANNEL_IN_PERSON;
  }

  /** Counts, from 1, how often this was asked with the same name. */
  #count(...name: readonly string[]): number {
    const key = name.join("/");
    const count = (this.record.counts.get(key) ?? 0) + 1;
    this.record.counts.set(key, count);
    return count;
  }

  #parentOf(branch: BranchRecord): BranchRecord | undefined {
    const dot = branch.id.lastIndexOf(".");
    return dot < 0 ? undefined : this.#branch(branch.id.slice(0, dot));
  }

  #branch(id: string): BranchRecord {
    const branch = this.record.branches.get(id);
    if (branch === undefined) throw new Error(`${this.record.plan.code} has no branch ${id}.`);
    return branch;
  }

  #step(id: string): RouteStep {
    const step = this.record.route.step(id);
    if (step === undefined) throw new Error(`Route ${this.record.route.id} has no step ${id}.`);
    return step;
  }
}
