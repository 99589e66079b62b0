import { localDate, timestampToMs } from "@lienthong/chassis/timestamp";
import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import { BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { type DossierState, decide, evolve, hasEnded, type Rulebook } from "@lienthong/domain";
import { type ReadEvent, readEvent } from "@lienthong/statement";
import { hashesEqual, leafHash, sha256 } from "@lienthong/tlog";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SCENARIO_END_MS, SCENARIO_START_MS, type ScenarioProgress, type ScenarioSummary } from "../src/index.ts";
import { type PlayedBus, startPlayedBus } from "./played-bus.ts";

const playedWithinMs = 120_000;
const seed = 7;
/** As many as it takes for everything to be planned that can happen. */
const dossiers = 100;

describe("a play on a real bus", () => {
  let played: PlayedBus;
  let summary: ScenarioSummary;
  const progress: ScenarioProgress[] = [];
  const trails = new Map<string, Replayed>();

  beforeAll(async () => {
    played = await startPlayedBus();
    summary = await played.play({ dossiers, seed, onProgress: (told) => progress.push(told) });
    const all = [...summary.finished, ...summary.endedEarly, ...summary.waiting, ...summary.working];
    for (const { dossier, openedBy } of all) trails.set(dossier, await replay(played, dossier, openedBy));
  }, playedWithinMs);

  afterAll(() => played?.stop(), playedWithinMs);

  test("every dossier was opened, and every finished trail ends in the return to the citizen", () => {
    expect(trails.size).toBe(dossiers);
    for (const { dossier } of summary.finished) {
      const { state, events } = trails.get(dossier)!;
      expect(hasEnded(state)).toBe(true);
      expect(said(events.findLast((event) => event.body.$case === "statement"))).toBe("return");
    }
  });

  test("a dossier that ended early was withdrawn or stopped, and no branch of it is open", () => {
    expect(summary.endedEarly.map(({ ending }) => ending)).toEqual(expect.arrayContaining(["withdrawn", "stopped"]));
    for (const { dossier } of summary.endedEarly) expect(hasEnded(trails.get(dossier)!.state)).toBe(true);
  });

  test("everything that can happen does: recalls, papers, payment, extension, opinions, units, ways back", () => {
    const kinds = new Set([...trails.values()].flatMap(({ events }) => events).map(said));
    const expected = ["refuse", "askRecall", "agreeRecall", "refuseRecall", "requestSupplement", "bringSupplement"];
    expected.push("pause", "resume", "extend", "assign", "consult", "join", "withdraw", "stop");
    for (const kind of expected) expect(kinds).toContain(kind);
    expect(summary.totals.stepsBack).toBeGreaterThan(0);
  });

  test("what is reported as open is what the exchange shows: one handoff to answer, one branch to work at", async () => {
    const { waiting, working } = summary.shown;
    if (waiting === null || working === null) throw new Error("The play left nothing to act upon.");
    const ask = async (dossier: string, agency: string, branch: string) => {
      const exchange = played.connectionFor(agency).exchange;
      const shown = await exchange.getDossier({ shard: played.bus.shard.name, dossier, agency });
      return shown.branches.find((candidate) => candidate.branch === branch);
    };
    expect(await ask(waiting.dossier, waiting.receiver, waiting.branch)).toMatchObject({
      state: BranchState.BRANCH_STATE_HANDED_OVER,
      holder: waiting.sender,
      pending: { receiver: { agency: waiting.receiver, unit: waiting.receiverUnit }, step: waiting.step },
    });
    expect(await ask(working.dossier, working.holder, working.branch)).toMatchObject({
      state: BranchState.BRANCH_STATE_WORKING,
      holder: working.holder,
      unit: working.holderUnit,
      step: working.step,
    });
  });

  test("of all handoffs, those that the plan leaves in the inbox are handed to whoever subscribes next", async () => {
    const left = summary.waiting.filter(({ settled }) => !settled);
    expect(left.length).toBeGreaterThan(0);
    for (const { receiver } of left) {
      const handed = new Set<string>();
      const expected = left.filter((handoff) => handoff.receiver === receiver).map(({ dossier }) => dossier);
      const complete = Promise.withResolvers<void>();
      const subscription = played
        .connectionFor(receiver)
        .delivery.receive({ shard: played.bus.shard.name, agencies: [receiver] }, (deliveries) => {
          const forwards = deliveries.filter(({ role }) => role === DeliveryRole.DELIVERY_ROLE_RECEIVER);
          for (const { event } of forwards) handed.add(readEvent(event).dossier ?? "");
          if (expected.every((dossier) => handed.has(dossier))) complete.resolve();
        });
      await complete.promise;
      await subscription.close();
      expect([...handed].sort()).toEqual(expected);
    }
  });

  test("the summary adds up with the trails", () => {
    const statements = [...trails.values()].flatMap(({ events }) => events).flatMap((event) => said(event) ?? []);
    const handedOver = [...trails.values()].flatMap(({ events }) => events).flatMap(forwardedBranches);
    const count = (kind: string) => statements.filter((what) => what === kind).length;
    const { totals, procedures } = summary;
    expect(totals).toMatchObject({
      dossiers: count("open"),
      finished: count("return"),
      withdrawn: count("withdraw"),
      open: dossiers - count("return") - summary.endedEarly.length,
      handoffs: handedOver.length,
      refusals: count("refuse"),
      recalls: count("askRecall"),
      supplements: count("requestSupplement"),
      pauses: count("pause"),
      extensions: count("extend"),
      assignments: count("assign"),
      statements: statements.length,
      repeated: 0,
    });
    // What else was offered ended with its branch: opinions that nobody gave, offers of dossiers that were withdrawn.
    const answered = count("acknowledge") + count("refuse") + count("agreeRecall");
    expect(totals.handoffs).toBeGreaterThanOrEqual(answered + summary.waiting.length);
    const sumOf = (of: (figures: ScenarioSummary["procedures"][number]) => number) =>
      procedures.reduce((sum, figures) => sum + of(figures), 0);
    expect(sumOf((figures) => figures.dossiers)).toBe(dossiers);
    expect(sumOf((figures) => figures.returned)).toBe(totals.finished);
    expect(sumOf((figures) => figures.handoffs)).toBe(totals.handoffs);
    for (const { hops, handoffs, refusals } of procedures) {
      expect(hops.reduce((sum, hop) => sum + hop.handoffs, 0)).toBe(handoffs);
      expect(hops.reduce((sum, hop) => sum + hop.refusals, 0)).toBe(refusals);
    }
  });

  test("more than ten procedures are played, and a fork with a refusal is there to be shown", () => {
    expect(summary.procedures.length).toBeGreaterThan(10);
    expect(summary.shown.finished).toMatchObject({ procedure: "birth-group-nd63" });
    const { events } = trails.get(summary.shown.finished!.dossier)!;
    expect(events.map(said)).toEqual(expect.arrayContaining(["forward", "refuse", "join", "return"]));
  });

  test("statements are stated in office hours of the simulated weeks, never before the event they follow", () => {
    for (const { events } of trails.values()) {
      let lastMs = SCENARIO_START_MS;
      for (const event of events) {
        if (event.body.$case !== "statement") continue;
        const statedMs = timestampToMs(event.body.statement.statedTime!);
        expect(statedMs).toBeGreaterThanOrEqual(lastMs);
        expect(statedMs).toBeLessThanOrEqual(SCENARIO_END_MS);
        expect(statedMs).toBeLessThanOrEqual(timestampToMs(event.header.recordedTime!));
        lastMs = statedMs;
      }
    }
  });

  test("the one-stop desk opens, and units sign where the route's role has one", () => {
    const opened = trails.get(summary.shown.finished!.dossier)!.events[0];
    expect(opened?.body.$case === "statement" && opened.body.statement.author?.unit).toMatch(/-mot-cua$/);
  });

  test("progress never goes back and ends with everything opened", () => {
    expect(progress[0]).toMatchObject({ phase: "preparing", dossiersOpened: 0, dossiersTotal: dossiers });
    expect(progress.at(-1)).toMatchObject({
      phase: "finished",
      dossiersOpened: dossiers,
      dossiersFinished: summary.totals.finished,
      statements: summary.totals.statements,
      handoffs: summary.totals.handoffs,
    });
    for (const [index, told] of progress.entries()) {
      expect(told.statements).toBeGreaterThanOrEqual(progress[index - 1]?.statements ?? 0);
    }
  });

  test("the same play again says nothing new and comes to the same", { timeout: playedWithinMs }, async () => {
    const again = await played.play({ dossiers, seed });
    expect(again.totals).toMatchObject({ statements: summary.totals.statements, repeated: summary.totals.statements });
    expect(again.totals.events).toBe(0);
    expect(again.procedures).toEqual(summary.procedures);
    expect(again.waiting).toEqual(summary.waiting);
  });

  test("another play on the same shard is refused with what to do", { timeout: playedWithinMs }, async () => {
    await expect(played.play({ dossiers, seed: seed + 1 })).rejects.toThrow(/empty data folder/);
  });

  test("a play cut short, with the bus restarted, is continued to the same end", {
    timeout: playedWithinMs,
  }, async () => {
    const other = await startPlayedBus();
    try {
      const cut = new AbortController();
      const why = new Error("cut short");
      let signed = 0;
      // In the middle of a slot: some of its statements are under way, others were never sent.
      const keysFor = (agency: string) => {
        if (++signed === Math.floor(summary.totals.statements / 2)) cut.abort(why);
        return other.keysFor(agency);
      };
      await expect(other.play({ dossiers, seed, signal: cut.signal, keysFor })).rejects.toBe(why);
      await other.restart();
      const continued = await other.play({ dossiers, seed });
      expect(continued.totals.repeated).toBeGreaterThan(0);
      expect(continued.totals.repeated).toBeLessThan(continued.totals.statements);
      expect(continued.procedures).toEqual(summary.procedures);
      expect(continued.waiting).toEqual(summary.waiting);
      expect(continued.working).toEqual(summary.working);
    } finally {
      await other.stop();
    }
  });
});

interface Replayed {
  readonly events: readonly ReadEvent[];
  readonly state: DossierState;
}

/** Reads a trail through the API and decides every statement of it anew. */
async function replay(played: PlayedBus, dossier: string, openedBy: string): Promise<Replayed> {
  const exchange = played.connectionFor(openedBy).exchange;
  const trail = await exchange.getTrail({ shard: played.bus.shard.name, dossier, agency: openedBy });
  let state: DossierState | null = null;
  const events: ReadEvent[] = [];
  for (const { event: bytes, hash } of trail) {
    const event = readEvent(bytes);
    expect(hashesEqual(leafHash(bytes), hash)).toBe(true);
    expect(hashesEqual(event.header.previous, state?.lastEvent ?? new Uint8Array(0))).toBe(true);
    if (event.body.$case === "statement") {
      const { statement, payload } = event.body;
      const rules = rulebook(played, localDate(event.header.recordedTime!));
      expect(decide(state, statement, sha256(payload), rules)).toEqual({ kind: "accept" });
    }
    state = evolve(state, event, leafHash(bytes));
    events.push(event);
  }
  if (state === null) throw new Error(`The trail of ${dossier} is empty.`);
  return { events, state };
}

/** The registry as the table's rules ask it. */
function rulebook({ bus }: PlayedBus, date: string): Rulebook {
  const { state } = bus.registry;
  const hex = (entry: Uint8Array) => Buffer.from(entry).toString("hex");
  const status = (id: string, known: boolean) =>
    known ? (state.isInForce(id, date) ? "in force" : "not in force") : "unknown";
  return {
    shardClosed: false,
    procedureKey: (entry) => state.procedureByEntry(hex(entry))?.record.key,
    route: (entry) => state.routeByEntry(hex(entry))?.compiled,
    hasCalendar: (entry) => state.calendarByEntry(hex(entry)) !== undefined,
    agencyStatus: (agency) => status(agency, state.agency(agency) !== undefined),
    unitStatus: (unit, agency) => status(unit, state.unit(unit)?.record.agency === agency),
    areaExists: (areaCode) => state.areaChain(areaCode, date).length > 0,
    competentAgencies: (question) => state.resolveRole({ ...question, date }).candidates.map(({ agency }) => agency),
    isCompetent: (question) => state.isCompetent({ ...question, unit: "", date }),
  };
}

/** What a statement says; undefined for what the bus says. */
function said(event: ReadEvent | undefined): string | undefined {
  return event?.body.$case === "statement" ? event.body.statement.what?.$case : undefined;
}

function forwardedBranches(event: ReadEvent): string[] {
  const what = event.body.$case === "statement" ? event.body.statement.what : undefined;
  return what?.$case === "forward" || what?.$case === "consult" ? what.value.branches.map(({ branch }) => branch) : [];
}
