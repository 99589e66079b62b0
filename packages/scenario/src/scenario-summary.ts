import type { CasePlay } from "./case-play.ts";
import type { BranchRecord } from "./case-record.ts";
import { type HappeningName, happeningName } from "./happenings.ts";
import type { HappeningCounts, ProcedureFigures, ScenarioFigures } from "./scenario-figures.ts";

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

/** A dossier that ended without a result. */
export interface ShownEnd extends ShownDossier {
  readonly ending: "withdrawn" | "stopped";
}

/** What an example shows: a happening of the plan, or what belongs to its procedure. */
export type ExampleKind = HappeningName | "payment" | "opinions";

/** A dossier that is over, to whose trail something happened that most trails do not have. */
export interface ShownExample extends ShownDossier {
  readonly what: ExampleKind;
}

/** Sums over a play. */
export interface ScenarioTotals extends HappeningCounts {
  readonly dossiers: number;
  /** Dossiers whose result the citizen has. */
  readonly finished: number;
  readonly withdrawn: number;
  readonly stopped: number;
  readonly open: number;
  readonly handoffs: number;
  readonly refusals: number;
  readonly recalls: number;
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

/** Version of the form of a summary: it is kept by those who show it later. */
export const SCENARIO_SUMMARY_VERSION = 2;

/** What a play came to. */
export interface ScenarioSummary {
  /** Version of this form: 2. */
  readonly version: typeof SCENARIO_SUMMARY_VERSION;
  /** Procedures with a dossier or more. */
  readonly procedures: readonly ProcedureFigures[];
  readonly totals: ScenarioTotals;
  /** Dossiers to show people; null where the play has none of the kind. */
  readonly shown: {
    /** Finished; with a fork and a refusal where there is one. */
    readonly finished: ShownDossier | null;
    readonly waiting: ShownHandoff | null;
    readonly working: ShownWork | null;
  };
  /** All dossiers that are finished or ended otherwise, all handoffs that wait, and all branches that are worked at, by dossier code. */
  readonly finished: readonly ShownDossier[];
  readonly endedEarly: readonly ShownEnd[];
  /** The first dossier of each kind. */
  readonly examples: readonly ShownExample[];
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
  const waiting = opened.flatMap((play) =>
    branchesOf(play, "handed over")
      // An agency that was asked for an opinion holds nothing up by its silence.
      .filter(({ askedFor }) => askedFor === "")
      .map((branch) => shownHandoff(play, branch)),
  );
  const working = opened.flatMap((play) =>
    [...branchesOf(play, "working"), ...branchesOf(play, "completed")].map((branch) => shownWork(play, branch)),
  );
  const finished = opened.filter(({ record }) => record.ending === "returned");
  const endedEarly = opened.flatMap((play): ShownEnd[] => {
    const { ending } = play.record;
    return ending === null || ending === "returned" ? [] : [{ ...shownDossier(play), ending }];
  });
  const mostInteresting = finished.toSorted((a, b) => interest(b) - interest(a))[0];
  const procedures = figures.procedures();
  const sum = (of: keyof HappeningCounts | "withdrawn" | "stopped" | "open" | "refusals" | "recalls") =>
    procedures.reduce((total, procedure) => total + procedure[of], 0);
  return {
    version: SCENARIO_SUMMARY_VERSION,
    procedures,
    totals: {
      dossiers: figures.dossiersOpened,
      finished: figures.dossiersFinished,
      withdrawn: sum("withdrawn"),
      stopped: sum("stopped"),
      open: sum("open"),
      handoffs: figures.handoffs,
      refusals: sum("refusals"),
      recalls: sum("recalls"),
      supplements: sum("supplements"),
      pauses: sum("pauses"),
      extensions: sum("extensions"),
      opinions: sum("opinions"),
      stepsBack: sum("stepsBack"),
      assignments: sum("assignments"),
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
    endedEarly,
    examples: examplesOf(opened),
    waiting,
    working,
  };
}

function examplesOf(plays: readonly CasePlay[]): ShownExample[] {
  const examples = new Map<ExampleKind, ShownExample>();
  for (const play of plays) {
    const { plan, counts, ending } = play.record;
    if (ending === null) continue;
    const kinds: ExampleKind[] = plan.happening === null ? [] : [happeningName(plan.happening)];
    if (saidOf(counts, "resume")) kinds.push("payment");
    if (saidOf(counts, "consult")) kinds.push("opinions");
    for (const what of kinds) if (!examples.has(what)) examples.set(what, { ...shownDossier(play), what });
  }
  return [...examples.values()];
}

/** Whether this was said of the dossier; acts are counted under the statement's name. */
function saidOf(counts: ReadonlyMap<string, number>, statement: string): boolean {
  return [...counts.keys()].some((name) => name.startsWith(`said/${statement}/`));
}

/** A fork with a refusal says most in few lines, above all the one that the plan means to be shown. */
function interest({ record }: CasePlay): number {
  const { plan, branches, refusals } = record;
  const isPlanned = plan.refusedAtStep !== "" ? 10_000 : 0;
  return isPlanned + (branches.size > 1 ? 1_000 : 0) + Math.min(refusals, 9) * 10;
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
