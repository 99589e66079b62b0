import type { Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import { hashesEqual } from "@lienthong/tlog";
import { addresseeRefusal } from "./addressee-checks.ts";
import { type CustodyRow, custodyRow, custodyTable, protoNameOf } from "./custody-table.ts";
import { consultRefusal } from "./decide-consult.ts";
import { joinRefusal, returnRefusal, unjoinedRefusal, withdrawRefusal } from "./decide-ends.ts";
import { openRefusal } from "./decide-open.ts";
import {
  assignRefusal,
  bringSupplementRefusal,
  completeRefusal,
  extendRefusal,
  requestSupplementRefusal,
  resumeRefusal,
} from "./decide-work.ts";
import { type Decision, type Refusal, refuse } from "./decision.ts";
import type { BranchCustody, DossierState } from "./dossier-state.ts";
import { forwardRefusal } from "./forward-rules.ts";
import type { Rulebook } from "./rulebook.ts";
import { handoffRefusal, priorsRefusal, roleRefusal, stateRefusal } from "./table-checks.ts";

/**
 * Decides one statement against the state of its dossier (null: there is none). Pure. The order of the questions is part of
 * the contract: had it its effect before; does the author exist; is it news or stale; does the table allow it in this state,
 * about this handoff, from this role; does the route.
 *
 * `payloadDigest` is SHA-256 of the signed bytes, 32 bytes.
 */
export function decide(
  state: DossierState | null,
  statement: Statement,
  payloadDigest: Uint8Array,
  rules: Rulebook,
): Decision {
  const author = statement.author?.agency ?? "";
  const recorded = state?.statementIds.get(author, statement.statementId);
  if (recorded !== undefined) {
    if (hashesEqual(recorded.payloadDigest, payloadDigest)) return { kind: "repeat", number: recorded.number };
    return refuse(
      "STATEMENT_ID_REUSED",
      "statement.statement_id",
      `${author} used this statement_id in this dossier for other bytes; a new statement needs a new UUIDv7.`,
      { decidedBy: recorded.number },
    );
  }

  const what = statement.what;
  const row = what === undefined ? undefined : custodyRow(what.$case);
  if (what === undefined || row === undefined) {
    const known = custodyTable.map(({ statement: name }) => protoNameOf(name)).join(", ");
    return refuse(
      "STATEMENT_UNSUPPORTED",
      "statement.what",
      `The table has no row for '${what?.$case ?? "nothing"}'; allowed: ${known}.`,
    );
  }
  const actor = addresseeRefusal({ agency: author, unit: statement.author?.unit ?? "" }, "statement.author", rules);
  if (actor !== null) return actor;

  if (what.$case === "open") return openRefusal(state, statement, what.value, rules) ?? { kind: "accept" };
  if (state === null) {
    return refuse(
      "DOSSIER_UNKNOWN",
      "statement.dossier",
      "This shard has no such dossier; `open` it first, or check the code.",
    );
  }
  const route = rules.route(state.routeEntry);
  const procedure = rules.procedureKey(state.procedureEntry);
  if (route === undefined || procedure === undefined) {
    return refuse(
      "ROUTE_UNKNOWN",
      "",
      "The route or procedure that this dossier pinned is not in the registry as far as it is known here.",
    );
  }

  const priors = priorsRefusal(state, statement, row);
  if (priors !== null) return priors;
  const branches = statement.prior.map((prior) => state.branches.get(prior.branch) as BranchCustody);
  // A join asks of the whole fork whether it has arrived, which says more than the state of one branch.
  if (what.$case === "join") {
    return joinRefusal(state, branches, what.value, route, row) ?? roleRefusal(state, branches, row, author) ?? accept;
  }
  return (
    tableRefusal(state, branches, what, row, author) ??
    routeRefusal({ state, branches, what, row, author, route, procedure, rules }) ??
    accept
  );
}

const accept: Decision = { kind: "accept" };

type What = NonNullable<Statement["what"]>;

/** State, handoff and role, in this order, as the table has them. */
function tableRefusal(
  state: DossierState,
  branches: readonly BranchCustody[],
  what: What,
  row: CustodyRow,
  author: string,
): Refusal | null {
  for (const branch of branches) {
    const refusal = stateRefusal(branch, row);
    if (refusal !== null) return refusal;
  }
  const [branch] = branches;
  if ("handoff" in what.value && branch !== undefined) {
    const refusal = handoffRefusal(branch, what.value.handoff, row);
    if (refusal !== null) return refusal;
  }
  return roleRefusal(state, branches, row, author);
}

/** What the route, the registry and earlier events say to a statement that the table allows. */
function routeRefusal(asked: {
  state: DossierState;
  branches: readonly BranchCustody[];
  what: What;
  row: CustodyRow;
  author: string;
  route: CompiledRoute;
  procedure: string;
  rules: Rulebook;
}): Refusal | null {
  const { state, branches, what, row, author, route, procedure, rules } = asked;
  const branch = branches[0] as BranchCustody;
  switch (what.$case) {
    case "forward":
      return (
        unjoinedRefusal(state, branch, route, row) ?? forwardRefusal(state, branch, what.value, route, procedure, rules)
      );
    case "complete":
      return unjoinedRefusal(state, branch, route, row) ?? completeRefusal(branch, what.value, rules);
    case "return":
      return unjoinedRefusal(state, branch, route, row) ?? returnRefusal(branch, route);
    case "consult":
      return (
        unjoinedRefusal(state, branch, route, row) ?? consultRefusal(state, branch, what.value, route, procedure, rules)
      );
    case "requestSupplement":
      return requestSupplementRefusal(state, branch, author);
    case "bringSupplement":
      return bringSupplementRefusal(branch, what.value);
    case "resume":
      return resumeRefusal(branch, what.value);
    case "extend":
      return extendRefusal(state, what.value);
    case "assign":
      return assignRefusal(branch, what.value, author, route, rules);
    case "withdraw":
      return withdrawRefusal(state, branches);
    // The table says all there is to say about these. Documents of an `erase` are checked by form only: the trail commits
    // to documents and does not list them, so an id that names none erases none.
    case "acknowledge":
    case "refuse":
    case "askRecall":
    case "agreeRecall":
    case "refuseRecall":
    case "pause":
    case "stop":
    case "erase":
      return null;
    case "open":
    case "join":
      throw new Error(`'${what.$case}' is decided before.`);
  }
}
