import { timestampFromMs } from "@lienthong/chassis/timestamp";
import type { CaseFile } from "./case-file.ts";
import { newBranch } from "./case-record.ts";
import { commitment, filedDocuments } from "./paperwork.ts";

/** The citizen is at the desk, and the desk opens the dossier. */
export async function open(file: CaseFile, atMs: number): Promise<void> {
  const { record, choices } = file;
  const { plan, route } = record;
  const step = file.step(plan.start);
  record.opener = await file.player(step);
  // The desk that will return the result is where the file was handed in.
  const ends = await Promise.all(route.endSteps.map((end) => file.player(end)));
  record.desk = ends.find(({ agency }) => agency === record.opener.agency) ?? record.opener;
  const documents = filedDocuments(plan.procedure, choices.random("filed"), plan.filedMs);
  const said = await file.say(record.desk, [], atMs, "", {
    $case: "open",
    value: {
      areaCode: plan.ward.areaCode,
      procedureEntry: record.procedureEntry,
      routeEntry: record.routeEntry,
      calendarEntry: record.calendarEntry,
      step: step.id,
      channel: file.channel(),
      receivedTime: timestampFromMs(plan.filedMs),
      applicantDigest: commitment("applicant", choices.random("applicant")),
      documents,
      chosenEdges: [...plan.chosenEdges],
      helpedAt: "",
      competentAgency: "",
    },
  });
  file.world.figures.opened(plan.procedure);
  const root = newBranch("0", record.opener, step.id, said.hash, documents);
  record.branches.set(root.id, root);
  file.takeUp(root, atMs);
}
