import type { CompiledRoute } from "@lienthong/route";
import { type Happening, planHappenings } from "./happenings.ts";
import { dossierCode } from "./names.ts";
import type { ProcedureHabits } from "./played-procedures.ts";
import { type CourseStop, courseOf, optionalEdges } from "./route-course.ts";
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
export interface PlannedProcedure extends ProcedureHabits {
  readonly route: CompiledRoute;
}

/** What becomes of a dossier. */
export type Fate =
  | { readonly kind: "finished" }
  /** A handoff to this step is never answered; `settled` tells whether the receiver's system takes note of it. */
  | { readonly kind: "waiting"; readonly step: string; readonly settled: boolean }
  /** Whoever holds it at this step goes on working. */
  | { readonly kind: "working"; readonly step: string };

/** Opinions that a dossier needs, along one consult edge. */
export interface PlannedOpinion {
  readonly edge: string;
  /** How many agencies are asked, if so many are competent. */
  readonly agencies: number;
  /** They never answer, and who asked goes on: the route takes silence for agreement. */
  readonly silent: boolean;
}

/** A dossier that will be filed. */
export interface PlannedDossier {
  /** Position in the plan, from 0, in order of filing. */
  readonly index: number;
  readonly code: string;
  readonly procedure: string;
  readonly ward: PlannedWard;
  /** When the desk has the file in hand, office time. */
  readonly filedMs: number;
  /** Step of the route at which it is opened. */
  readonly start: string;
  /** Optional branches that the citizen chose, by edge. */
  readonly chosenEdges: readonly string[];
  readonly opinions: readonly PlannedOpinion[];
  /** One of the agencies that are asked leads the others; else who asks does. */
  readonly leadNamed: boolean;
  readonly fate: Fate;
  /** The first handoff to this step is refused, whatever chance says; empty: none. */
  readonly refusedAtStep: string;
  /** What else is not as usual; null: nothing. */
  readonly happening: Happening | null;
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
const leadNamedChance = 0.4;

/** A dossier before it is known what becomes of it. */
interface Filing {
  readonly index: number;
  readonly procedure: PlannedProcedure;
  readonly filedMs: number;
  readonly ward: PlannedWard;
  readonly start: string;
  readonly chosenEdges: readonly string[];
  readonly course: readonly CourseStop[];
}

/**
 * Who files what, where and when, and what becomes of it. The same options give the same plan, whatever happened on the bus.
 * @throws RangeError where there is no ward or no procedure.
 */
export function planScenario(options: PlanOptions): PlannedDossier[] {
  const { seed, dossiers, wards, procedures, calendar } = options;
  if (wards.length === 0 || procedures.length === 0) {
    throw new RangeError("A scenario needs at least one ward and one procedure.");
  }
  const filings = filingsOf(options);
  const fates = fatesOf(filings, options);
  const isSmooth = (index: number) => fates[index]?.kind === "finished";
  // A fork that is the same for every citizen needs no explanation.
  const shown = filings.find(
    ({ index, course, procedure }) =>
      isSmooth(index) && forkedSteps(course).length > 1 && optionalEdges(procedure.route).length === 0,
  );
  const happenings = planHappenings(
    seed,
    dossiers,
    filings
      .filter(({ index }) => isSmooth(index) && index !== shown?.index)
      .map(({ index, course, procedure }) => ({ index, course, route: procedure.route, habits: procedure })),
  );
  const leading = leadingOf(filings, seed);
  const sequences = new Map<string, number>();
  return filings.map((filing) => {
    const { index, procedure, ward, filedMs, start, chosenEdges, course } = filing;
    const date = options.localDate(calendar.openAtOrAfter(filedMs));
    const sequence = (sequences.get(date) ?? 0) + 1;
    sequences.set(date, sequence);
    return {
      index,
      code: dossierCode(date, sequence),
      procedure: procedure.key,
      ward,
      filedMs,
      start,
      chosenEdges,
      opinions: opinionsOf(filing, seed),
      leadNamed: leading.has(index),
      fate: fates[index] ?? { kind: "finished" },
      // One forked dossier with a refusal is there to be shown, in small plays, too.
      refusedAtStep: index === shown?.index ? (forkedSteps(course)[0] ?? "") : "",
      happening: happenings.get(index) ?? null,
    };
  });
}

/** In order of filing. */
function filingsOf({ seed, dossiers, wards, procedures, calendar, startMs }: PlanOptions): Filing[] {
  const drawn = proceduresDrawn(seed, dossiers, procedures);
  const filed = drawn
    .map((procedure, at) => {
      const random = new SeededRandom("filing", seed, at);
      return {
        at,
        procedure,
        filedMs: filingTime(random, { dossiers, calendar, startMs }),
        // Some wards have many times the citizens of others.
        ward: random.pickWeighted(wards, (ward) => 1 + (new SeededRandom("ward", seed, ward.agency).uint32() % 4)),
      };
    })
    .sort((a, b) => a.filedMs - b.filedMs || a.at - b.at);
  const ordinals = new Map<string, number>();
  return filed.map(({ procedure, filedMs, ward }, index) => {
    const { key, route, starts = {} } = procedure;
    const ordinal = ordinals.get(key) ?? 0;
    ordinals.set(key, ordinal + 1);
    const random = new SeededRandom("begin", seed, index);
    const start = random.pickWeighted(route.startSteps, ({ id }) => starts[id] ?? 1).id;
    const chosenEdges = chosenOf(route, ordinal);
    return { index, procedure, filedMs, ward, start, chosenEdges, course: courseOf(route, start, chosenEdges) };
  });
}

/**
 * Procedures by weight, evenly: one that is due once or more among so many dossiers is among them. Those that hand custody over come
 * first on the scale, so from two dossiers on there is one (they weigh more than half of all).
 */
function proceduresDrawn(seed: number, dossiers: number, procedures: readonly PlannedProcedure[]): PlannedProcedure[] {
  const isLinked = ({ route }: PlannedProcedure) =>
    route.startSteps.every((start) => courseOf(route, start.id, []).length > 1);
  const scale = [...procedures.filter(isLinked), ...procedures.filter((procedure) => !isLinked(procedure))];
  const total = scale.reduce((sum, { weight }) => sum + weight, 0);
  const random = new SeededRandom("procedures", seed);
  const offset = random.fraction();
  const drawn = Array.from({ length: dossiers }, (_, position) => {
    const at = ((position + offset) / dossiers) * total;
    let passed = 0;
    for (const procedure of scale) {
      passed += procedure.weight;
      if (at < passed) return procedure;
    }
    return scale.at(-1) as PlannedProcedure;
  });
  return random.shuffle(drawn);
}

/** Every combination of the optional branches in turn, so that a few dossiers show them all. */
function chosenOf(route: CompiledRoute, ordinal: number): string[] {
  const optional = optionalEdges(route);
  const combinations = 2 ** optional.length;
  // Most citizens choose everything there is: that comes first.
  const combination = combinations - 1 - (ordinal % combinations);
  return optional.filter((_, bit) => (combination >> bit) % 2 === 1);
}

function opinionsOf({ index, procedure, course }: Filing, seed: number): PlannedOpinion[] {
  return (procedure.opinions ?? []).flatMap(({ edge, chance, least, most, silence = 0 }) => {
    const random = new SeededRandom("opinion", seed, index, edge);
    const asked = course.some(({ step }) => step.id === procedure.route.edge(edge)?.from) && random.chance(chance);
    return asked ? [{ edge, agencies: random.integer(least, most), silent: random.chance(silence) }] : [];
  });
}

/** Dossiers in which one of the agencies that are asked leads: some, and the first that asks three or more in any case. */
function leadingOf(filings: readonly Filing[], seed: number): Set<number> {
  const asking = filings.filter(
    (filing) => opinionsOf(filing, seed).reduce((sum, { agencies }) => sum + agencies, 0) >= 3,
  );
  const drawn = asking.filter(
    ({ index }, position) => position === 0 || new SeededRandom("lead", seed, index).chance(leadNamedChance),
  );
  return new Set(drawn.map(({ index }) => index));
}

function filingTime(
  random: SeededRandom,
  { dossiers, calendar, startMs }: Pick<PlanOptions, "dossiers" | "calendar" | "startMs">,
): number {
  const days = Math.min(filingDaysMax, Math.max(filingDaysMin, Math.ceil(dossiers / filedPerDay)));
  const spanMs = days * calendar.workingDayMs - firstFilingAfterMs;
  // Desks are busiest in the first hours of a day: every other file comes in the first third of it.
  const anyTimeMs = Math.floor((random.fraction() * spanMs) / 1_000) * 1_000;
  const inDayMs = anyTimeMs % calendar.workingDayMs;
  const filedMs = random.chance(0.5) ? anyTimeMs - inDayMs + Math.floor(inDayMs / 3_000) * 1_000 : anyTimeMs;
  return calendar.after(startMs, firstFilingAfterMs + filedMs);
}

/** Fates by position. The first that wait and are worked on are of unforked routes: one branch is easier to act on by hand. */
function fatesOf(filings: readonly Filing[], { seed, openRatio }: PlanOptions): Fate[] {
  const fates = filings.map((): Fate => ({ kind: "finished" }));
  const random = new SeededRandom("fates", seed);
  const shuffled = random.shuffle(filings);
  const isPlain = ({ course }: Filing) => course.length > 1 && forkedSteps(course).length === 0;
  const order = [
    ...shuffled.filter(isPlain),
    ...shuffled.filter(({ course }) => forkedSteps(course).length > 0),
    ...shuffled.filter(({ course }) => course.length === 1),
  ];
  const plain = order.slice(0, 2);
  const others = shuffled.filter((filing) => !plain.includes(filing) && filing.course.length > 1);
  const open = filings.length < 2 ? 0 : Math.max(2, Math.round(filings.length * openRatio));
  for (const [count, { index, course }] of [...plain, ...others].slice(0, open).entries()) {
    const waits = count % 2 === 0 && course.length > 1;
    fates[index] = waits
      ? { kind: "waiting", step: random.pick(handoffSteps(course)), settled: count % 4 === 2 }
      : { kind: "working", step: random.pick(workSteps(course)) };
  }
  return fates;
}

/** Steps that a fork of the route leads to, in its order. */
function forkedSteps(course: readonly CourseStop[]): string[] {
  return course.flatMap(({ step, edge }) => (edge !== null && edge.fork !== "" ? [step.id] : []));
}

/** Steps that custody is handed over to. */
function handoffSteps(course: readonly CourseStop[]): string[] {
  return course.filter(({ edge }) => edge !== null).map(({ step }) => step.id);
}

/** Steps at which somebody works for a while before anything else may be said; handed over, if there is one. */
function workSteps(course: readonly CourseStop[]): string[] {
  const handedOver = course.filter(({ edge }) => edge !== null);
  const stops = handedOver.length > 0 ? handedOver : course;
  const completed = stops.filter(({ step }) => step.completionRequired);
  return (completed.length > 0 ? completed : stops).map(({ step }) => step.id);
}
