import { readFileSync } from "node:fs";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import { describe, expect, test } from "vitest";
import {
  type BranchCustody,
  type CustodyRole,
  type CustodyState,
  custodyRow,
  custodyTable,
  type DossierState,
  decide,
  endStates,
  evolve,
  heldStates,
  protoNameOf,
  type TabledStatement,
} from "../src/index.ts";
import { entryHash, routes, rulebook } from "./procedure-fixture.ts";
import { ourCustody, type Priors, type Says, say, saying, statementIdOf, TrailRecorder } from "./trail-recorder.ts";

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
  /** As the generated code has it. */
  statement: string;
  role: string;
  branches: string;
  states: CustodyState[];
  leadsTo: CustodyState[];
}

/** The name of a statement as the generated code has it. */
const caseOf = (kind: string) => kind.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The table in the comment of statement.proto; lines with an empty first cell go on with the row above. */
function tableInComment(): CommentRow[] {
  const lines = proto.split("\n");
  const head = lines.findIndex((line) => /^\/\/\s+statement\s+\| role/.test(line));
  const cells: string[][] = [];
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith("//   ")) break;
    const row = line
      .slice(5)
      .split("|")
      .map((cell) => cell.trim());
    expect(row).toHaveLength(5);
    const above = cells.at(-1);
    if (row[0] === "" && above !== undefined)
      row.forEach((cell, index) => {
        above[index] = `${above[index]} ${cell}`.trim();
      });
    else cells.push(row);
  }
  return cells.map(([statement, role, branches, states, leadsTo]) => ({
    statement: caseOf(statement!.replace(/,.*/, "")),
    role: role!,
    branches: branches!,
    states: statesIn(states!),
    leadsTo: statesIn(leadsTo!),
  }));
}

function statesIn(cell: string): CustodyState[] {
  if (cell === "any") return [...allStates];
  if (cell === "any that is not an end") return allStates.filter((state) => !endStates.has(state));
  if (cell === "any that is held") return allStates.filter((state) => heldStates.has(state));
  return allStates.filter((state) => new RegExp(`\\b${state}\\b`).test(cell));
}

const commentRows = tableInComment();
const statementKinds = [...proto.matchAll(/^ {4}\w+ (\w+) = \d+;$/gm)].map((match) => match[1]!);

describe("the table in the code is the table in the contract", () => {
  test("every statement of the contract has a row in the comment and in the code, under its name", () => {
    expect(statementKinds).toHaveLength(20);
    expect([...new Set(commentRows.map((row) => row.statement))].toSorted()).toEqual(
      statementKinds.map(caseOf).toSorted(),
    );
    expect(custodyTable.map((row) => protoNameOf(row.statement)).toSorted()).toEqual(statementKinds.toSorted());
  });

  test.each(custodyTable.map((row) => [row.statement, row] as const))("%s", (statement, row) => {
    const written = commentRows.filter((candidate) => candidate.statement === statement);
    expect(written.length).toBeGreaterThan(0);
    for (const { role, branches, states } of written) {
      expect(role).toBe(row.role);
      expect(branches).toBe(row.branches);
      expect(states.toSorted()).toEqual(row.states.toSorted());
    }
    const leadsTo = new Set(written.flatMap((candidate) => candidate.leadsTo));
    expect([...leadsTo].toSorted()).toEqual([...row.leadsTo].toSorted());
  });

  test("a statement that says nothing of the contract is refused as unsupported, whatever the state", () => {
    expect(custodyRow("promise")).toBeUndefined();
    for (const state of [null, ...allStates.map((state) => dossierWith(state))]) {
      const statement = Statement.fromPartial({
        author: { agency: holder },
        statementId: statementIdOf(99),
        prior: [{ branch: "0.1", head }],
      });
      expect(decide(state, statement, new Uint8Array(32), rules)).toMatchObject({
        reason: "STATEMENT_UNSUPPORTED",
        field: "statement.what",
      });
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
/** Who may stand to the branch; the holder is the sender of what is pending. */
const people: Record<string, string> = {
  desk: "ward-2",
  holder,
  receiver,
  bystander: "district-1",
  stranger: "stranger",
};
/** Who plays a role of the table, and why everybody else is refused. */
const entitled: Record<CustodyRole, { person: string; otherwise: string }> = {
  opener: { person: "desk", otherwise: "AGENCY_NOT_COMPETENT" },
  holder: { person: "holder", otherwise: "NOT_THE_HOLDER" },
  sender: { person: "holder", otherwise: "NOT_THE_HOLDER" },
  receiver: { person: "receiver", otherwise: "NOT_THE_RECEIVER" },
  desk: { person: "desk", otherwise: "AGENCY_NOT_COMPETENT" },
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
    proofOwed: state === "PAUSED",
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

type Cell = { state: DossierState; branch: string; prior: Priors; what: Says };

/** The branch alone is named, and says something. */
const saysOf =
  (what: Says) =>
  (state: CustodyState): Cell => ({ state: dossierWith(state), branch: "0.1", prior: [{ branch: "0.1", head }], what });

/** What each row says here, in a dossier where only state and role can be wrong. */
const cells: Record<TabledStatement, (state: CustodyState) => Cell> = {
  open: (state) => ({ ...saysOf(saying.open(group.entry, "receive"))(state), prior: [] }),
  forward: saysOf(saying.forward({ branch: "0.1", step: "residence-check", edge: "to-check", agency: "police-2" })),
  consult: saysOf(
    saying.consult("", { branch: "0.1.1", step: "residence-opinion", edge: "ask-residence", agency: "ward-1" }),
  ),
  acknowledge: saysOf(saying.acknowledge(forward, "0.1")),
  refuse: saysOf(saying.refuse(forward, "0.1")),
  askRecall: saysOf(saying.askRecall(forward, "0.1")),
  agreeRecall: saysOf(saying.agreeRecall(forward, "0.1")),
  refuseRecall: saysOf(saying.refuseRecall(forward, "0.1")),
  complete: saysOf(saying.complete("residence")),
  join: (state) => ({ ...saysOf(saying.join("0", "collect"))(state), state: at("collect", dossierWith(state)) }),
  // The desk of the nested route is an end and asks for no completion.
  return: (state) => ({
    state: asRoot(dossierWith(state)),
    branch: "0",
    prior: [{ branch: "0", head }],
    what: saying.return(),
  }),
  requestSupplement: saysOf(saying.requestSupplement()),
  bringSupplement: saysOf(saying.bringSupplement(head)),
  pause: saysOf(saying.pause()),
  resume: saysOf(saying.resume(head)),
  extend: saysOf(saying.extend()),
  assign: saysOf(saying.assign("police-1-records", 2)),
  withdraw: (state) => {
    const cell = saysOf(saying.withdraw())(state);
    return {
      ...cell,
      prior: [...cell.state.branches.values()].map(({ branch, head: now }) => ({ branch, head: now })),
    };
  },
  stop: saysOf(saying.stop()),
  erase: (state) => ({ ...saysOf(saying.erase())(state), prior: [] }),
};

describe("each cell of statement, role and state", () => {
  const grid = custodyTable
    .filter((row) => row.role !== "opener")
    .flatMap((row) =>
      Object.keys(people).flatMap((person) => allStates.map((state) => [row.statement, person, state, row] as const)),
    );

  test.each(grid)("%s by the %s while %s", (statement, person, state, row) => {
    const cell = cells[statement](state);
    const said = say(people[person]!, statementIdOf(2), cell.prior, cell.what);
    const decision = decide(cell.state, said.statement, said.digest, rules);
    if (!row.states.includes(state)) {
      // A join is about all branches of a fork: one in another state has not arrived.
      const waits = statement === "join" && !endStates.has(state);
      const decidedBy = waits ? {} : { decidedBy: 5 };
      expect(decision).toMatchObject({
        kind: "refuse",
        reason: waits ? "JOIN_INCOMPLETE" : "STATE_FORBIDS",
        ...decidedBy,
      });
    } else if (person !== entitled[row.role].person) {
      const reason = entitled[row.role].otherwise;
      expect(decision).toMatchObject({ kind: "refuse", reason, field: "statement.author.agency" });
    } else {
      expect(decision).toEqual({ kind: "accept" });
      const after = stateAfter(cell.state, said);
      const branch = after.branches.get(cell.branch)!;
      if (statement === "erase") expect(branch).toEqual(cell.state.branches.get(cell.branch));
      else expect(row.leadsTo).toContain(branch.state);
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
    const { what, prior } = cells[statement]("WORKING");
    for (const agency of ["ward-1", "ward-2"]) {
      const said = say(agency, statementIdOf(2), prior, what);
      const decision = decide(null, said.statement, said.digest, rules);
      if (statement === "open") expect(decision).toEqual({ kind: "accept" });
      else expect(decision).toMatchObject({ reason: "DOSSIER_UNKNOWN", field: "statement.dossier" });
    }
  });
});

function stateAfter(before: DossierState, said: ReturnType<typeof say>): DossierState {
  const recorder = new TrailRecorder({ ...ourCustody, evolve: (_, event, hash) => evolve(before, event, hash) });
  recorder.record(said);
  return recorder.state!;
}
