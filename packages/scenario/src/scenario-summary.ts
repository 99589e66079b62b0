import type { CasePlay } from "./case-play.ts";
import type { BranchRecord } from "./case-record.ts";
import type { ProcedureFigures, ScenarioFigures } from "./scenario-figures.ts";

/** A dossier whose trail is worth a look. */
export interface ShownDossier {
  readonly dossier: string;
  readonly procedure: string;
  /** Agency that opened it, and may read all of it. */
  readonly openedBy: string;
  readonly refusals: number;
}

/** A handoff that waits for its receiver. */
export interface ShownHandoff extends ShownDossier {
  readonly branch: string;
  readonly step: string;
  readonly sender: string;
  readonly receiver: string;
  readonly receiverUnit: string;
  /** A system of the receiver took note of it. If not, `inbox watch` of the receiver shows it. */
  readonly settled: boolean;
}

/** A branch that somebody works at. */
export interface ShownWork extends ShownDossier {
  readonly branch: string;
  readonly step: string;
  readonly holder: string;
  readonly holderUnit: string;
}

/** Sums over a play. */
export interface ScenarioTotals {
  readonly dossiers: number;
  readonly finished: number;
  readonly open: number;
  readonly handoffs: number;
  readonly refusals: number;
  /** Statements that are durable. */
  readonly statements: number;
  /** Those of them that a play before this one had brought already. */
  readonly repeated: number;
  /** Events that the shard has more than before. */
  readonly events: number;
  readonly clockAdvances: number;
  readonly realMs: number;
  readonly statementsPerSecond: number;
  /** Where the simulated clock stands at the end, milliseconds since 1970. */
  readonly simulatedEndMs: number;
}

/** What a play came to. */
export interface ScenarioSummary {
  readonly procedures: readonly ProcedureFigures[];
  readonly totals: ScenarioTotals;
  /** Dossiers to show people; null where the play has none of the kind. */
  readonly shown: {
    /** Finished; with a fork and a refusal where there is one. */
    readonly finished: ShownDossier | null;
    readonly waiting: ShownHandoff | null;
    readonly working: ShownWork | null;
  };
  /** All dossiers that are finished, all handoffs that wait, and all branches that are worked at, by dossier code. */
  readonly finished: readonly ShownDossier[];
  readonly waiting: readonly ShownHandoff[];
  readonly working: readonly ShownWork[];
}

/** Sums up the dossiers of a play. */
export function summarise(
  cases: readonly CasePlay[],
  figures: ScenarioFigures,
  measured: Pick<ScenarioTotals, "statements" | "repeated" | "events" | "clockAdvances" | "realMs" | "simulatedEndMs">,
): ScenarioSummary {
  const opened = cases.filter(({ record }) => record.branches.size > 0);
  const waiting = opened.flatMap((play) => branchesOf(play, "handed over").map((branch) => shownHandoff(play, branch)));
  const working = opened.flatMap((play) =>
    [...branchesOf(play, "working"), ...branchesOf(play, "completed")].map((branch) => shownWork(play, branch)),
  );
  const finished = opened.filter(({ record }) => record.returned);
  const interest = ({ record }: CasePlay) => (record.branches.size > 1 ? 1_000 : 0) + Math.min(record.refusals, 9) * 10;
  const mostInteresting = finished.toSorted((a, b) => interest(b) - interest(a))[0];
  return {
    procedures: figures.procedures(),
    totals: {
      dossiers: figures.dossiersOpened,
      finished: figures.dossiersFinished,
      open: figures.dossiersOpened - figures.dossiersFinished,
      handoffs: figures.handoffs,
      refusals: figures.refusals,
      statementsPerSecond: Math.round((measured.statements * 1_000) / Math.max(1, measured.realMs)),
      ...measured,
    },
    shown: {
      finished: mostInteresting === undefined ? null : shownDossier(mostInteresting),
      // One branch is easier to act on by hand, and what no system took note of is still in the receiver's inbox.
      waiting: waiting.toSorted((a, b) => handiness(b) - handiness(a))[0] ?? null,
      working: working.toSorted((a, b) => handiness(b) - handiness(a))[0] ?? null,
    },
    finished: finished.map(shownDossier),
    waiting,
    working,
  };
}

function handiness(shown: ShownHandoff | ShownWork): number {
  return (shown.branch === "0" ? 2 : 0) + ("settled" in shown && !shown.settled ? 1 : 0);
}

function branchesOf({ record }: CasePlay, state: BranchRecord["state"]): BranchRecord[] {
  return [...record.branches.values()].filter((branch) => branch.state === state);
}

function shownDossier({ record }: CasePlay): ShownDossier {
  const { plan, desk, refusals } = record;
  return { dossier: plan.code, procedure: plan.procedure, openedBy: desk.agency, refusals };
}

function shownHandoff(play: CasePlay, branch: BranchRecord): ShownHandoff {
  const { fate } = play.record.plan;
  return {
    ...shownDossier(play),
    branch: branch.id,
    step: branch.handoff?.step ?? "",
    sender: branch.holder.agency,
    receiver: branch.handoff?.receiver.agency ?? "",
    receiverUnit: branch.handoff?.receiver.unit ?? "",
    settled: !(fate.kind === "waiting" && !fate.settled),
  };
}

function shownWork(play: CasePlay, branch: BranchRecord): ShownWork {
  return {
    ...shownDossier(play),
    branch: branch.id,
    step: branch.step,
    holder: branch.holder.agency,
    holderUnit: branch.holder.unit,
  };
}
