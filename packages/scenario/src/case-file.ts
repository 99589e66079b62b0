import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import { type Addressee, Channel } from "@lienthong/contracts/exchange/v1/statement";
import type { RouteStep } from "@lienthong/contracts/registry/v1/route";
import type { CaseChoices } from "./case-choices.ts";
import type { Act, BranchRecord, CaseRecord } from "./case-record.ts";
import type { OfficeBook } from "./office-book.ts";
import type { RoleBook } from "./role-book.ts";
import type { ScenarioFigures } from "./scenario-figures.ts";
import type { Said, ScenarioPens } from "./scenario-pens.ts";
import type { SystemDeliveries } from "./system-deliveries.ts";

/** What the play of a dossier stands on. */
export interface CaseWorld {
  readonly roles: RoleBook;
  readonly offices: OfficeBook;
  readonly pens: Pick<ScenarioPens, "say">;
  readonly deliveries: Pick<SystemDeliveries, "delivered">;
  readonly figures: ScenarioFigures;
  /** Puts an act on the agenda; `key` is unique among acts of one instant. */
  schedule(dueMs: number, key: string, act: Act, player: CasePlayer): void;
  onSaid(said: Said): void;
}

/** Who plays a dossier, as the agenda knows it. */
export interface CasePlayer {
  readonly record: CaseRecord;
  perform(act: Act, atMs: number): Promise<void>;
}

/** What is said, of any kind. */
export type What = NonNullable<Parameters<ScenarioPens["say"]>[0]["what"]>;

/** One dossier on the table: what is known of it, and the means by which its offices act. The rooms of a play share it. */
export class CaseFile {
  readonly record: CaseRecord;
  readonly choices: CaseChoices;
  readonly world: CaseWorld;
  /** A holder takes a branch up at its step, at a simulated instant. */
  readonly takeUp: (branch: BranchRecord, atMs: number) => void;
  readonly #player: CasePlayer;

  constructor(
    player: CasePlayer,
    choices: CaseChoices,
    world: CaseWorld,
    takeUp: (file: CaseFile, branch: BranchRecord, atMs: number) => void,
  ) {
    this.record = player.record;
    this.choices = choices;
    this.world = world;
    this.#player = player;
    this.takeUp = (branch, atMs) => takeUp(this, branch, atMs);
  }

  get procedure(): string {
    return this.record.plan.procedure;
  }

  /** Says it about these branches, each with its present head. Every branch that it moves must be given the hash as its new head. */
  async say(author: Addressee, on: readonly BranchRecord[], atMs: number, step: string, what: What): Promise<Said> {
    const branch = on[0]?.id ?? "0";
    const said = await this.world.pens.say({
      author,
      dossier: this.record.plan.code,
      prior: on.map(({ id, head }) => ({ branch: id, head })),
      what,
      atMs,
      act: `${what.$case}/${branch}/${step}/${this.count("said", what.$case, branch, step)}`,
    });
    this.world.onSaid(said);
    return said;
  }

  /** Waits until another agency's system was handed what somebody said; at once if it said it itself, which nobody tells it. */
  async told(agency: string, author: Addressee, said: Said): Promise<Delivery | null> {
    return agency === author.agency ? null : await this.world.deliveries.delivered(agency, said.leafIndex);
  }

  schedule(dueMs: number, act: Act): void {
    const branch = "branch" in act ? act.branch : "0";
    this.world.schedule(dueMs, `${this.record.plan.code} ${branch} ${act.kind}`, act, this.#player);
  }

  /** The holder passes on what came to it by a handoff. */
  letGo(branch: BranchRecord, atMs: number): void {
    const { takenUp, waits } = branch;
    if (takenUp !== null) this.world.figures.held(this.procedure, takenUp.edge, takenUp.atMs, atMs, waits);
    branch.takenUp = null;
    branch.visit = null;
    branch.waits = [];
  }

  /** Who does a step; where several may, always the same in one dossier. */
  async player(step: RouteStep): Promise<Addressee> {
    const players = await this.players(step);
    return this.choices.random("player", step.role).pick(players);
  }

  /** Everybody who may do a step, at least one. */
  players(step: RouteStep): Promise<readonly Addressee[]> {
    return this.world.roles.players(step.role, this.record.plan.ward.areaCode, this.procedure);
  }

  /** How the citizen deals with the desk. */
  channel(): Channel {
    const online = this.choices.random("channel").chance(0.6);
    return online ? Channel.CHANNEL_ONLINE : Channel.CHANNEL_IN_PERSON;
  }

  /** Counts, from 1, how often this was asked with the same name. */
  count(...name: readonly string[]): number {
    const key = name.join("/");
    const count = (this.record.counts.get(key) ?? 0) + 1;
    this.record.counts.set(key, count);
    return count;
  }

  parentOf(branch: BranchRecord): BranchRecord | undefined {
    const dot = branch.id.lastIndexOf(".");
    return dot < 0 ? undefined : this.branch(branch.id.slice(0, dot));
  }

  /** The branch is one of those that its parent is forked into. */
  isForked(branch: BranchRecord): boolean {
    return this.parentOf(branch)?.children.includes(branch.id) ?? false;
  }

  branch(id: string): BranchRecord {
    const branch = this.record.branches.get(id);
    if (branch === undefined) throw new Error(`${this.record.plan.code} has no branch ${id}.`);
    return branch;
  }

  step(id: string): RouteStep {
    const step = this.record.route.step(id);
    if (step === undefined) throw new Error(`Route ${this.record.route.id} has no step ${id}.`);
    return step;
  }
}
