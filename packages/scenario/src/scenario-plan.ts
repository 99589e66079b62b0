import type { CompiledRoute } from "@lienthong/route";
import { dossierCode } from "./names.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { WorkingCalendar } from "./working-calendar.ts";

/** A ward whose citizens file dossiers. */
export interface PlannedWard {
  /** Agency id of its committee. */
  readonly agency: string;
  /** Code of the statistics list. */
  readonly areaCode: string;
}

/** A procedure that is played, and how often beside the others. */
export interface PlannedProcedure {
  readonly key: string;
  readonly route: CompiledRoute;
  readonly weight: number;
}

/** What becomes of a dossier. */
export type Fate =
  | { readonly kind: "finished" }
  /** A handoff to this step is never answered; `settled` tells whether the receiver's system takes note of it. */
  | { readonly kind: "waiting"; readonly step: string; readonly settled: boolean }
  /** Whoever holds it at this step goes on working. */
  | { readonly kind: "working"; readonly step: string };

/** A dossier that will be filed. */
export interface PlannedDossier {
  /** Position in the plan, from 0, in order of filing. */
  readonly index: number;
  readonly code: string;
  readonly procedure: string;
  readonly ward: PlannedWard;
  /** When the desk has the file in hand, office time. */
  readonly filedMs: number;
  readonly fate: Fate;
  /** The first handoff to this step is refused, whatever chance says; empty: none. */
  readonly refusedAtStep: string;
}

/** What a plan is made from. */
export interface PlanOptions {
  readonly seed: number;
  readonly dossiers: number;
  /** Share of dossiers that are still open at the end, 0 to 1. From two dossiers on at least one waits and one is worked on. */
  readonly openRatio: number;
  readonly wards: readonly PlannedWard[];
  readonly procedures: readonly PlannedProcedure[];
  readonly calendar: WorkingCalendar;
  /** Where the simulated clock begins. */
  readonly startMs: number;
  /** Local date of an instant, YYYY-MM-DD. */
  localDate(atMs: number): string;
}

const msPerMinute = 60_000;
/** The first file comes a few minutes after the desk opens. */
const firstFilingAfterMs = 4 * msPerMinute;
const filedPerDay = 30;
const filingDaysMin = 2;
const filingDaysMax = 7;

/**
 * Who files what, where and when, and what becomes of it. The same options give the same plan, whatever happened on the bus.
 * @throws RangeError where there is no ward or no procedure.
 */
export function planScenario(options: PlanOptions): PlannedDossier[] {
  const { seed, dossiers, wards, procedures, calendar } = options;
  if (wards.length === 0 || procedures.length === 0) {
    throw new RangeError("A scenario needs at least one ward and one procedure.");
  }
  const filings = Array.from({ length: dossiers }, (_, index) => {
    const random = new SeededRandom("filing", seed, index);
    return {
      filedMs: filingTime(random, options),
      // Some wards have many times the citizens of others.
      ward: random.pickWeighted(wards, (ward) => 1 + (new SeededRandom("ward", seed, ward.agency).uint32() % 4)),
      procedure: random.pickWeighted(procedures, ({ weight }) => weight),
      index,
    };
  }).sort((a, b) => a.filedMs - b.filedMs || a.index - b.index);

  const fates = fatesOf(filings, options);
  const shown = filings.findIndex(({ procedure }, index) => fates[index]?.kind === "finished" && isForked(procedure));
  const sequences = new Map<string, number>();
  return filings.map(({ filedMs, ward, procedure }, index) => {
    const date = options.localDate(calendar.openAtOrAfter(filedMs));
    const sequence = (sequences.get(date) ?? 0) + 1;
    sequences.set(date, sequence);
    return {
      index,
      code: dossierCode(date, sequence),
      procedure: procedure.key,
      ward,
      filedMs,
      fate: fates[index] ?? { kind: "finished" },
      // One forked dossier with a refusal is there to be shown, in small plays, too.
      refusedAtStep: index === shown ? firstForkedStep(procedure) : "",
    };
  });
}

function filingTime(random: SeededRandom, { dossiers, calendar, startMs }: PlanOptions): number {
  const days = Math.min(filingDaysMax, Math.max(filingDaysMin, Math.ceil(dossiers / filedPerDay)));
  const spanMs = days * calendar.workingDayMs - firstFilingAfterMs;
  // Desks are busiest in the first hours of a day: every other file comes in the first third of it.
  const anyTimeMs = Math.floor((random.fraction() * spanMs) / 1_000) * 1_000;
  const inDayMs = anyTimeMs % calendar.workingDayMs;
  const filedMs = random.chance(0.5) ? anyTimeMs - inDayMs + Math.floor(inDayMs / 3_000) * 1_000 : anyTimeMs;
  return calendar.after(startMs, firstFilingAfterMs + filedMs);
}

interface Filing {
  readonly procedure: PlannedProcedure;
}

/** Fates by position. The first that wait and are worked on are of unforked routes: one branch is easier to act on by hand. */
function fatesOf(filings: readonly Filing[], { seed, openRatio }: PlanOptions): Fate[] {
  const fates = filings.map((): Fate => ({ kind: "finished" }));
  const random = new SeededRandom("fates", seed);
  const shuffled = random.shuffle([...filings.keys()]);
  const forked = (position: number) => isForked((filings[position] as Filing).procedure);
  const order = [...shuffled.filter((position) => !forked(position)), ...shuffled.filter(forked)];
  const plain = order.slice(0, 2);
  const others = shuffled.filter((position) => !plain.includes(position));
  const open = filings.length < 2 ? 0 : Math.max(2, Math.round(filings.length * openRatio));
  for (const [count, position] of [...plain, ...others].slice(0, open).entries()) {
    const { procedure } = filings[position] as Filing;
    fates[position] =
      count % 2 === 0
        ? { kind: "waiting", step: random.pick(handoffSteps(procedure)), settled: count % 4 === 2 }
        : { kind: "working", step: random.pick(workSteps(procedure)) };
  }
  return fates;
}

function isForked({ route }: PlannedProcedure): boolean {
  return route.record.edges.some((edge) => edge.fork !== "");
}

function firstForkedStep({ route }: PlannedProcedure): string {
  return route.record.edges.find((edge) => edge.fork !== "")?.to ?? "";
}

/** Steps that custody is handed over to. */
function handoffSteps({ route }: PlannedProcedure): string[] {
  return route.record.steps.filter((step) => !step.start).map((step) => step.id);
}

/** Steps at which somebody works for a while before anything else may be said. */
function workSteps(procedure: PlannedProcedure): string[] {
  const steps = handoffSteps(procedure);
  const completed = steps.filter((id) => procedure.route.step(id)?.completionRequired === true);
  return completed.length > 0 ? completed : steps;
}
