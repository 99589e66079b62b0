import type { Complete, Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import { hashesEqual } from "@lienthong/tlog";
import { type CustodyRow, custodyRow } from "./custody-table.ts";
import { type Decision, type Refusal, refuse } from "./decision.ts";
import type { BranchCustody, DossierState } from "./dossier-state.ts";
import { addresseeRefusal, forwardRefusal } from "./forward-rules.ts";
import type { Rulebook } from "./rulebook.ts";

/**
 * Decides one statement against the state of its dossier (null: there is none). Pure. The order of the questions is part of
 * the contract: had it its effect before; does the author exist; is it news or stale; does the table allow it; does the route.
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
    return refuse(
      "STATEMENT_UNSUPPORTED",
      "statement.what",
      `This exchange does not act on '${what?.$case ?? "nothing"}' yet; allowed: open, forward, acknowledge, refuse, complete, join, return.`,
    );
  }
  const actor = actorRefusal(author, statement.author?.unit ?? "", rules);
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

  switch (what.$case) {
    case "acknowledge":
    case "refuse":
      return receiverRefusal(branches[0] as BranchCustody, what.value.handoff, what.$case, author, row) ?? accept;
    case "join":
      return joinRefusal(state, branches, what.value, author, route, row) ?? accept;
    case "forward":
    case "complete":
    case "return": {
      const branch = branches[0] as BranchCustody;
      const holder =
        holderRefusal(branch, author, what.$case, row) ?? unjoinedRefusal(state, branch, route, what.$case);
      if (holder !== null) return holder;
      if (what.$case === "forward") return forwardRefusal(state, branch, what.value, route, procedure, rules) ?? accept;
      if (what.$case === "complete") return completeRefusal(branch, what.value, rules) ?? accept;
      return returnRefusal(branch, route) ?? accept;
    }
    default:
      throw new Error(`The table has a row for '${what.$case}' and decide has no rule for it.`);
  }
}

const accept: Decision = { kind: "accept" };

function actorRefusal(agency: string, unit: string, rules: Rulebook): Refusal | null {
  const status = rules.agencyStatus(agency);
  if (status === "unknown") {
    return refuse("AGENCY_UNKNOWN", "statement.author.agency", `The registry has no agency '${agency}'.`);
  }
  if (status === "not in force") {
    return refuse("AGENCY_NOT_IN_FORCE", "statement.author.agency", `${agency} is not in force on the shard's date.`);
  }
  if (unit === "") return null;
  const unitStatus = rules.unitStatus(unit, agency);
  if (unitStatus === "unknown") {
    return refuse("UNIT_UNKNOWN", "statement.author.unit", `The registry has no unit '${unit}' of ${agency}.`);
  }
  if (unitStatus === "not in force") {
    return refuse("AGENCY_NOT_IN_FORCE", "statement.author.unit", `${unit} is not in force on the shard's date.`);
  }
  return null;
}

function openRefusal(
  state: DossierState | null,
  statement: Statement,
  open: Extract<NonNullable<Statement["what"]>, { $case: "open" }>["value"],
  rules: Rulebook,
): Refusal | null {
  if (state !== null) {
    return refuse("DOSSIER_EXISTS", "statement.dossier", "Another statement opened this dossier.", { decidedBy: 1 });
  }
  if (statement.prior.length > 0) {
    return refuse("FIELD_INVALID", "statement.prior", "`open` acts on no branch; allowed: no items.");
  }
  if (rules.shardClosed)
    return refuse("SHARD_CLOSED", "statement.shard", "This shard takes no further `open`; use the shard in force.");
  const procedure = rules.procedureKey(open.procedureEntry);
  if (procedure === undefined) {
    return refuse(
      "PROCEDURE_UNKNOWN",
      "statement.open.procedure_entry",
      "The registry has no procedure entry with this hash.",
    );
  }
  const route = rules.route(open.routeEntry);
  if (route === undefined || route.procedure !== procedure) {
    return refuse(
      "ROUTE_UNKNOWN",
      "statement.open.route_entry",
      `The registry has no route of procedure ${procedure} with this hash.`,
    );
  }
  if (!rules.hasCalendar(open.calendarEntry)) {
    return refuse(
      "CALENDAR_UNKNOWN",
      "statement.open.calendar_entry",
      "The registry has no calendar entry with this hash.",
    );
  }
  if (!rules.areaExists(open.areaCode)) {
    return refuse(
      "AREA_UNKNOWN",
      "statement.open.area_code",
      `No administrative unit has the code ${open.areaCode} on the shard's date.`,
    );
  }
  const step = route.step(open.step);
  if (step === undefined || !step.start) {
    const starts = route.startSteps.map((start) => start.id).join(", ");
    return refuse("STEP_OUT_OF_TURN", "statement.open.step", `A dossier of this route opens at: ${starts}.`);
  }
  const unknownEdge = open.chosenEdges.findIndex((edge) => route.edge(edge)?.optional !== true);
  if (unknownEdge >= 0) {
    return refuse(
      "STEP_OUT_OF_TURN",
      `statement.open.chosen_edges[${unknownEdge}]`,
      "This is not an optional edge of the route.",
    );
  }
  const author = statement.author?.agency ?? "";
  if (!rules.isCompetent({ agency: author, role: step.role, areaCode: open.areaCode, procedure })) {
    return refuse(
      "AGENCY_NOT_COMPETENT",
      "statement.author.agency",
      `${author} is not competent as ${step.role} in area ${open.areaCode}.`,
    );
  }
  return null;
}

/** `prior` names the branches acted on, each once, each with its present head. */
function priorsRefusal(state: DossierState, statement: Statement, row: CustodyRow): Refusal | null {
  const count = statement.prior.length;
  if (count === 0 || (row.branches === "one" && count !== 1)) {
    const allowed = row.branches === "one" ? "exactly one item" : "one item per branch that is joined";
    return refuse("FIELD_INVALID", "statement.prior", `\`${row.statement}\` has ${count} items; allowed: ${allowed}.`);
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

function stateRefusal(branch: BranchCustody, statement: string, row: CustodyRow): Refusal | null {
  if (row.states.includes(branch.state)) return null;
  return refuse(
    "STATE_FORBIDS",
    "statement.what",
    `\`${statement}\` cannot be said while branch ${branch.branch} is ${branch.state}; allowed in ${row.states.join(", ")}.`,
    { decidedBy: branch.headNumber },
  );
}

function holderRefusal(branch: BranchCustody, author: string, statement: string, row: CustodyRow): Refusal | null {
  const state = stateRefusal(branch, statement, row);
  if (state !== null) return state;
  if (branch.holder === author) return null;
  return refuse(
    "NOT_THE_HOLDER",
    "statement.author.agency",
    `Branch ${branch.branch} is held by another agency; only its holder may say \`${statement}\`.`,
  );
}

function receiverRefusal(
  branch: BranchCustody,
  handoff: { forward: Uint8Array; branch: string } | undefined,
  statement: "acknowledge" | "refuse",
  author: string,
  row: CustodyRow,
): Refusal | null {
  const state = stateRefusal(branch, statement, row);
  if (state !== null) return state;
  const { pending } = branch;
  if (
    pending === null ||
    handoff === undefined ||
    handoff.branch !== branch.branch ||
    !hashesEqual(handoff.forward, pending.forward)
  ) {
    return refuse(
      "HANDOFF_UNKNOWN",
      `statement.${statement}.handoff`,
      `This is not the handoff pending on branch ${branch.branch}.`,
    );
  }
  if (pending.receiver === author) return null;
  return refuse(
    "NOT_THE_RECEIVER",
    "statement.author.agency",
    `The handoff is addressed to another agency; only that one may say \`${statement}\`.`,
  );
}

/** A branch that waits at the step where its fork is joined does nothing else before the join. */
function unjoinedRefusal(
  state: DossierState,
  branch: BranchCustody,
  route: CompiledRoute,
  statement: string,
): Refusal | null {
  const parent = parentOf(state, branch);
  const joins = route.step(branch.step)?.joinsFork ?? "";
  if (parent?.fork == null || joins === "" || branch.owedEdge !== "") return null;
  if (route.edge(parent.fork.edge)?.fork !== joins) return null;
  return refuse(
    "STATE_FORBIDS",
    "statement.what",
    `\`${statement}\` cannot be said of branch ${branch.branch} before it is joined with ${parent.fork.children.join(", ")}.`,
  );
}

function parentOf(state: DossierState, branch: BranchCustody): BranchCustody | undefined {
  const dot = branch.branch.lastIndexOf(".");
  return dot < 0 ? undefined : state.branches.get(branch.branch.slice(0, dot));
}

function completeRefusal(branch: BranchCustody, complete: Complete, rules: Rulebook): Refusal | null {
  if (complete.step !== branch.step || branch.owedEdge !== "") {
    return refuse(
      "STEP_OUT_OF_TURN",
      "statement.complete.step",
      `Branch ${branch.branch} is at ${branch.step}; allowed: that step, once.`,
    );
  }
  for (const [index, addressee] of complete.resultsTo.entries()) {
    const refusal = addresseeRefusal(addressee, `statement.complete.results_to[${index}]`, rules);
    if (refusal !== null) return refusal;
  }
  return null;
}

function returnRefusal(branch: BranchCustody, route: CompiledRoute): Refusal | null {
  const step = route.step(branch.step);
  // A child whose receiver refused is still at the forking step, which may be an end; its fork must be joined all the same.
  if (step?.end !== true || branch.owedEdge !== "") {
    const ends = route.endSteps.map((end) => end.id).join(", ");
    return refuse(
      "STEP_OUT_OF_TURN",
      "statement.return",
      `The result is returned from ${ends}; branch ${branch.branch} is at ${branch.step}.`,
    );
  }
  if (step.completionRequired && branch.state !== "COMPLETED") {
    return refuse("STEP_NOT_COMPLETED", "statement.what", `Step ${branch.step} must be completed first.`);
  }
  return null;
}

function joinRefusal(
  state: DossierState,
  branches: readonly BranchCustody[],
  join: { into: string; step: string },
  author: string,
  route: CompiledRoute,
  row: CustodyRow,
): Refusal | null {
  const parent = state.branches.get(join.into);
  if (parent === undefined)
    return refuse("BRANCH_UNKNOWN", "statement.join.into", `The dossier has no branch ${join.into}.`);
  if (parent.fork === null) {
    return refuse("STATE_FORBIDS", "statement.join.into", `Branch ${join.into} is ${parent.state}; allowed: FORKED.`, {
      decidedBy: parent.headNumber,
    });
  }
  const { children } = parent.fork;
  const name = route.edge(parent.fork.edge)?.fork ?? "";
  const foreign = branches.findIndex((branch) => !children.includes(branch.branch));
  if (foreign >= 0) {
    return refuse(
      "BRANCH_INVALID",
      `statement.prior[${foreign}].branch`,
      `Only the branches of the fork are joined: ${children.join(", ")}.`,
    );
  }
  if (route.step(join.step)?.joinsFork !== name) {
    return refuse("STEP_OUT_OF_TURN", "statement.join.step", `Step ${join.step} does not join the fork '${name}'.`);
  }
  const waiting = children.filter((child) => {
    const branch = state.branches.get(child) as BranchCustody;
    const arrived = branch.step === join.step && branch.owedEdge === "";
    return !(arrived && row.states.includes(branch.state) && branches.includes(branch));
  });
  if (waiting.length > 0) {
    return refuse(
      "JOIN_INCOMPLETE",
      "statement.prior",
      `Not every branch of the fork has arrived at ${join.step} and is named in prior; missing: ${waiting.join(", ")}.`,
    );
  }
  if (branches.some((branch) => branch.holder !== author)) {
    return refuse(
      "NOT_THE_HOLDER",
      "statement.author.agency",
      `The branches at ${join.step} are held by another agency; only their holder may say \`join\`.`,
    );
  }
  return null;
}
