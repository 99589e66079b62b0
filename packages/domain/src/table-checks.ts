import type { Handoff, Statement } from "@lienthong/contracts/exchange/v1/statement";
import { hashesEqual } from "@lienthong/tlog";
import { type CustodyRow, protoNameOf } from "./custody-table.ts";
import { type Refusal, refuse } from "./decision.ts";
import { type BranchCustody, type DossierState, openBranches, openBranchesMax } from "./dossier-state.ts";

/** `prior` names the branches acted on, each once, each with its present head. */
export function priorsRefusal(state: DossierState, statement: Statement, row: CustodyRow): Refusal | null {
  const count = statement.prior.length;
  const allowed = priorsAllowed(row, state);
  if (row.branches === "none" ? count > 0 : row.branches === "one" ? count !== 1 : count === 0) {
    // A dossier that has ended has no branch to name: the table says no, and not the form of the statement.
    if (row.branches === "all open" && openBranches(state).length === 0) return endedRefusal(state, row);
    return refuse(
      "FIELD_INVALID",
      "statement.prior",
      `\`${protoNameOf(row.statement)}\` has ${count} items; allowed: ${allowed}.`,
    );
  }
  for (const [index, prior] of statement.prior.entries()) {
    const field = `statement.prior[${index}]`;
    if (statement.prior.findIndex((other) => other.branch === prior.branch) !== index) {
      return refuse("FIELD_INVALID", `${field}.branch`, `Branch ${prior.branch} is named twice; allowed: once.`);
    }
    const branch = state.branches.get(prior.branch);
    if (branch === undefined) {
      return refuse(
        "BRANCH_UNKNOWN",
        `${field}.branch`,
        `The dossier has no branch ${prior.branch}; it has ${[...state.branches.keys()].join(", ")}.`,
      );
    }
    if (!hashesEqual(branch.head, prior.head)) {
      return refuse(
        "PRIOR_STALE",
        `${field}.head`,
        `Branch ${prior.branch} was moved by event ${branch.headNumber} since; read it and decide again.`,
        { decidedBy: branch.headNumber, head: branch.head },
      );
    }
  }
  return null;
}

function priorsAllowed(row: CustodyRow, state: DossierState): string {
  if (row.branches === "none") return "no items, it acts on no branch";
  if (row.branches === "one") return "exactly one item";
  if (row.branches === "all of a fork") return "one item per branch that is joined";
  return `one item per branch that has not ended: ${namesOf(openBranches(state))}`;
}

/** Every branch of the dossier is over; the event that ended the last of them decided that. */
function endedRefusal(state: DossierState, row: CustodyRow): Refusal {
  const decidedBy = Math.max(...[...state.branches.values()].map((branch) => branch.headNumber));
  return refuse(
    "STATE_FORBIDS",
    "statement.what",
    `\`${protoNameOf(row.statement)}\` cannot be said of a dossier whose every branch has ended.`,
    { decidedBy },
  );
}

/** Why a statement's row forbids it in a branch's state; null if it does not. */
export function stateRefusal(branch: BranchCustody, row: CustodyRow): Refusal | null {
  if (row.states.includes(branch.state)) return null;
  return refuse(
    "STATE_FORBIDS",
    "statement.what",
    `\`${protoNameOf(row.statement)}\` cannot be said while branch ${branch.branch} is ${branch.state}; allowed in ${row.states.join(", ")}.`,
    { decidedBy: branch.headNumber },
  );
}

/** A statement about a handoff names the one that is pending. State was checked before. */
export function handoffRefusal(branch: BranchCustody, handoff: Handoff | undefined, row: CustodyRow): Refusal | null {
  const { pending } = branch;
  if (
    pending !== null &&
    handoff !== undefined &&
    handoff.branch === branch.branch &&
    hashesEqual(handoff.forward, pending.forward)
  ) {
    return null;
  }
  return refuse(
    "HANDOFF_UNKNOWN",
    `statement.${protoNameOf(row.statement)}.handoff`,
    `This is not the handoff pending on branch ${branch.branch}; allowed: the hash of the event that offered it, and that branch.`,
  );
}

/** Why the author is not who the row lets say this; null if it is. */
export function roleRefusal(
  state: DossierState,
  branches: readonly BranchCustody[],
  row: CustodyRow,
  author: string,
): Refusal | null {
  const name = protoNameOf(row.statement);
  const field = "statement.author.agency";
  switch (row.role) {
    case "opener":
      return null;
    case "holder":
    case "sender": {
      const foreign = branches.find((branch) => branch.holder !== author);
      if (foreign === undefined) return null;
      return refuse(
        "NOT_THE_HOLDER",
        field,
        `Branch ${foreign.branch} is held by another agency; only its holder may say \`${name}\`.`,
      );
    }
    case "receiver":
      if (branches.every((branch) => branch.pending?.receiver === author)) return null;
      return refuse(
        "NOT_THE_RECEIVER",
        field,
        `The handoff is addressed to another agency; only that one may say \`${name}\`.`,
      );
    case "desk":
      if (state.openedBy === author) return null;
      // The contract has no reason of its own for this role; this one says that another agency is the right one.
      return refuse(
        "AGENCY_NOT_COMPETENT",
        field,
        `Another agency opened this dossier; only the desk that did may say \`${name}\`.`,
      );
  }
}

/** New branches may be made as long as a `withdraw` could still name all that are open. */
export function openBranchesRefusal(state: DossierState, made: number, field: string): Refusal | null {
  const open = openBranches(state).length;
  if (open + made <= openBranchesMax) return null;
  return refuse(
    "FIELD_INVALID",
    field,
    `A dossier has at most ${openBranchesMax} branches that have not ended; ${open} are open, so allowed here: ${openBranchesMax - open}.`,
  );
}

/** Ids of branches for people. */
export function namesOf(branches: readonly BranchCustody[]): string {
  return branches.map((branch) => branch.branch).join(", ");
}
