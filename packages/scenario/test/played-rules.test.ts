import { timestampToMs } from "@lienthong/chassis/timestamp";
import {
  type DossierParties,
  type DossierState,
  endedHandoffs,
  evolveParties,
  hasEnded,
  openBranches,
} from "@lienthong/domain";
import { type ReadEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { beforeAll, describe, expect, test } from "vitest";
import { loadSeed, type Seed } from "../../../deploy/seed/load-seed.ts";
import { type ExampleKind, SCENARIO_END_MS, SCENARIO_START_MS, type ScenarioSummary } from "../src/index.ts";
import { workingCalendar } from "../src/working-calendar.ts";
import { RulesBus } from "./rules-bus.ts";

type Said = NonNullable<ReturnType<typeof saidIn>>;

let seed: Seed;
beforeAll(async () => {
  seed = await loadSeed();
});

describe.each([20_250_505, 2])("200 dossiers of seed %i", (number) => {
  let bus: RulesBus;
  let summary: ScenarioSummary;
  const said: Said[] = [];

  beforeAll(async () => {
    bus = new RulesBus(seed);
    summary = await bus.play({ dossiers: 200, seed: number });
    for (const bytes of bus.events) said.push(saidIn(bytes)!);
  });

  const count = (kind: Said["what"]["$case"]) => said.filter(({ what }) => what.$case === kind).length;

  test("say everything that the contract has, but erase", () => {
    const kinds = new Set(said.map(({ what }) => what.$case));
    const all: Said["what"]["$case"][] = ["open", "forward", "acknowledge", "refuse", "complete", "join", "return"];
    all.push("askRecall", "agreeRecall", "refuseRecall", "requestSupplement", "bringSupplement", "pause", "resume");
    all.push("extend", "assign", "withdraw", "stop", "consult");
    expect(kinds).toEqual(new Set(all));
  });

  test("a handoff is acknowledged in spite of a recall, and one dossier at least goes back over an edge", () => {
    const asked = new Map<string, Said["what"]["$case"]>();
    let overtaken = 0;
    for (const { dossier, what, branch } of said) {
      const before = asked.get(`${dossier} ${branch}`);
      if (before === "askRecall" && what.$case === "acknowledge") overtaken++;
      asked.set(`${dossier} ${branch}`, what.$case);
    }
    expect(overtaken).toBeGreaterThan(0);
    expect(summary.totals.stepsBack).toBeGreaterThan(0);
  });

  test("opinions are asked of several at once, and one of them leads", () => {
    const asked = said.flatMap(({ what }) => (what.$case === "consult" ? [what.value] : []));
    expect(asked.some(({ branches, leadBranch }) => branches.length >= 3 && leadBranch !== "")).toBe(true);
  });

  test("parallel results are sent to the next user and to the desk", () => {
    const told = said.filter(({ what }) => what.$case === "complete" && what.value.resultsTo.length > 0);
    expect(told.length).toBeGreaterThan(20);
  });

  test("a stop says that papers or money did not come, and both occur", () => {
    const reasons = new Set(said.flatMap(({ what }) => (what.$case === "stop" ? [what.value.reason] : [])));
    expect([...reasons].sort()).toEqual([1, 2]);
  });

  test("most dossiers run smoothly", () => {
    const odd = new Set(["refuse", "askRecall", "requestSupplement", "extend", "withdraw", "stop"]);
    const dossiers = new Set(said.filter(({ what }) => odd.has(what.$case)).map(({ dossier }) => dossier));
    expect(dossiers.size).toBeLessThan(80);
    expect(summary.totals.withdrawn + summary.totals.stopped).toBeLessThan(16);
  });

  test("every dossier has ended, or is listed with what is left to do", () => {
    const listed = new Set([...summary.waiting, ...summary.working].map(({ dossier }) => dossier));
    const ended = new Set([...summary.finished, ...summary.endedEarly].map(({ dossier }) => dossier));
    expect(bus.dossiers.size).toBe(200);
    for (const [code, { state }] of bus.dossiers) {
      expect(hasEnded(state)).toBe(ended.has(code));
      expect(listed.has(code)).toBe(!ended.has(code));
    }
    expect(listed.size).toBe(12);
    for (const { dossier, branch, receiver } of summary.waiting) {
      expect(branchOf(bus, dossier, branch)).toMatchObject({ state: "HANDED_OVER", pending: { receiver } });
    }
    for (const { dossier, branch, holder, step } of summary.working) {
      expect(branchOf(bus, dossier, branch)).toMatchObject({ holder, step });
    }
  });

  test("of each kind a dossier is named, and its trail has it", () => {
    const trailOf = (dossier: string) => said.filter((it) => it.dossier === dossier).map(({ what }) => what.$case);
    const shows: Record<ExampleKind, Said["what"]["$case"][]> = {
      "recall agreed": ["askRecall", "agreeRecall"],
      "recall refused": ["askRecall", "refuseRecall"],
      "recall overtaken": ["askRecall", "acknowledge"],
      "supplement brought": ["requestSupplement", "bringSupplement"],
      "supplement not brought": ["requestSupplement", "stop"],
      unpaid: ["pause", "stop"],
      extension: ["extend"],
      withdrawal: ["withdraw"],
      assignments: ["assign"],
      "step back": ["forward"],
      payment: ["pause", "resume"],
      opinions: ["consult"],
    };
    expect(new Set(summary.examples.map(({ what }) => what))).toEqual(new Set(Object.keys(shows)));
    for (const { what, dossier } of summary.examples) {
      expect(trailOf(dossier)).toEqual(expect.arrayContaining(shows[what]));
    }
  });

  test("a branch of a fork that was stopped is not waited for", () => {
    for (const { state } of bus.dossiers.values()) {
      const stopped = [...state.branches.values()].filter((it) => it.state === "STOPPED" && it.consultation === null);
      if (stopped.some(({ branch }) => branch !== "0")) expect(hasEnded(state)).toBe(true);
    }
  });

  test("figures agree with what was said", () => {
    const { totals, procedures } = summary;
    const offered = said.flatMap(({ what }) =>
      what.$case === "forward" || what.$case === "consult" ? what.value.branches : [],
    );
    expect(totals).toMatchObject({
      dossiers: count("open"),
      finished: count("return"),
      withdrawn: count("withdraw"),
      stopped: summary.endedEarly.filter(({ ending }) => ending === "stopped").length,
      handoffs: offered.length,
      refusals: count("refuse"),
      recalls: count("askRecall"),
      supplements: count("requestSupplement"),
      pauses: count("pause"),
      extensions: count("extend"),
      assignments: count("assign"),
      statements: said.length,
    });
    for (const key of ["dossiers", "handoffs", "refusals", "recalls", "supplements", "opinions", "open"] as const) {
      expect(procedures.reduce((sum, figures) => sum + figures[key], 0)).toBe(totals[key]);
    }
    for (const { hops, handoffs, refusals, recalls } of procedures) {
      expect(hops.reduce((sum, hop) => sum + hop.handoffs, 0)).toBe(handoffs);
      expect(hops.reduce((sum, hop) => sum + hop.refusals, 0)).toBe(refusals);
      expect(hops.reduce((sum, hop) => sum + hop.recalls, 0)).toBe(recalls);
    }
  });

  test("every handoff was answered, ended with its branch, or is still pending", () => {
    let ended = 0;
    const parties = new Map<string, DossierParties | null>();
    for (const bytes of bus.events) {
      const event = readEvent(bytes);
      const before = parties.get(event.dossier!) ?? null;
      ended += endedHandoffs(event, before).length;
      parties.set(event.dossier!, evolveParties(before, event, leafHash(bytes)));
    }
    const pending = [...bus.dossiers.values()].flatMap(({ state }) =>
      openBranches(state).filter((branch) => branch.pending !== null),
    );
    expect(summary.totals.handoffs).toBe(ended + pending.length);
    // What an agency that was asked for an opinion lets lie holds nobody up.
    expect(pending.filter(({ consultation }) => consultation === null)).toHaveLength(summary.waiting.length);
  });

  test("statements are made in office hours, in order, and before the districts end", () => {
    const calendar = workingCalendar(seed.calendar);
    const last = new Map<string, number>();
    for (const { dossier, statedMs } of said) {
      expect(statedMs).toBeGreaterThanOrEqual(last.get(dossier) ?? SCENARIO_START_MS);
      expect(statedMs).toBeLessThanOrEqual(SCENARIO_END_MS);
      // A span that ends with the morning ends at 12:00 sharp, hence the millisecond.
      expect(calendar.between(statedMs - 1, statedMs)).toBe(1);
      last.set(dossier, statedMs);
    }
  });
});

describe("plays", () => {
  test("the same options give the same play, byte for byte", async () => {
    const [one, other] = [new RulesBus(seed), new RulesBus(seed)];
    const [first, second] = [await one.play({ dossiers: 60, seed: 5 }), await other.play({ dossiers: 60, seed: 5 })];
    expect(second.procedures).toEqual(first.procedures);
    expect(second.waiting).toEqual(first.waiting);
    expect(other.dossiers.size).toBe(60);
    for (const [code, { events }] of one.dossiers) expect(other.dossiers.get(code)?.events).toEqual(events);
  });

  test("the same again on one bus says nothing new", async () => {
    const bus = new RulesBus(seed);
    const first = await bus.play({ dossiers: 100, seed: 9 });
    const events = bus.events.length;
    const again = await bus.play({ dossiers: 100, seed: 9 });
    expect(bus.events.length).toBe(events);
    expect(again.totals.repeated).toBe(first.totals.statements);
    expect(again.procedures).toEqual(first.procedures);
  });

  test.each([1, 2, 5, 20])("%i dossiers are played to the end, whatever the seed", async (dossiers) => {
    for (let number = 1; number <= 4; number++) {
      const bus = new RulesBus(seed);
      const { totals, waiting, working, finished, endedEarly } = await bus.play({ dossiers, seed: number });
      expect(totals).toMatchObject({ dossiers, open: dossiers < 2 ? 0 : 2 });
      expect(finished.length + endedEarly.length).toBe(totals.finished + totals.withdrawn + totals.stopped);
      if (dossiers < 2) continue;
      expect(waiting.length).toBeGreaterThan(0);
      expect(working.length).toBeGreaterThan(0);
    }
  });
});

function saidIn(bytes: Uint8Array) {
  const event: ReadEvent = readEvent(bytes);
  if (event.body.$case !== "statement") return null;
  const { what, dossier, prior, statedTime } = event.body.statement;
  return { what: what!, dossier, branch: prior[0]?.branch ?? "", statedMs: timestampToMs(statedTime!) };
}

function branchOf(bus: RulesBus, dossier: string, branch: string) {
  const state: DossierState | undefined = bus.dossiers.get(dossier)?.state;
  return state?.branches.get(branch);
}
