import type { CaseFile } from "./case-file.ts";
import type { BranchRecord } from "./case-record.ts";
import { proceed } from "./case-visit.ts";

/** Another unit of the holder does the next part of the step; custody stays where it is. */
export async function assign(file: CaseFile, branch: BranchRecord, internalStep: number, atMs: number): Promise<void> {
  const { choices, world } = file;
  const step = file.step(branch.step);
  const { agency } = branch.holder;
  const random = choices.random("officer", branch.id, step.id, internalStep);
  const { unit, officerRef } = await world.offices.worker(agency, internalStep, step.internalSteps.length, random);
  const said = await file.say(branch.holder, [branch], atMs, step.id, {
    $case: "assign",
    value: { unit, officerRef, internalStep },
  });
  // From here on the unit that is responsible speaks.
  Object.assign(branch, { head: said.hash, holder: { agency, unit } });
  world.figures.happened(file.procedure, "assignments");
  proceed(file, branch, atMs);
}
