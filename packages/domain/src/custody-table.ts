import type { Statement } from "@lienthong/contracts/exchange/v1/statement";

/**
 * Who may say what, in which state of a branch: the one table. It documents the contract (statement.proto), drives `decide`,
 * and generates the property tests.
 */

/** State of a branch. */
export type CustodyState =
  | "WORKING"
  | "COMPLETED"
  | "HANDED_OVER"
  | "RECALL_ASKED"
  | "FORKED"
  | "JOINED"
  | "SUPPLEMENT_AWAITED"
  | "PAUSED"
  | "RETURNED"
  | "WITHDRAWN"
  | "STOPPED";

/** States in which a branch is over. */
export const endStates: ReadonlySet<CustodyState> = new Set(["JOINED", "RETURNED", "WITHDRAWN", "STOPPED"]);

/** States in which exactly one agency holds the branch. */
export const heldStates: ReadonlySet<CustodyState> = new Set([
  "WORKING",
  "COMPLETED",
  "HANDED_OVER",
  "RECALL_ASKED",
  "SUPPLEMENT_AWAITED",
  "PAUSED",
]);

/**
 * Whom the table speaks of: who opens; who holds; to whom the pending handoff is addressed; who holds a branch while it is
 * pending; and the agency that opened the dossier and answers to the citizen for it.
 */
export type CustodyRole = "opener" | "holder" | "receiver" | "sender" | "desk";

/** Statements that the table has a row for: all of the contract, under the names of the generated code. */
export type TabledStatement = NonNullable<Statement["what"]>["$case"];

/** Which branches `prior` names: none, the one acted on, every live child of one fork, every branch that has not ended. */
export type BranchesActedOn = "none" | "one" | "all of a fork" | "all open";

/** One row: this statement, by this role, in one of these states; what it leads to, in words for people. */
export interface CustodyRow {
  readonly statement: TabledStatement;
  readonly role: CustodyRole;
  /** State of each branch that `prior` names; for `erase`, which names none, the states its dossier's branches may be in. */
  readonly states: readonly CustodyState[];
  /** States of the branches acted on afterwards, and of those made by it. Empty: none is changed. */
  readonly leadsTo: readonly CustodyState[];
  readonly branches: BranchesActedOn;
}

const offered: readonly CustodyState[] = ["HANDED_OVER", "RECALL_ASKED"];
const asBefore: readonly CustodyState[] = ["WORKING", "COMPLETED"];
const one = "one" as const;

/** The table. */
export const custodyTable: readonly CustodyRow[] = [
  { statement: "open", role: "opener", states: [], leadsTo: ["WORKING"], branches: "none" },
  { statement: "forward", role: "holder", states: asBefore, leadsTo: ["HANDED_OVER", "FORKED"], branches: one },
  { statement: "acknowledge", role: "receiver", states: offered, leadsTo: ["WORKING"], branches: one },
  { statement: "refuse", role: "receiver", states: offered, leadsTo: asBefore, branches: one },
  { statement: "complete", role: "holder", states: ["WORKING"], leadsTo: ["COMPLETED", "JOINED"], branches: one },
  { statement: "join", role: "holder", states: ["WORKING"], leadsTo: ["WORKING", "JOINED"], branches: "all of a fork" },
  { statement: "return", role: "holder", states: asBefore, leadsTo: ["RETURNED"], branches: one },
  { statement: "askRecall", role: "sender", states: ["HANDED_OVER"], leadsTo: ["RECALL_ASKED"], branches: one },
  { statement: "agreeRecall", role: "receiver", states: ["RECALL_ASKED"], leadsTo: asBefore, branches: one },
  { statement: "refuseRecall", role: "receiver", states: ["RECALL_ASKED"], leadsTo: ["HANDED_OVER"], branches: one },
  {
    statement: "requestSupplement",
    role: "holder",
    states: ["WORKING"],
    leadsTo: ["SUPPLEMENT_AWAITED"],
    branches: one,
  },
  { statement: "bringSupplement", role: "desk", states: ["SUPPLEMENT_AWAITED"], leadsTo: ["WORKING"], branches: one },
  { statement: "pause", role: "holder", states: ["WORKING"], leadsTo: ["PAUSED"], branches: one },
  { statement: "resume", role: "holder", states: ["PAUSED"], leadsTo: ["WORKING"], branches: one },
  { statement: "extend", role: "holder", states: ["WORKING"], leadsTo: ["WORKING"], branches: one },
  { statement: "assign", role: "holder", states: ["WORKING"], leadsTo: ["WORKING"], branches: one },
  {
    statement: "withdraw",
    role: "desk",
    states: [...heldStates, "FORKED"],
    leadsTo: ["WITHDRAWN"],
    branches: "all open",
  },
  { statement: "stop", role: "holder", states: [...heldStates], leadsTo: ["STOPPED"], branches: one },
  { statement: "consult", role: "holder", states: ["WORKING"], leadsTo: ["WORKING", "HANDED_OVER"], branches: one },
  {
    statement: "erase",
    role: "desk",
    states: [...heldStates, "FORKED", ...endStates],
    leadsTo: [],
    branches: "none",
  },
];

const rows: ReadonlyMap<string, CustodyRow> = new Map(custodyTable.map((row) => [row.statement, row]));

/** The row of a statement, by its name in the generated code; undefined for a statement that the contract does not have. */
export function custodyRow(statement: string): CustodyRow | undefined {
  return rows.get(statement);
}

/** A statement's name in the contract: `askRecall` is `ask_recall` there. */
export function protoNameOf(statement: TabledStatement): string {
  return statement.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
