import type { Assign, BringSupplement, Complete, Extend, Resume } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import { hashesEqual } from "@lienthong/tlog";
import { addresseeRefusal, unitRefusal } from "./addressee-checks.ts";
import { type Refusal, refuse } from "./decision.ts";
import { type BranchCustody, type DossierState, supplementKey } from "./dossier-state.ts";
import type { Rulebook } from "./rulebook.ts";

/** Why a step is not completed like this; null if it is. */
export function completeRefusal(branch: BranchCustody, complete: Complete, rules: Rulebook): Refusal | null {
  if (complete.step !== branch.step || branch.owedEdge !== "") {
    const allowed = branch.owedEdge === "" ? "that step, once" : `to forward it along ${branch.owedEdge}`;
    return refuse(
      "STEP_OUT_OF_TURN",
      "statement.complete.step",
      `Branch ${branch.branch} is at ${branch.step}; allowed: ${allowed}.`,
    );
  }
  for (const [index, addressee] of complete.resultsTo.entries()) {
    const refusal = addresseeRefusal(addressee, `statement.complete.results_to[${index}]`, rules);
    if (refusal !== null) return refusal;
  }
  return null;
}

/**
 * An agency asks the citizen once, for everything that is missing (NĐ 61/2018/NĐ-CP article 15 clause 3). "Once" counts for the
 * agency and the step: what another agency, or the same one at a later step, needs is another matter.
 */
export function requestSupplementRefusal(state: DossierState, branch: BranchCustody, author: string): Refusal | null {
  const first = state.supplementRequests.get(supplementKey(author, branch.step));
  if (first === undefined) return null;
  return refuse(
    "STATE_FORBIDS",
    "statement.request_supplement",
    `${author} asked for supplements at ${branch.step} in event ${first}; allowed: once, in full (NĐ 61/2018/NĐ-CP article 15 clause 3).`,
    { decidedBy: first },
  );
}

/** While papers are awaited nothing but their arrival or an end moves the branch: the event that asked is its head. */
export function bringSupplementRefusal(branch: BranchCustody, brought: BringSupplement): Refusal | null {
  return causeRefusal(branch, brought.request, "statement.bring_supplement.request", "asked for papers");
}

/** A pause for a financial duty ends with the proof of payment (QĐ 1610/QĐ-TTPVHCC). */
export function resumeRefusal(branch: BranchCustody, resume: Resume): Refusal | null {
  const other = causeRefusal(branch, resume.pause, "statement.resume.pause", "paused the branch");
  if (other !== null) return other;
  if (!branch.proofOwed || resume.documents.length > 0) return null;
  return refuse(
    "FIELD_MISSING",
    "statement.resume.documents",
    "The pause was for a financial duty; allowed: 1 to 16 documents, the proof of payment among them.",
  );
}

function causeRefusal(branch: BranchCustody, named: Uint8Array, field: string, did: string): Refusal | null {
  if (hashesEqual(named, branch.head)) return null;
  return refuse(
    "FIELD_INVALID",
    field,
    `Event ${branch.headNumber} ${did}, and this is not its hash; allowed: the head of branch ${branch.branch}.`,
    { decidedBy: branch.headNumber, head: branch.head },
  );
}

/** The date promised is moved once, whoever moves it (NĐ 61/2018/NĐ-CP article 19 clause 9). */
export function extendRefusal(state: DossierState, extend: Extend): Refusal | null {
  if (state.extendedBy > 0) {
    return refuse(
      "STATE_FORBIDS",
      "statement.extend",
      `Event ${state.extendedBy} moved the date promised; allowed: once per dossier (NĐ 61/2018/NĐ-CP article 19 clause 9).`,
      { decidedBy: state.extendedBy },
    );
  }
  if (extend.dueTime !== undefined) return null;
  return refuse("FIELD_MISSING", "statement.extend.due_time", "An extension says until when; allowed: the new date.");
}

/** Another unit of the holder answers for the work; custody stays where it is. */
export function assignRefusal(
  branch: BranchCustody,
  assign: Assign,
  author: string,
  route: CompiledRoute,
  rules: Rulebook,
): Refusal | null {
  const unit = unitRefusal(assign.unit, author, "statement.assign.unit", rules);
  if (unit !== null) return unit;
  const internalSteps = route.step(branch.step)?.internalSteps.length ?? 0;
  if (assign.internalStep <= internalSteps) return null;
  const allowed = internalSteps === 0 ? "0, it has no list of internal work" : `0 to ${internalSteps}`;
  return refuse(
    "FIELD_INVALID",
    "statement.assign.internal_step",
    `Step ${branch.step} has no internal step ${assign.internalStep}; allowed: ${allowed}.`,
  );
}
