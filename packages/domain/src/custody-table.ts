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

/** Whom the table speaks of: who opens, who holds, to whom the pending handoff is addressed. */
export type CustodyRole = "opener" | "holder" | "receiver";

/** Statements that the table has a row for. */
export type TabledStatement = "open" | "forward" | "acknowledge" | "refuse" | "complete" | "join" | "return";

/** One row: this statement, by this role, in one of these states; what it leads to, in words for people. */
export interface CustodyRow {
  readonly statement: TabledStatement;
  readonly role: CustodyRole;
  /** Empty: there is no such dossier yet. For a join: the state of each branch that is joined. */
  readonly states: readonly CustodyState[];
  readonly leadsTo: readonly CustodyState[];
  readonly branches: "none" | "one" | "all of a fork";
}

/** The table. */
export const custodyTable: readonly CustodyRow[] = [
  { statement: "open", role: "opener", states: [], leadsTo: ["WORKING"], branches: "none" },
  {
    statement: "forward",
    role: "holder",
    states: ["WORKING", "COMPLETED"],
    leadsTo: ["HANDED_OVER", "FORKED"],
    branches: "one",
  },
  {
    statement: "acknowledge",
    role: "receiver",
    states: ["HANDED_OVER", "RECALL_ASKED"],
    leadsTo: ["WORKING"],
    branches: "one",
  },
  {
    statement: "refuse",
    role: "receiver",
    states: ["HANDED_OVER", "RECALL_ASKED"],
    leadsTo: ["WORKING", "COMPLETED"],
    branches: "one",
  },
  { statement: "complete", role: "holder", states: ["WORKING"], leadsTo: ["COMPLETED"], branches: "one" },
  { statement: "join", role: "holder", states: ["WORKING"], leadsTo: ["WORKING", "JOINED"], branches: "all of a fork" },
  { statement: "return", role: "holder", states: ["WORKING", "COMPLETED"], leadsTo: ["RETURNED"], branches: "one" },
];

const rows: ReadonlyMap<string, CustodyRow> = new Map(custodyTable.map((row) => [row.statement, row]));

/** The row of a statement; undefined for statements of the contract that the table has no row for. */
export function custodyRow(statement: string): CustodyRow | undefined {
  return rows.get(statement);
}
