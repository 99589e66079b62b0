import type { ForwardBranch } from "@lienthong/contracts/exchange/v1/statement";
import { Outcome } from "@lienthong/contracts/exchange/v1/statement";
import type { CaseFile } from "./case-file.ts";
import { newChildId, offer, targetOf } from "./case-handoff.ts";
import type { BranchRecord } from "./case-record.ts";
import { officePaper } from "./paperwork.ts";

const msPerMinute = 60_000;
const msPerHour = 60 * msPerMinute;

/** The holder asks others for opinions, all at the same time, and goes on working. */
export async function consult(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { route, plan } = file.record;
  const { random } = file.choices;
  const targets: ForwardBranch[] = [];
  const silent = new Set<string>();
  for (const { edge: id, agencies, silent: neverAnswered } of plan.opinions) {
    const edge = route.edge(id);
    if (edge === undefined || edge.from !== branch.step) continue;
    const competent = await file.players(file.step(edge.to));
    // Nobody asks itself.
    const others = competent.filter(({ agency }) => agency !== branch.holder.agency);
    for (const receiver of random("asked", id).shuffle(others).slice(0, agencies)) {
      const target = targetOf(file, newChildId(file, branch), edge, receiver, branch);
      const request = officePaper("opinion-request", random("opinion request", target.branch), atMs);
      targets.push({ ...target, documents: [request, ...target.documents] });
      if (neverAnswered) silent.add(target.branch);
    }
  }
  if (targets.length === 0) return;
  const leadBranch = plan.leadNamed && targets.length > 1 ? (targets[0]?.branch ?? "") : "";
  const { visit } = branch;
  await offer(
    file,
    branch,
    { $case: "consult", value: { branches: targets, leadBranch } },
    atMs,
    (hash) => {
      branch.head = hash;
      for (const target of targets) if (!silent.has(target.branch)) visit?.opinions.add(target.branch);
    },
    "working",
  );
}

/** An agency that was asked gives its opinion; whoever asked has it at once. */
export async function giveOpinion(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { choices, world } = file;
  const opinion = officePaper("opinion", choices.random("opinion", branch.id), atMs);
  const author = branch.holder;
  const said = await file.say(author, [branch], atMs, branch.step, {
    $case: "complete",
    value: { step: branch.step, outcome: Outcome.OUTCOME_DONE, documents: [opinion], resultsTo: [] },
  });
  file.letGo(branch, atMs);
  Object.assign(branch, { state: "joined", head: said.hash });
  world.figures.happened(file.procedure, "opinions");
  const asking = file.branch(branch.askedFor);
  await file.told(asking.holder.agency, author, said);
  asking.documents = [...asking.documents, opinion];
  const { visit } = asking;
  visit?.opinions.delete(branch.id);
  if (visit?.waitsForOpinions !== true || visit.opinions.size > 0) return;
  visit.waitsForOpinions = false;
  const dueMs = choices.after(atMs, 30 * msPerMinute, 8 * msPerHour, "opinions merged", asking.id);
  file.schedule(dueMs, { kind: "complete", branch: asking.id });
}
