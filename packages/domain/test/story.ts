import { expect } from "vitest";
import { type AudienceMember, audienceOfEvent, type Decision } from "../src/index.ts";
import { rulebook } from "./procedure-fixture.ts";
import { type SaidStatement, type Says, say, saying, statementIdOf, TrailRecorder } from "./trail-recorder.ts";

const rules = rulebook();

/** One dossier and a hand for each agency that acts on it. */
export class Story {
  readonly rules = rules;
  readonly dossier = new TrailRecorder();
  /** Whom the last event reached. */
  told: AudienceMember[] = [];
  #statements = 0;

  /** Says something about branches as they are now. */
  statement(agency: string, branches: string[], what: Says) {
    const prior = branches.map((branch) => ({ branch, head: this.branch(branch).head }));
    this.#statements++;
    return say(agency, statementIdOf(this.#statements), prior, what);
  }

  /** Says it, is accepted, and gives the event's hash. */
  accepted(agency: string, branches: string[], what: Says): Uint8Array {
    return this.recorded(this.statement(agency, branches, what));
  }

  /** Accepts a statement made before, and gives the event's hash. */
  recorded(said: SaidStatement): Uint8Array {
    expect(this.dossier.decide(said, rules)).toEqual({ kind: "accept" });
    const before = this.dossier.parties;
    const recorded = this.dossier.record(said);
    this.told = audienceOfEvent(recorded.event, before);
    return recorded.hash;
  }

  /** What is decided on a statement about branches as they are now. */
  decision(agency: string, branches: string[], what: Says): Decision {
    return this.dossier.decide(this.statement(agency, branches, what), rules);
  }

  /** Forwards a branch, and the receiver acknowledges. */
  moved(branch: string, step: string, edge: string, agency: string): void {
    const forward = this.accepted(this.branch(branch).holder, [branch], saying.forward({ branch, step, edge, agency }));
    this.accepted(agency, [branch], saying.acknowledge(forward, branch));
  }

  /** Whom the last event reached, as "agency role". */
  get reached(): string[] {
    return this.told.map(({ agency, role }) => `${agency} ${role}`).toSorted();
  }

  branch(id: string) {
    const branch = this.dossier.state?.branches.get(id);
    if (branch === undefined) throw new Error(`The dossier has no branch ${id}.`);
    return branch;
  }

  /** "STATE holder @step" of a branch. */
  custody(id: string): string {
    const { state, holder, step } = this.branch(id);
    return `${state} ${holder || "nobody"} @${step}`;
  }
}
