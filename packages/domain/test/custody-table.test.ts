import { readFileSync } from "node:fs";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import { describe, expect, test } from "vitest";
import {
  type BranchCustody,
  type CustodyState,
  custodyRow,
  custodyTable,
  type DossierState,
  decide,
  endStates,
  evolve,
  heldStates,
} from "../src/index.ts";
import { entryHash, routes, rulebook } from "./procedure-fixture.ts";
import { type Says, say, saying, statementIdOf, TrailRecorder } from "./trail-recorder.ts";

const proto = readFileSync(new URL("../../../proto/lienthong/exchange/v1/statement.proto", import.meta.url), "utf8");
const allStates: readonly CustodyState[] = [
  ...([
    "WORKING",
    "COMPLETED",
    "HANDED_OVER",
    "RECALL_ASKED",
    "FORKED",
    "JOINED",
    "SUPPLEMENT_AWAITED",
    "PAUSED",
  ] as const),
  ...(["RETURNED", "WITHDRAWN", "STOPPED"] as const),
];

interface CommentRow {
  statement: string;
  role: string;
  states: CustodyState[];
  leadsTo: CustodyState[];
}

/** The table in the comment of statement.proto; lines with an empty first cell go on with the row above. */
function tableInComment(): CommentRow[] {
  const lines = proto.split("\n");
  const head = lines.findIndex((line) => /^\/\/\s+statement\s+\| role/.test(line));
  const cells: [string, string, string, string][] = [];
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith("//   ")) break;
    const [statement, role, states, leadsTo] = line
      .slice(5)
      .split("|")
      .map((cell) => cell.trim());
    const above = cells.at(-1);
    if (statement === "" && above !== undefined) {
      above[2] += ` ${states}`;
      above[3] += ` ${leadsTo}`;
    } else {
      cells.push([statement!, role!, states!, leadsTo!]);
    }
  }
  const statesIn = (text: string) => allStates.filter((state) => new RegExp(`\\b${state}\\b`).test(text));
  return cells.map(([statement, role, states, leadsTo]) => ({
    statement: statement.replace(/,.*/, ""),
    role,
    states: statesIn(states),
    leadsTo: statesIn(leadsTo),
  }));
}

const commentRows = tableInComment();
const statementKinds = [...proto.matchAll(/^ {4}\w+ (\w+) = \d+;$/gm)].map((match) => match[1]!);
/** The name of a statement as the generated code has it. */
const caseOf = (kind: string) => kind.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe("the table in the code is the table in the contract", () => {
  test("every statement of the contract has a row in the comment", () => {
    expect(statementKinds).toHaveLength(20);
    expect([...new Set(commentRows.map((row) => row.statement))].toSorted()).toEqual(statementKinds.toSorted());
  });

  test.each(custodyTable.map((row) => [row.statement, row] as const))("%s", (statement, row) => {
    const written = commentRows.filter((candidate) => candidate.statement === statement);
    expect(written.length).toBeGreaterThan(0);
    for (const { role, states } of written) {
      expect(role).toBe(row.role);
      expect(states.toSorted()).toEqual(row.states.toSorted());
    }
    const leadsTo = new Set(written.flatMap((candidate) => candidate.leadsTo));
    expect([...leadsTo].toSorted()).toEqual([...row.leadsTo].toSorted());
  });

  test("rows of the comment that the code does not act on are refused as unsupported, whatever the state", () => {
    const unsupported = statementKinds.filter((kind) => custodyRow(caseOf(kind)) === undefined);
    expect(unsupported).toHaveLength(20 - custodyTable.length);
    for (const kind of unsupported) {
      for (const state of [null, ...allStates.map((state) => dossierWith(state))]) {
        const statement = Statement.fromPartial({
          author: { agency: holder },
          statementId: statementIdOf(99),
          prior: [{ branch: "0.1", head }],
          what: { $case: caseOf(kind), value: {} } as Says,
        });
        expect(decide(state, statement, new Uint8Array(32), rules)).toMatchObject({
          reason: "STATEMENT_UNSUPPORTED",
          field: "statement.what",
        });
      }
    }
  });

  test("a state is held, ended, or FORKED", () => {
    for (const state of allStates) {
      expect([heldStates.has(state), endStates.has(state), state === "FORKED"].filter(Boolean)).toHaveLength(1);
    }
  });
});

const rules = rulebook();
const holder = "police-1";
const receiver = "ward-1";
const people: Record<string, string> = {
  opener: "ward-2",
  holder,
  receiver,
  sender: "district-1",
  stranger: "stranger",
};
const head = entryHash(0xaa);
const forward = entryHash(0xbb);
const [, group, nested] = routes;

/** A dossier that was opened and forked; branch 0.1 is put into the state asked for, at residence, held by police-1. */
function dossierWith(state: CustodyState): DossierState {
  const recorder = new TrailRecorder();
  recorder.record(say("ward-2", statementIdOf(1), [], saying.open(group.entry, "receive")));
  const opened = recorder.state!;
  const offered = state === "HANDED_OVER" || state === "RECALL_ASKED";
  const root = { ...opened.branches.get("0")!, head: entryHash(0xcc) };
  const branch: BranchCustody = {
    ...root,
    branch: "0.1",
    state,
    holder: heldStates.has(state) ? holder : "",
    step: "residence",
    head,
    headNumber: 5,
    pending: offered ? pendingTo(receiver) : null,
    fork: state === "FORKED" ? { edge: "to-residence", children: ["0.1.1", "0.1.2"] } : null,
    owedEdge: "",
  };
  const parent: BranchCustody = {
    ...root,
    state: "FORKED",
    holder: "",
    step: "certify",
    fork: { edge: "to-residence", children: ["0.1"] },
  };
  return {
    ...opened,
    branches: new Map([
      ["0", parent],
      ["0.1", branch],
    ]),
    number: 6,
  };
}

const pendingTo = (agency: string) => ({
  forward,
  receiver: agency,
  receiverUnit: "",
  step: "residence-check",
  edge: "to-check",
  stateBefore: "WORKING" as const,
  delivered: false,
});

/** The branch at another step than residence, where the statement asks for one. */
function at(step: string, state: DossierState): DossierState {
  const branch = { ...state.branches.get("0.1")!, step };
  return { ...state, branches: new Map(state.branches).set("0.1", branch) };
}

/** The branch as the root, for what only a root may do. */
function asRoot(state: DossierState): DossierState {
  const branch = { ...state.branches.get("0.1")!, branch: "0", step: "receive" };
  return { ...state, routeEntry: nested.entry, branches: new Map([["0", branch]]) };
}

type Cell = { state: DossierState; branch: string; what: Says };

/** What each row says here, in a dossier where only state and role can be wrong. */
const cells: Record<(typeof custodyTable)[number]["statement"], (state: CustodyState) => Cell> = {
  open: (state) => ({ state: dossierWith(state), branch: "0.1", what: saying.open(group.entry, "receive") }),
  forward: (state) => ({
    state: dossierWith(state),
    branch: "0.1",
    what: saying.forward({ branch: "0.1", step: "residence-check", edge: "to-check", agency: "police-2" }),
  }),
  acknowledge: (state) => ({ state: dossierWith(state), branch: "0.1", what: saying.acknowledge(forward, "0.1") }),
  refuse: (state) => ({ state: dossierWith(state), branch: "0.1", what: saying.refuse(forward, "0.1") }),
  complete: (state) => ({ state: dossierWith(state), branch: "0.1", what: saying.complete("residence") }),
  join: (state) => ({ state: at("collect", dossierWith(state)), branch: "0.1", what: saying.join("0", "collect") }),
  // The desk of the nested route is an end and asks for no completion.
  return: (state) => ({ state: asRoot(dossierWith(state)), branch: "0", what: saying.return() }),
};

describe("each cell of statement, role and state", () => {
  const grid = custodyTable
    .filter((row) => row.role !== "opener")
    .flatMap((row) =>
      Object.keys(people).flatMap((role) => allStates.map((state) => [row.statement, role, state, row] as const)),
    );

  test.each(grid)("%s by the %s while %s", (statement, role, state, row) => {
    const cell = cells[statement](state);
    const said = say(people[role]!, statementIdOf(2), [{ branch: cell.branch, head }], cell.what);
    const decision = decide(cell.state, said.statement, said.digest, rules);
    if (!row.states.includes(state)) {
      // A join is about all branches of a fork: one in another state has not arrived.
      const reason = statement === "join" ? "JOIN_INCOMPLETE" : "STATE_FORBIDS";
      expect(decision).toMatchObject({ kind: "refuse", reason });
    } else if (role !== row.role) {
      const reason = row.role === "holder" ? "NOT_THE_HOLDER" : "NOT_THE_RECEIVER";
      expect(decision).toMatchObject({ kind: "refuse", reason, field: "statement.author.agency" });
    } else {
      expect(decision).toEqual({ kind: "accept" });
      const after = stateAfter(cell.state, said);
      expect(row.leadsTo).toContain(after.branches.get(cell.branch)!.state);
    }
  });

  test.each(allStates)("open is refused for a dossier that exists, its branch being %s", (state) => {
    for (const agency of Object.values(people)) {
      const said = say(agency, statementIdOf(2), [], cells.open(state).what);
      expect(decide(dossierWith(state), said.statement, said.digest, rules)).toMatchObject({
        reason: "DOSSIER_EXISTS",
        decidedBy: 1,
      });
    }
  });

  test.each(custodyTable.map((row) => row.statement))("%s where there is no dossier", (statement) => {
    const { what, branch } = cells[statement]("WORKING");
    const prior = statement === "open" ? [] : [{ branch, head }];
    for (const agency of ["ward-1", "ward-2"]) {
      const said = say(agency, statementIdOf(2), prior, what);
      const decision = decide(null, said.statement, said.digest, rules);
      if (statement === "open") expect(decision).toEqual({ kind: "accept" });
      else expect(decision).toMatchObject({ reason: "DOSSIER_UNKNOWN", field: "statement.dossier" });
    }
  });
});

function stateAfter(before: DossierState, said: ReturnType<typeof say>): DossierState {
  const recorder = new TrailRecorder({ decide, evolve: (_, event, hash) => evolve(before, event, hash) });
  recorder.record(said);
  return recorder.state!;
}
