import { type Complete, type Forward, type Open, Statement } from "@lienthong/contracts/exchange/v1/statement";
import { sha256 } from "@lienthong/tlog";
import { describe, expect, test } from "vitest";
import { audienceOfEvent, decide, evolve, hasEnded, type Rulebook } from "../src/index.ts";
import { entryHash, routes, rulebook } from "./procedure-fixture.ts";
import { type Says, say, saying, statementIdOf, TrailRecorder } from "./trail-recorder.ts";

const [chain, , nested] = routes;
const rules = rulebook();

function opened(routeEntry: Uint8Array = chain.entry, chosenEdges: string[] = []) {
  const recorder = new TrailRecorder();
  recorder.record(say("ward-1", statementIdOf(1), [], saying.open(routeEntry, "receive", chosenEdges)));
  return recorder;
}

/** The decision on a statement about branches as they are. */
function decision(
  recorder: TrailRecorder,
  agency: string,
  branches: string[],
  what: Says,
  book: Rulebook = rules,
  unit = "",
) {
  const prior = branches.map((branch) => ({ branch, head: recorder.state!.branches.get(branch)!.head }));
  const said = say(agency, statementIdOf(recorder.trail.length + 100), prior, what, unit);
  return { said, answer: recorder.decide(said, book) };
}

function accepted(recorder: TrailRecorder, agency: string, branches: string[], what: Says): Uint8Array {
  const { said, answer } = decision(recorder, agency, branches, what);
  expect(answer).toEqual({ kind: "accept" });
  return recorder.record(said).hash;
}

const toAppraise = (agency = "department-1", more: Partial<Forward["branches"][number]> = {}): Says => {
  const what = saying.forward({ branch: "0", step: "appraise", edge: "to-appraise", agency });
  if (what.$case === "forward") Object.assign(what.value.branches[0]!, more);
  return what;
};

describe("what opening a dossier needs", () => {
  const openWith = (changes: Partial<Open>): Says => {
    const what = saying.open(chain.entry, "receive");
    return { $case: "open", value: { ...(what.value as Open), ...changes } };
  };

  test.each([
    ["a procedure of the registry", { procedureEntry: entryHash(9) }, "PROCEDURE_UNKNOWN", "open.procedure_entry"],
    ["a route of the registry", { routeEntry: entryHash(9) }, "ROUTE_UNKNOWN", "open.route_entry"],
    ["a calendar of the registry", { calendarEntry: entryHash(9) }, "CALENDAR_UNKNOWN", "open.calendar_entry"],
    ["an area that exists", { areaCode: "99999" }, "AREA_UNKNOWN", "open.area_code"],
    ["a competent agency of the registry", { competentAgency: "nobody" }, "AGENCY_UNKNOWN", "open.competent_agency"],
    ["a start step", { step: "appraise" }, "STEP_OUT_OF_TURN", "open.step"],
    ["edges that are optional", { chosenEdges: ["to-appraise"] }, "STEP_OUT_OF_TURN", "open.chosen_edges[0]"],
  ] as const)("%s", (_, changes, reason, field) => {
    const said = say("ward-1", statementIdOf(1), [], openWith(changes as Partial<Open>));
    expect(decide(null, said.statement, said.digest, rules)).toMatchObject({ reason, field: `statement.${field}` });
  });

  test("a shard that is open, a competent desk, and no prior", () => {
    const open = openWith({});
    const ask = (agency: string, prior: { branch: string; head: Uint8Array }[], book = rules) => {
      const said = say(agency, statementIdOf(1), prior, open);
      return decide(null, said.statement, said.digest, book);
    };
    expect(ask("ward-1", [], rulebook(new Set(), true))).toMatchObject({ reason: "SHARD_CLOSED" });
    expect(ask("department-1", [])).toMatchObject({ reason: "AGENCY_NOT_COMPETENT", field: "statement.author.agency" });
    expect(ask("ward-1", [{ branch: "0", head: entryHash(1) }])).toMatchObject({
      reason: "FIELD_INVALID",
      field: "statement.prior",
    });
  });
});

describe("who takes part", () => {
  test.each([
    ["an author that the registry lacks", "nobody-knows", "", "AGENCY_UNKNOWN", "agency"],
    ["an author that is no longer in force", "ward-1", "", "AGENCY_NOT_IN_FORCE", "agency"],
    ["a unit of another agency", "ward-2", "ward-1-desk", "UNIT_UNKNOWN", "unit"],
    ["a unit that is no longer in force", "police-1", "police-1-counter", "AGENCY_NOT_IN_FORCE", "unit"],
  ])("%s", (_, agency, unit, reason, field) => {
    const book = rulebook(new Set(["ward-1", "police-1-counter"]));
    const { answer } = decision(opened(), agency, ["0"], toAppraise(), book, unit);
    expect(answer).toMatchObject({ reason, field: `statement.author.${field}` });
  });

  test.each([
    ["unknown", { agency: "nobody-knows", unit: "" }, "AGENCY_UNKNOWN", "agency"],
    ["no longer in force", { agency: "department-2", unit: "" }, "AGENCY_NOT_IN_FORCE", "agency"],
    ["with another's unit", { agency: "department-1", unit: "ward-1-desk" }, "UNIT_UNKNOWN", "unit"],
    ["with a unit no longer in force", { agency: "police-1", unit: "police-1-counter" }, "AGENCY_NOT_IN_FORCE", "unit"],
  ])("a receiver, a copy or a reader of the result that is %s is refused alike", (_, addressee, reason, field) => {
    const book = rulebook(new Set(["department-2", "police-1-counter"]));
    const recorder = opened();
    const ask = (what: Says) => decision(recorder, "ward-1", ["0"], what, book).answer;
    const branches = "statement.forward.branches[0]";
    expect(ask(toAppraise("", { receiver: addressee }))).toMatchObject({
      reason,
      field: `${branches}.receiver.${field}`,
    });
    expect(ask(toAppraise("department-1", { copies: [addressee] }))).toMatchObject({
      reason,
      field: `${branches}.copies[0].${field}`,
    });
    const complete = saying.complete("receive");
    const resultsTo = [{ agency: "ward-2", unit: "" }, addressee];
    expect(ask({ $case: "complete", value: { ...(complete.value as Complete), resultsTo } })).toMatchObject({
      reason,
      field: `statement.complete.results_to[1].${field}`,
    });
  });

  test("a retry is answered although its author has ended since", () => {
    const recorder = opened();
    const { said } = decision(recorder, "ward-1", ["0"], toAppraise());
    recorder.record(said);
    expect(recorder.decide(said, rulebook(new Set(["ward-1"])))).toEqual({ kind: "repeat", number: 2 });
  });
});

describe("a fork's child whose receiver refused", () => {
  /** receive is an end too; 0.1 was refused and is back at it. */
  function refusedChild() {
    const recorder = opened(nested.entry);
    const fork = accepted(
      recorder,
      "ward-1",
      ["0"],
      saying.forward(
        { branch: "0.1", step: "survey", edge: "to-survey", agency: "district-1" },
        { branch: "0.2", step: "tax", edge: "to-tax", agency: "department-1" },
      ),
    );
    accepted(recorder, "district-1", ["0.1"], saying.refuse(fork, "0.1"));
    return recorder;
  }

  test("is not returned to the citizen from the forking step: its fork could never be joined", () => {
    expect(decision(refusedChild(), "ward-1", ["0.1"], saying.return()).answer).toMatchObject({
      reason: "STEP_OUT_OF_TURN",
      field: "statement.return",
    });
  });

  test("is neither completed nor forked anew, and goes along its own edge to any competent receiver", () => {
    const recorder = refusedChild();
    expect(decision(recorder, "ward-1", ["0.1"], saying.complete("receive")).answer).toMatchObject({
      reason: "STEP_OUT_OF_TURN",
    });
    const fork = saying.forward(
      { branch: "0.1.1", step: "survey", edge: "to-survey", agency: "district-1" },
      { branch: "0.1.2", step: "tax", edge: "to-tax", agency: "department-1" },
    );
    expect(decision(recorder, "ward-1", ["0.1"], fork).answer).toMatchObject({ reason: "STEP_OUT_OF_TURN" });
    accepted(
      recorder,
      "ward-1",
      ["0.1"],
      saying.forward({ branch: "0.1", step: "survey", edge: "to-survey", agency: "ward-1" }),
    );
  });
});

describe("a fork", () => {
  const target = (branch: string, step: string, edge: string, agency: string) => ({ branch, step, edge, agency });
  const survey = target("0.1", "survey", "to-survey", "ward-1");
  const tax = target("0.2", "tax", "to-tax", "department-1");
  const straight = target("0.3", "gather", "straight", "ward-2");

  test.each([
    ["takes every edge that is not optional", [survey], [], "FORK_INCOMPLETE", "branches"],
    ["takes the optional edges that the citizen chose", [survey, tax], ["straight"], "FORK_INCOMPLETE", "branches"],
    ["takes an edge once", [survey, tax, { ...tax, branch: "0.4" }], [], "STEP_OUT_OF_TURN", "branches[2].edge"],
    ["names children of its branch", [survey, { ...tax, branch: "0.1.2" }], [], "BRANCH_INVALID", "branches[1].branch"],
    ["names each child once", [survey, { ...tax, branch: "0.1" }], [], "BRANCH_INVALID", "branches[1].branch"],
    ["reaches the step of its edge", [survey, { ...tax, step: "map" }], [], "STEP_OUT_OF_TURN", "branches[1].step"],
  ])("%s", (_, targets, chosen, reason, field) => {
    const recorder = opened(nested.entry, chosen);
    expect(decision(recorder, "ward-1", ["0"], saying.forward(...targets)).answer).toMatchObject({
      reason,
      field: `statement.forward.${field}`,
    });
  });

  test("of one edge has one child, and joining that one ends it", () => {
    const recorder = opened(nested.entry);
    const outer = accepted(recorder, "ward-1", ["0"], saying.forward(survey, tax));
    accepted(recorder, "ward-1", ["0.1"], saying.acknowledge(outer, "0.1"));
    const inner = accepted(recorder, "ward-1", ["0.1"], saying.forward(target("0.1.1", "map", "to-map", "police-1")));
    expect(recorder.state!.branches.get("0.1")!.state).toBe("FORKED");
    accepted(recorder, "police-1", ["0.1.1"], saying.acknowledge(inner, "0.1.1"));
    const done = accepted(
      recorder,
      "police-1",
      ["0.1.1"],
      saying.forward(target("0.1.1", "survey-done", "map-done", "district-1")),
    );
    accepted(recorder, "district-1", ["0.1.1"], saying.acknowledge(done, "0.1.1"));
    accepted(recorder, "district-1", ["0.1.1"], saying.join("0.1", "survey-done"));
    expect(recorder.state!.branches.get("0.1")).toMatchObject({ state: "WORKING", holder: "district-1" });
  });

  test("sends all its branches to one agency where they meet, offers included", () => {
    const recorder = opened(nested.entry);
    const fork = accepted(recorder, "ward-1", ["0"], saying.forward(survey, tax, straight));
    accepted(recorder, "department-1", ["0.2"], saying.acknowledge(fork, "0.2"));
    const gathered = (agency: string) => saying.forward(target("0.2", "gather", "tax-gathered", agency));
    expect(decision(recorder, "department-1", ["0.2"], gathered("ward-1")).answer).toMatchObject({
      reason: "AGENCY_NOT_COMPETENT",
      field: "statement.forward.branches[0].receiver.agency",
    });
    accepted(recorder, "ward-2", ["0.3"], saying.refuse(fork, "0.3"));
    // Nobody waits at the meeting place any more: another may be chosen.
    accepted(recorder, "department-1", ["0.2"], gathered("ward-1"));
    expect(decision(recorder, "ward-1", ["0.3"], saying.forward(straight)).answer).toMatchObject({
      reason: "AGENCY_NOT_COMPETENT",
    });
  });
});

describe("what evolve keeps", () => {
  test("hashes pinned from a Buffer are copies: the message they came in may be reused", () => {
    const said = say("ward-1", statementIdOf(1), [], saying.open(chain.entry, "receive"));
    const message = Buffer.from(said.payload);
    const recorder = opened();
    const { event, hash } = recorder.trail[0]!;
    const body = { $case: "statement" as const, statement: Statement.decode(message), payload: message };
    const state = evolve(null, { ...event, body }, hash);
    expect(state.statementIds.get("ward-1", statementIdOf(1))?.payloadDigest).toEqual(sha256(said.payload));
    message.fill(0);
    expect([...state.routeEntry]).toEqual([...chain.entry]);
  });

  test("a dossier has ended once every branch has", () => {
    const state = opened().state!;
    const root = state.branches.get("0")!;
    for (const [branchState, ended] of [
      ["WORKING", false],
      ["FORKED", false],
      ["RETURNED", true],
      ["WITHDRAWN", true],
      ["STOPPED", true],
    ] as const) {
      const branches = new Map([["0", { ...root, state: branchState }]]);
      expect(hasEnded({ ...state, branches })).toBe(ended);
    }
  });

  test("an event that cannot follow is a fault, not a state", () => {
    const recorder = opened();
    const { event, hash } = recorder.trail[0]!;
    const bus = new TrailRecorder();
    expect(() => bus.recordDelivered(hash, "0", "ward-1")).toThrow("must be an `open`");
    expect(() => recorder.recordDelivered(hash, "0.9", "ward-1")).toThrow("does not have");
    expect(() => evolve(null, { ...event, body: { $case: "shard", shard: { what: undefined } } }, hash)).toThrow(
      "no dossier",
    );
    expect(() =>
      recorder.record(say("ward-1", statementIdOf(3), [{ branch: "0", head: hash }], saying.acknowledge(hash, "0"))),
    ).toThrow("not pending");
  });
});

describe("whom an event reaches", () => {
  const forwardWith = (copies: string[]) =>
    toAppraise("department-1", { copies: copies.map((agency) => ({ agency, unit: "" })) });

  test("the receiver, and those named for a copy, each once and in the weightiest role; not the author", () => {
    const recorder = opened();
    accepted(recorder, "ward-1", ["0"], forwardWith(["ward-2", "department-1", "ward-1", "ward-2"]));
    expect(audienceOfEvent(recorder.trail.at(-1)!.event, null)).toEqual([
      { agency: "department-1", role: "receiver" },
      { agency: "ward-2", role: "copy" },
    ]);
  });

  test("the readers of a result", () => {
    const recorder = opened();
    const complete = { ...(saying.complete("receive").value as Complete), resultsTo: [{ agency: "ward-2", unit: "" }] };
    accepted(recorder, "ward-1", ["0"], { $case: "complete", value: complete });
    expect(audienceOfEvent(recorder.trail.at(-1)!.event, null)).toEqual([{ agency: "ward-2", role: "copy" }]);
  });
});
