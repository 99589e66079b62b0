import { isDeepStrictEqual } from "node:util";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import { hashesEqual, sha256 } from "@lienthong/tlog";
import {
  audienceOf,
  type CustodyRow,
  custodyRow,
  custodyTable,
  type Decision,
  type DossierState,
  deliveredIsNews,
  endStates,
  hasEnded,
  heldStates,
} from "../src/index.ts";
import { branchesToActOn, type Draft, draftsOf, mutated, openDraft } from "./custody-drafts.ts";
import { CustodyReplay } from "./custody-replay.ts";
import { deepFreeze } from "./deep-freeze.ts";
import type { Dice } from "./dice.ts";
import { agencies, competent, routes, rulebook } from "./procedure-fixture.ts";
import { type Custody, type SaidStatement, say, statementIdOf, TrailRecorder } from "./trail-recorder.ts";

/** How often something happened, over all worlds of a run: a property that nothing put to the test would hold too. */
export type Tally = Map<string, number>;

/**
 * One dossier among agencies that say right things, wrong things and the same things again, with the invariants checked at
 * every step. A broken invariant throws.
 */
export class CustodyWorld {
  readonly recorder: TrailRecorder;
  readonly replay = new CustodyReplay();
  readonly accepted: { said: SaidStatement; number: number }[] = [];
  readonly refused: SaidStatement[] = [];
  readonly #ceased = new Set<string>();
  readonly #headsSeen: Uint8Array[] = [];
  readonly #tally: Tally;
  readonly #routeEntry: Uint8Array;
  readonly #route: CompiledRoute;
  #ids = 0;
  /** The state before the last "delivered", while no other event followed. */
  #undelivered: DossierState | null = null;

  constructor(custody: Custody, routeIndex: number, tally: Tally) {
    this.recorder = new TrailRecorder(custody);
    this.#tally = tally;
    const chosen = routes[routeIndex % routes.length]!;
    this.#routeEntry = chosen.entry;
    this.#route = chosen.route;
  }

  /** Something happens. */
  act(dice: Dice): void {
    const roll = dice.below(100);
    if (roll < 55) this.#sayValid(dice);
    else if (roll < 70) this.#sayMutant(dice);
    else if (roll < 80) this.#sayAnyCell(dice);
    else if (roll < 85) this.#repeat(dice);
    else if (roll < 88) this.#sayOtherBytes(dice);
    else if (roll < 92) this.#sayRefusedAgain(dice);
    else if (roll < 95) this.#deliver(dice);
    else if (roll < 97) this.#sayOnTheWrongDay(dice);
    else this.#moveRegistry(dice);
  }

  /** Every agency helps to end the dossier; fails if that cannot be done: no sequence of accepted statements is a dead end. */
  finish(dice: Dice): void {
    this.#ceased.clear();
    for (let steps = 0; steps < 80; steps++) {
      const state = this.recorder.state;
      if (state !== null && hasEnded(state)) return;
      const drafts = this.#drafts(dice);
      const onward = drafts.filter((draft) => draft.onward);
      if (onward.length === 0) throw new Error(`A dead end: ${describe(state)}`);
      this.#expectAccepted(this.#said(dice.pick(onward)));
    }
    throw new Error(`Not ended after 80 more statements: ${describe(this.recorder.state)}`);
  }

  /** What must hold of the whole trail. */
  checkTrail(): void {
    const { trail, state } = this.recorder;
    let previous = new Uint8Array(0);
    const fresh = new CustodyReplay();
    for (const [index, recorded] of trail.entries()) {
      const { header } = recorded.event;
      expectThat(header.number === BigInt(index + 1), "numbers go up by one");
      expectThat(hashesEqual(header.previous, previous), "each event names the one before it");
      previous = recorded.hash as Uint8Array<ArrayBuffer>;
      fresh.apply(recorded);
    }
    expectThat(state === null || state.number === trail.length, "the state has the number of the last event");
    expectThat(state === null || hashesEqual(state.lastEvent, previous), "the state has the hash of the last event");
    expectThat(isDeepStrictEqual(fresh.holders, this.replay.holders), "a replay of the trail gives the same holders");
    for (const { said, number } of this.accepted) this.#expectRepeat(said, number);
    this.#checkHandoffs();
  }

  /** Invariant 6: every handoff is pending and visible, or ended by an event that names it and reaches its sender. */
  #checkHandoffs(): void {
    const senders = new Map<string, string>();
    const senderOf = ({ forward }: { forward: Uint8Array }) => senders.get(Buffer.from(forward).toString("hex"));
    let pendingInTrail = 0;
    for (const { event, hash } of this.recorder.trail) {
      if (event.body.$case !== "statement" || event.body.statement.what?.$case !== "forward") continue;
      const { statement } = event.body;
      const sender = statement.author!.agency;
      const forward = Buffer.from(hash).toString("hex");
      senders.set(forward, sender);
      const audience = audienceOf(event, senderOf);
      for (const target of event.body.statement.what.value.branches) {
        const receiver = target.receiver!.agency;
        expectThat(
          audience.some((member) => member.agency === receiver && member.role === "receiver"),
          "a forward reaches each receiver",
        );
        const ended = this.replay.ended.get(`${forward}/${target.branch}`);
        if (ended === undefined) {
          pendingInTrail++;
          const pending = this.recorder.state?.branches.get(target.branch)?.pending;
          expectThat(
            pending != null && hashesEqual(pending.forward, hash),
            "an unanswered handoff is pending in the state",
          );
          continue;
        }
        expectThat(ended.sender === sender, "a handoff ends for the one who sent it");
        const told = audienceOf(ended.by.event, senderOf).some(({ agency }) => agency === sender);
        expectThat(told || receiver === sender, "the end of a handoff reaches its sender");
      }
    }
    const pendingInState = [...(this.recorder.state?.branches.values() ?? [])].filter(
      ({ pending }) => pending !== null,
    );
    expectThat(pendingInState.length === pendingInTrail, "no handoff is pending that the trail does not have");
  }

  #sayValid(dice: Dice): void {
    const drafts = this.#drafts(dice);
    if (drafts.length === 0) return;
    const draft = dice.pick(drafts);
    // Returning ends it all: two times out of three something else comes first.
    const goOn = draft.what.$case === "return" && dice.below(3) > 0;
    this.#expectAccepted(this.#said(goOn ? dice.pick(drafts) : draft));
  }

  #sayMutant(dice: Dice): void {
    const drafts = this.#drafts(dice);
    if (drafts.length === 0) return;
    this.#submit(this.#said(mutated(dice.pick(drafts), dice, this.recorder.state, this.#route, this.#headsSeen)));
  }

  /** Any row of the table, about any branch, by anyone: a cell picked blindly, with fresh priors. */
  #sayAnyCell(dice: Dice): void {
    const state = this.recorder.state;
    const row = dice.pick(custodyTable);
    const agency = dice.pick(agencies);
    if (row.statement === "open" || state === null) {
      this.#submit(this.#said({ ...openDraft(this.#routeEntry, this.#route, dice), agency }));
      return;
    }
    const branch = dice.pick([...state.branches.values()]);
    const drafts = draftsOf({ ...row, states: [branch.state] }, branch, state, this.#route, dice, new Set(), true);
    if (drafts.length === 0) return;
    const draft = dice.pick(drafts);
    this.#submit(this.#said(dice.below(2) === 0 ? draft : { ...draft, agency }));
  }

  #repeat(dice: Dice): void {
    if (this.accepted.length === 0) return;
    const { said, number } = dice.pick(this.accepted);
    this.#expectRepeat(said, number);
    this.#count("repeat");
  }

  #sayOtherBytes(dice: Dice): void {
    if (this.accepted.length === 0) return;
    const { said, number } = dice.pick(this.accepted);
    const statedTime = { seconds: said.statement.statedTime!.seconds + 1n, nanos: 0 };
    const other = restated({ ...said.statement, statedTime });
    const decision = this.#decide(other);
    expectThat(
      decision.kind === "refuse" && decision.reason === "STATEMENT_ID_REUSED" && decision.decidedBy === number,
      "other bytes under an id that had its effect are refused",
    );
    this.#count("refuse STATEMENT_ID_REUSED");
  }

  #sayRefusedAgain(dice: Dice): void {
    if (this.refused.length === 0) return;
    if (this.#submit(dice.pick(this.refused)).kind === "accept") this.#count("accepted after a refusal");
  }

  #deliver(dice: Dice): void {
    const { state, trail } = this.recorder;
    if (state === null) return;
    const offered = [...state.branches.values()].filter(({ pending }) => pending !== null);
    if (offered.length === 0) return;
    const branch = dice.pick(offered);
    // Now and then news of a handoff that is over, as a slow exchange might still write it.
    const forward = dice.below(8) === 0 ? dice.pick(trail).hash : branch.pending!.forward;
    const news = deliveredIsNews(state, forward, branch.branch);
    this.recorder.recordDelivered(forward, branch.branch, branch.pending!.receiver);
    const after = deepFreeze(this.recorder.state!);
    expectThat(
      after.branches.get(branch.branch)!.pending!.delivered === (news || branch.pending!.delivered),
      "delivered is seen",
    );
    expectThat(!deliveredIsNews(after, forward, branch.branch), "delivered is news once");
    for (const [id, { head }] of after.branches) {
      expectThat(hashesEqual(head, state.branches.get(id)!.head), "delivered moves no head");
    }
    this.#undelivered ??= state;
    this.#count("delivered");
  }

  /** The author is not in force, is refused, comes into force, and says the same bytes again. */
  #sayOnTheWrongDay(dice: Dice): void {
    const drafts = this.#drafts(dice);
    if (drafts.length === 0) return;
    const said = this.#said(dice.pick(drafts));
    const author = said.statement.author!.agency;
    this.#ceased.add(author);
    const decision = this.#submit(said);
    expectThat(
      decision.kind === "refuse" && decision.reason === "AGENCY_NOT_IN_FORCE",
      "who is not in force is refused",
    );
    this.#ceased.delete(author);
    this.#expectAccepted(said);
    this.#count("accepted after a refusal");
  }

  #moveRegistry(dice: Dice): void {
    const agency = dice.pick(agencies);
    if (!this.#ceased.delete(agency)) this.#ceased.add(agency);
  }

  #drafts(dice: Dice): Draft[] {
    const state = this.recorder.state;
    if (state === null) {
      const open = openDraft(this.#routeEntry, this.#route, dice);
      return this.#ceased.has(open.agency) ? [] : [open];
    }
    return branchesToActOn(state).flatMap((branch) =>
      custodyTable
        .filter((row) => row.statement === "join" || row.states.includes(branch.state))
        .flatMap((row) => draftsOf(row, branch, state, this.#route, dice, this.#ceased)),
    );
  }

  #said({ agency, prior, what }: Draft): SaidStatement {
    this.#ids++;
    return say(agency, statementIdOf(this.#ids), prior, what);
  }

  #expectAccepted(said: SaidStatement): void {
    const decision = this.#submit(said);
    if (decision.kind === "refuse") {
      throw new Error(`A statement that the table allows was refused: ${decision.reason} ${decision.message}`);
    }
  }

  #expectRepeat(said: SaidStatement, number: number): void {
    const decision = this.#decide(said);
    expectThat(
      decision.kind === "repeat" && decision.number === number,
      `an accepted statement said again gets event ${number} again`,
    );
  }

  #decide(said: SaidStatement): Decision {
    const rules = rulebook(this.#ceased);
    const decision = this.recorder.decide(said, rules);
    if (this.#undelivered !== null) {
      const without = this.recorder.decide(said, rules, this.#undelivered);
      expectThat(isDeepStrictEqual(decision, without), "no decision depends on delivered");
    }
    return decision;
  }

  #submit(said: SaidStatement): Decision {
    const before = this.recorder.state;
    const decision = this.#decide(said);
    this.#count(decision.kind === "refuse" ? `refuse ${decision.reason}` : decision.kind);
    if (decision.kind === "refuse") {
      expectThat(this.recorder.state === before, "a refused statement leaves no trace");
      if (!this.refused.includes(said)) this.refused.push(said);
      return decision;
    }
    if (decision.kind === "repeat") return decision;
    const row = this.#checkAllowed(said, before);
    const recorded = this.recorder.record(said);
    this.#undelivered = null;
    deepFreeze(recorded.event);
    const after = deepFreeze(this.recorder.state!);
    this.#headsSeen.push(recorded.hash);
    this.accepted.push({ said, number: this.recorder.trail.length });
    this.#count(`accept ${row.statement}`);
    this.replay.apply(recorded);
    this.#checkCustody(after);
    const acted = row.statement === "open" ? ["0"] : said.statement.prior.map((prior) => prior.branch);
    for (const branch of acted) {
      expectThat(
        row.leadsTo.includes(after.branches.get(branch)!.state),
        `${row.statement} leads where the table says`,
      );
    }
    this.#expectRepeat(said, this.recorder.trail.length);
    return decision;
  }

  /** The other direction: whatever was accepted, a row of the table allows. */
  #checkAllowed({ statement }: SaidStatement, state: DossierState | null): CustodyRow {
    const row = custodyRow(statement.what!.$case)!;
    const author = statement.author!.agency;
    expectThat(!this.#ceased.has(author) && agencies.includes(author), "who is accepted is in force");
    if (row.role === "opener") {
      const start = this.#route.startSteps[0]!;
      expectThat(state === null && competent[start.role]!.includes(author), "only a competent desk opens, once");
      return row;
    }
    expectThat(state !== null && statement.prior.length > 0, "only a dossier that was opened is acted on");
    for (const prior of statement.prior) {
      const branch = state!.branches.get(prior.branch)!;
      expectThat(hashesEqual(branch.head, prior.head), "what is accepted was said of the present head");
      expectThat(row.states.includes(branch.state), `${row.statement} is accepted in a state of its row`);
      const entitled = row.role === "holder" ? branch.holder : branch.pending?.receiver;
      expectThat(entitled === author, `${row.statement} is accepted from the ${row.role}`);
    }
    return row;
  }

  /** Invariant 3, against the independent replay. */
  #checkCustody(state: DossierState): void {
    expectThat(state.branches.size === this.replay.holders.size, "state and trail have the same branches");
    for (const [id, branch] of state.branches) {
      const holder = this.replay.holders.get(id);
      if (branch.state === "FORKED") {
        expectThat(holder === null && branch.holder === "", "a forked branch has no holder");
        expectThat(
          isDeepStrictEqual(branch.fork?.children, this.replay.children.get(id)),
          "its children are the fork's",
        );
        for (const child of branch.fork!.children) {
          expectThat(!endStates.has(state.branches.get(child)!.state), "no child ends while its parent is forked");
        }
      } else if (endStates.has(branch.state)) {
        expectThat(holder === undefined && branch.holder === "", "an ended branch has no holder");
      } else {
        expectThat(heldStates.has(branch.state) && branch.holder === holder, `branch ${id} has one holder, ${holder}`);
      }
      expectThat(branch.state === "FORKED" || branch.fork === null, "only a forked branch has a fork");
      const pending = this.replay.pending.get(id);
      const offered = branch.state === "HANDED_OVER" || branch.state === "RECALL_ASKED";
      expectThat(
        (branch.pending !== null) === offered && offered === (pending !== undefined),
        "what is offered is pending",
      );
      expectThat(branch.pending?.receiver === pending?.receiver, "a pending handoff is addressed as the forward said");
      expectThat(id === "0" || this.#parentIsForkedFor(state, id), "a live child has a forked parent");
    }
  }

  #parentIsForkedFor(state: DossierState, id: string): boolean {
    const parent = state.branches.get(id.slice(0, id.lastIndexOf(".")))!;
    const live = !endStates.has(state.branches.get(id)!.state);
    return live === (parent.fork?.children.includes(id) ?? false);
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }
}

function restated(statement: Statement): SaidStatement {
  const payload = Statement.encode(statement).finish();
  return { statement, payload, digest: sha256(payload) };
}

function expectThat(holds: boolean, promise: string): void {
  if (!holds) throw new Error(`Broken: ${promise}.`);
}

function describe(state: DossierState | null): string {
  const branches = [...(state?.branches.values() ?? [])];
  return branches.map(({ branch, state: is, holder, step }) => `${branch} ${is} ${holder} @${step}`).join("; ");
}
