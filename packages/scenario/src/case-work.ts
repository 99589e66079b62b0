import { type Addressee, Outcome } from "@lienthong/contracts/exchange/v1/statement";
import type { RouteEdge } from "@lienthong/contracts/registry/v1/route";
import { giveOpinion } from "./case-consult.ts";
import { returnToCitizen } from "./case-ends.ts";
import type { CaseFile } from "./case-file.ts";
import { forward } from "./case-handoff.ts";
import type { BranchRecord } from "./case-record.ts";
import { officePaper, resultDocuments } from "./paperwork.ts";
import { edgesOnward, isOpinion } from "./route-course.ts";

const rejectionChance = 0.04;

/** The work of a step is done; or it turns out that it cannot be, and the branch goes back. */
export async function complete(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { record, choices } = file;
  const step = file.step(branch.step);
  if (isOpinion(step)) return await giveOpinion(file, branch, atMs);
  const { visit } = branch;
  if (visit !== null && visit.opinions.size > 0) {
    visit.waitsForOpinions = true;
    return;
  }
  const back = edgeBack(file, branch);
  if (back !== null) return await goBack(file, branch, back, atMs);
  const onward = onwardFrom(file, branch);
  const decides = step.end || onward.some((edge) => file.step(edge.to).end);
  const forked = file.isForked(branch);
  const rejects = decides && !forked && choices.random("reject", step.id).chance(rejectionChance);
  const outcome = rejects ? Outcome.OUTCOME_REJECTED : decides ? Outcome.OUTCOME_GRANTED : Outcome.OUTCOME_DONE;
  const number = file.count("complete", branch.id, step.id);
  const papers = choices.random("results", branch.id, step.id, number);
  const documents = resultDocuments(record.plan.procedure, step.id, papers, atMs);
  const resultsTo = await toBeTold(file, branch, onward, forked);
  const said = await file.say(branch.holder, [branch], atMs, step.id, {
    $case: "complete",
    value: { step: step.id, outcome, documents, resultsTo },
  });
  Object.assign(branch, { head: said.hash, state: "completed", documents: [...branch.documents, ...documents] });
  record.rejected ||= rejects;
  const dueMs = choices.passedOnAt(atMs, branch.id, step.id, number);
  file.schedule(dueMs, { kind: "pass on", branch: branch.id });
}

/** What is done goes to the next office, or to the citizen. */
export async function passOn(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const edges = onwardFrom(file, branch);
  if (edges.length > 0) return await forward(file, branch, edges, atMs);
  if (!file.step(branch.step).end) throw new Error(`Route ${file.record.route.id} ends at step ${branch.step}.`);
  await returnToCitizen(file, branch, atMs);
}

function onwardFrom(file: CaseFile, branch: BranchRecord): readonly RouteEdge[] {
  const { plan, route } = file.record;
  return edgesOnward(route, file.step(branch.step), plan.start, plan.chosenEdges);
}

/** The edge back that is due now: the one of the plan, or one that chance picks. */
function edgeBack(file: CaseFile, branch: BranchRecord): RouteEdge | null {
  const { record, choices } = file;
  const { happening } = record.plan;
  if (happening?.kind !== "step back") return choices.edgeBack(record.route.edgesFrom(branch.step), record.wentBack);
  const planned = record.route.edge(happening.edge);
  return planned !== undefined && planned.from === branch.step && !record.wentBack ? planned : null;
}

/** The step cannot be completed as things are: the branch goes back to where it came from, with a slip that says why. */
async function goBack(file: CaseFile, branch: BranchRecord, back: RouteEdge, atMs: number): Promise<void> {
  const { record, choices, world } = file;
  record.wentBack = true;
  world.figures.happened(file.procedure, "stepsBack");
  branch.documents = [...branch.documents, officePaper("return-slip", choices.random("return slip", back.id), atMs)];
  await forward(file, branch, [back], atMs);
}

/**
 * Who is sent a result beside the next holder. Parallel work: each agency sends its result to the one that needs it next and to the desk
 * (NĐ 61/2018/NĐ-CP article 19 clause 6). And whom the route names on the edge.
 */
async function toBeTold(
  file: CaseFile,
  branch: BranchRecord,
  onward: readonly RouteEdge[],
  forked: boolean,
): Promise<Addressee[]> {
  const { plan, desk } = file.record;
  const roles = onward.flatMap(({ resultCopiedToRoles }) => resultCopiedToRoles);
  const named = await Promise.all(
    roles.map((role) => file.world.roles.player(role, plan.ward.areaCode, plan.procedure)),
  );
  const next = forked ? await Promise.all(onward.map((edge) => file.player(file.step(edge.to)))) : [];
  const told = new Map(
    [...next, ...named, ...(forked ? [desk] : [])].map((addressee) => [addressee.agency, addressee]),
  );
  told.delete(branch.holder.agency);
  return [...told.values()];
}
