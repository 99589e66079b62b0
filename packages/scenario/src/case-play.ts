import { assign } from "./case-assignment.ts";
import type { CaseChoices } from "./case-choices.ts";
import { consult } from "./case-consult.ts";
import { stop, withdraw } from "./case-ends.ts";
import { extend } from "./case-extension.ts";
import { CaseFile, type CasePlayer, type CaseWorld } from "./case-file.ts";
import { join } from "./case-fork.ts";
import { answer, forwardAgain } from "./case-handoff.ts";
import { open } from "./case-opening.ts";
import { pause, resume } from "./case-payment.ts";
import { answerRecall, askRecall } from "./case-recall.ts";
import { type Act, type BranchRecord, type CaseRecord, hasEnded } from "./case-record.ts";
import { askPapers, bringPapers } from "./case-supplement.ts";
import { proceed, takeUp } from "./case-visit.ts";
import { complete, passOn } from "./case-work.ts";

/**
 * One dossier, played by the offices that take part. What an office does next follows from what it said itself and from what its system
 * was delivered: a receiver learns of a handoff, a sender of a refusal, and a desk of a request, from the delivery alone.
 */
export class CasePlay implements CasePlayer {
  readonly record: CaseRecord;
  readonly #file: CaseFile;

  constructor(record: CaseRecord, choices: CaseChoices, world: CaseWorld) {
    this.record = record;
    this.#file = new CaseFile(this, choices, world, takeUp);
  }

  /** The citizen comes to the desk. */
  begin(): void {
    this.#file.schedule(this.record.plan.filedMs, { kind: "open" });
  }

  /** Does what the agenda says, at a simulated instant. What concerns a branch that has ended meanwhile is dropped. */
  async perform(act: Act, atMs: number): Promise<void> {
    const file = this.#file;
    if (this.record.ending !== null) return;
    if (act.kind === "open") return await open(file, atMs);
    if (act.kind === "withdraw") return await withdraw(file, atMs);
    const branch = file.branch(act.branch);
    if (hasEnded(branch)) return;
    switch (act.kind) {
      case "complete":
        return await complete(file, branch, atMs);
      case "pass on":
        return await passOn(file, branch, atMs);
      case "forward again":
        return await forwardAgain(file, branch, atMs);
      case "answer":
        return await answer(file, branch, atMs);
      case "ask recall":
        return await askRecall(file, branch, atMs);
      case "answer recall":
        return await answerRecall(file, branch, atMs);
      case "interlude":
        return await this.#interlude(branch, atMs);
      case "bring papers":
        return await bringPapers(file, branch, atMs);
      case "resume":
        return await resume(file, branch, atMs);
      case "stop":
        return await stop(file, branch, atMs);
      case "join":
        return await join(file, branch, atMs);
    }
  }

  async #interlude(branch: BranchRecord, atMs: number): Promise<void> {
    const file = this.#file;
    const { visit } = branch;
    const [next, ...later] = visit?.todo ?? [];
    if (visit === null || next === undefined) return;
    visit.todo = later;
    switch (next.kind) {
      case "assign":
        return await assign(file, branch, next.internalStep, atMs);
      case "ask papers":
        return await askPapers(file, branch, atMs);
      case "consult":
        await consult(file, branch, atMs);
        return proceed(file, branch, atMs);
      case "extend":
        return await extend(file, branch, atMs);
      case "pause":
        return await pause(file, branch, atMs);
    }
  }
}
