import { isDeepStrictEqual } from "node:util";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import { hashesEqual, sha256 } from "@lienthong/tlog";
import {
  type BranchCustody,
  type CustodyRole,
  type CustodyRow,
  custodyRow,
  custodyTable,
  type Decision,
  type DossierState,
  deliveredIsNews,
  endStates,
  hasEnded,
  partiesFromJson,
  partiesToJson,
} from "../src/index.ts";
import { checkCustody, checkHandoffs, checkHeads, checkParties, expectThat } from "./custody-checks.ts";
import { branchesToActOn, type Draft, draftsOf, openDraft, playerOf } from "./custody-drafts.ts";
import { mutated } from "./custody-mutants.ts";
import { CustodyReplay } from "./custody-replay.ts";
import { deepFreeze } from "./deep-freeze.ts";
import type { Dice } from "./dice.ts";
import { agencies, competent, routes, rulebook } from "./procedure-fixture.ts";
import { type Custody, type SaidStatement, say, statementIdOf, TrailRecorder } from "./trail-recorder.ts";

/** Who may stand to a branch; "stranger": none of the table's roles. */
export type CellRole = CustodyRole | "stranger";
const cellRoles: readonly CellRole[] = ["holder", "receiver", "sender", "desk", "stranger"];

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
  readonly #custody: Custody;
  readonly #tally: Tally;
  readonly #routeEntry: Uint8Array;
  readonly #route: CompiledRoute;
  #ids = 0;
  /** The state before the last "delivered", while no other event followed. */
  #undelivered: DossierState | null = null;

  constructor(custody: Custody, routeIndex: number, tally: Tally) {
    this.recorder = new TrailRecorder(custody);
    this.#custody = custody;
    this.#tally = tally;
    const chosen = routes[routeIndex % routes.length]!;
    this.#routeEntry = chosen.entry;
    this.#route = chosen.route;
  }

  /** Something happens. */
  act(dice: Dice): void {
    const roll = dice.below(100);
    if (roll < 57) this.#sayValid(dice);
    else if (roll < 68) this.#sayMutant(dice);
    else if (roll < 78) this.#sayAnyCells(dice);
    else if (roll < 84) this.#repeat(dice);
    else if (roll < 88) this.#sayOtherBytes(dice);
    else if (roll < 92) this.#sayRefusedAgain(dice);
    else if (roll < 95) this.#deliver(dice);
    else if (roll < 97) this.#sayOnTheWrongDay(dice);
    else this.#moveRegistry(dice);
  }

  /** Every agency helps to end the dossier; fails if that cannot be done: no sequence of accepted statements is a dead end. */
  finish(dice: Dice): void {
    this.#ceased.clear();
    for (let steps = 0; steps < 160; steps++) {
      const state = this.recorder.state;
      if (state !== null && hasEnded(state)) return;
      const drafts = this.#drafts(dice);
      const onward = drafts.filter((draft) => draft.onward);
      if (onward.length === 0) throw new Error(`A dead end: ${describe(state)}`);
      this.#expectAccepted(this.#said(dice.pick(onward)));
    }
    throw new Error(`Not ended after 160 more statements: ${describe(this.recorder.state)}`);
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
    checkHandoffs(this.recorder, this.replay, this.#custody);
    const { parties } = this.recorder;
    if (parties === null) return;
    expectThat(isDeepStrictEqual(partiesFromJson(partiesToJson(parties)), parties), "parties survive as text");
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

  /** Any row of the table, about any branch, by anyone: cells picked blindly, with fresh priors. */
  #sayAnyCells(dice: Dice): void {
    for (let cells = 0; cells < 4; cells++) this.#sayAnyCell(dice);
  }

  #sayAnyCell(dice: Dice): void {
    const state = this.recorder.state;
    const row = dice.pick(custodyTable);
    if (state === null) {
      this.#submit(this.#said({ ...openDraft(this.#routeEntry, this.#route, dice), agency: dice.pick(agencies) }));
      return;
    }
    // By state first: most branches are in the states that most branches are in. Few are ever JOINED.
    const byState = Map.groupBy(state.branches.values(), (other) => other.state);
    const joined = dice.below(3) === 0 ? byState.get("JOINED") : undefined;
    const branch = dice.pick(joined ?? dice.pick([...byState.values()]));
    const drafts =
      row.statement === "open"
        ? [openDraft(this.#routeEntry, this.#route, dice)]
        : draftsOf({ ...row, states: [branch.state] }, branch, state, this.#route, dice, new Set(), true);
    if (drafts.length === 0) return;
    // Whoever may end the dossier seldom does, or the sequences would be short.
    const ends = row.statement === "stop" || row.statement === "withdraw";
    const role = ends && !endStates.has(branch.state) && dice.below(4) > 0 ? "stranger" : dice.pick(cellRoles);
    const players = agencies.filter((name) => rolesOf(name, branch, state).includes(role));
    const agency = dice.pick(players.length > 0 ? players : dice.below(2) === 0 ? [state.openedBy] : agencies);
    this.#submit(this.#said({ ...dice.pick(drafts), agency }));
  }

  /** The cells of the table that a statement with fresh priors by an author in force is about. */
  #countCells({ statement }: SaidStatement, state: DossierState | null): void {
    const row = custodyRow(statement.what!.$case)!;
    const author = statement.author!.agency;
    if (state === null || this.#ceased.has(author)) return;
    const named = statement.prior.map(({ branch, head }) => {
      const found = state.branches.get(branch);
      return found !== undefined && hashesEqual(found.head, head) ? found : undefined;
    });
    const about = row.branches === "none" ? [...state.branches.values()] : named;
    if (about.includes(undefined)) return;
    for (const branch of about as BranchCustody[]) {
      for (const role of rolesOf(author, branch, state)) this.#count(`cell ${row.statement} ${branch.state} ${role}`);
    }
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
    this.#countCells(said, before);
    this.#count(decision.kind === "refuse" ? `refuse ${decision.reason}` : decision.kind);
    if (decision.kind === "refuse") {
      expectThat(this.recorder.state === before, "a refused statement leaves no trace");
      if (!this.refused.includes(said)) this.refused.push(said);
      return decision;
    }
    if (decision.kind === "repeat") return decision;
    const row = this.#checkAllowed(said, before);
    const partiesBefore = this.recorder.parties;
    const recorded = this.recorder.record(said);
    this.#undelivered = null;
    deepFreeze(recorded.event);
    const after = deepFreeze(this.recorder.state!);
    this.#headsSeen.push(recorded.hash);
    this.accepted.push({ said, number: this.recorder.trail.length });
    this.#count(`accept ${row.statement}`);
    this.replay.apply(recorded);
    checkCustody(after, this.replay);
    checkHeads(row, before, after);
    checkParties(this.recorder, this.#custody, partiesBefore, before);
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
    expectThat(state !== null, "only a dossier that was opened is acted on");
    expectThat(
      row.branches === "none" ? statement.prior.length === 0 : statement.prior.length > 0,
      "prior names the branches acted on",
    );
    if (row.role === "desk") expectThat(state!.openedBy === author, `${row.statement} is accepted from the desk`);
    for (const prior of statement.prior) {
      const branch = state!.branches.get(prior.branch)!;
      expectThat(hashesEqual(branch.head, prior.head), "what is accepted was said of the present head");
      expectThat(row.states.includes(branch.state), `${row.statement} is accepted in a state of its row`);
      const entitled = playerOf(row.role, branch, state!);
      expectThat(entitled === author, `${row.statement} is accepted from the ${row.role}`);
    }
    return row;
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }
}

/** Every role of the table that an agency has for a branch. */
export function rolesOf(agency: string, branch: BranchCustody, state: DossierState): CellRole[] {
  const roles = cellRoles.filter((role) => role !== "stranger" && playerOf(role, branch, state) === agency);
  return roles.length === 0 ? ["stranger"] : roles;
}

function restated(statement: Statement): SaidStatement {
  const payload = Statement.encode(statement).finish();
  return { statement, payload, digest: sha256(payload) };
}

function describe(state: DossierState | null): string {
  const branches = [...(state?.branches.values() ?? [])];
  return branches.map(({ branch, state: is, holder, step }) => `${branch} ${is} ${holder} @${step}`).join("; ");
}
