import type { Statement } from "@lienthong/contracts/exchange/v1/statement";
import { custodyRow, type DossierState } from "@lienthong/domain";
import type { ReadEvent } from "@lienthong/statement";
import { isoOf } from "./instants.ts";

/** Who held a branch, from one event to another. */
export interface CustodyPeriod {
  readonly branch: string;
  readonly agency: string;
  /** Unit that answered for it at the end of the period; may be empty. */
  readonly unit: string;
  /** Legal time of the event with which it began; RFC 3339. */
  readonly from: string;
  readonly fromEvent: number;
  /** The same for its end; null: it goes on as far as the file tells. */
  readonly until: string | null;
  readonly untilEvent: number | null;
  /** False where events are withheld: it may have begun before, ended since, or been interrupted. */
  readonly certain: boolean;
}

/** Tells periods from who holds each branch after each event. */
export class PeriodRecorder {
  readonly #open = new Map<string, CustodyPeriod>();
  readonly #closed: CustodyPeriod[] = [];

  /** Who holds a branch after an event; nobody: an empty agency. */
  record(branch: string, agency: string, unit: string, event: ReadEvent, certain = true): void {
    const before = this.#open.get(branch);
    if (before?.agency === agency) {
      this.#open.set(branch, { ...before, unit, certain: before.certain && certain });
      return;
    }
    const at = isoOf(event.header.recordedTime);
    const number = Number(event.header.number);
    if (before !== undefined) {
      this.#closed.push({ ...before, until: at, untilEvent: number, certain: before.certain && certain });
      this.#open.delete(branch);
    }
    if (agency === "") return;
    this.#open.set(branch, {
      branch,
      agency,
      unit,
      from: at,
      fromEvent: number,
      until: null,
      untilEvent: null,
      certain,
    });
  }

  /** By branch, then in time. */
  periods(): CustodyPeriod[] {
    return [...this.#closed, ...this.#open.values()].sort((a, b) =>
      a.branch === b.branch ? a.fromEvent - b.fromEvent : compareBranches(a.branch, b.branch),
    );
  }
}

/** "0.2" before "0.10", a branch before its children. */
function compareBranches(a: string, b: string): number {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? -1) - (right[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Takes down what an event changed, from the states before and after it. */
export function recordStates(recorder: PeriodRecorder, after: DossierState, event: ReadEvent): void {
  for (const { branch, holder, unit, headNumber } of after.branches.values()) {
    // A reader is told of changes only; what an event did not move stays as it was.
    if (headNumber === after.number) recorder.record(branch, holder, unit, event);
  }
}

/**
 * Takes down what a statement says of custody by itself, where events around it are withheld and states cannot be folded. Whoever could
 * only speak as the holder held the branch; whoever acknowledged holds it; what ended is held by nobody.
 */
export function recordStatement(recorder: PeriodRecorder, statement: Statement, event: ReadEvent): void {
  const { what } = statement;
  const author = statement.author?.agency ?? "";
  const unit = statement.author?.unit ?? "";
  const held = (branch: string) => recorder.record(branch, author, unit, event, false);
  const ended = (branch: string) => recorder.record(branch, "", "", event, false);
  const acted = statement.prior.map(({ branch }) => branch);
  if (what === undefined) return;
  switch (what.$case) {
    case "erase":
      return;
    case "open":
      held("0");
      return;
    case "acknowledge":
      for (const branch of acted) held(branch);
      return;
    case "forward":
    case "consult": {
      const children = what.value.branches.map(({ branch }) => branch).filter((branch) => branch !== acted[0]);
      for (const branch of acted) {
        held(branch);
        if (what.$case === "forward" && children.length > 0) ended(branch);
      }
      for (const branch of children) held(branch);
      return;
    }
    case "join":
      for (const branch of acted) ended(branch);
      held(what.value.into);
      return;
    case "return":
    case "withdraw":
    case "stop":
      for (const branch of acted) ended(branch);
      return;
    default: {
      const role = custodyRow(what.$case)?.role;
      if (role === "holder" || role === "sender") for (const branch of acted) held(branch);
    }
  }
}
