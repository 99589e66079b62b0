import { TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import { EdgeKind, type RouteStep, StepClock, StepKind } from "@lienthong/contracts/registry/v1/route";
import type { CompiledRoute } from "@lienthong/route";
import type { ProcedureHabits } from "./played-procedures.ts";
import { type CourseStop, isPayment } from "./route-course.ts";
import { SeededRandom } from "./seeded-random.ts";

/** What a receiver does when it is asked for a handoff that it has not answered: gives it back, keeps it, or takes custody all the same. */
export type RecallAnswer = "agreed" | "refused" | "overtaken";

/** What makes a dossier different from one that runs smoothly. A dossier has one at most; refusals come on top, by chance. */
export type Happening =
  /** The sender wants back what it first offered to this step. */
  | { readonly kind: "recall"; readonly step: string; readonly answer: RecallAnswer }
  /** Who works at this step asks the citizen for papers; if they do not come, it stops. */
  | { readonly kind: "supplement"; readonly step: string; readonly brought: boolean }
  /** The citizen does not pay, and the dossier is stopped. */
  | { readonly kind: "unpaid"; readonly step: string }
  /** Who works at this step moves the date promised, with an apology. */
  | { readonly kind: "extension"; readonly step: string }
  /** The citizen withdraws while somebody works at this step. */
  | { readonly kind: "withdrawal"; readonly step: string }
  /** Offices say which unit does which part of their steps. */
  | { readonly kind: "assignments" }
  /** The branch goes back over this edge, once. */
  | { readonly kind: "step back"; readonly edge: string };

/** A dossier to which something may happen. */
export interface HappeningCandidate {
  readonly index: number;
  readonly route: CompiledRoute;
  readonly course: readonly CourseStop[];
  readonly habits: Pick<ProcedureHabits, "neverWithdrawn">;
}

/** A kind of happening, by name. */
export type HappeningName =
  | `recall ${RecallAnswer}`
  | "supplement brought"
  | "supplement not brought"
  | Exclude<Happening["kind"], "recall" | "supplement">;

interface HappeningRule {
  readonly name: HappeningName;
  /** Of the dossiers it fits. Complaint figures of the portals are of this order: one dossier in twenty is late, some are asked for papers. */
  readonly chance: number;
  /** Where in a dossier it fits; none: it does not. */
  places(candidate: HappeningCandidate): readonly Happening[];
}

/** Of `dossiersPerSpecial` dossiers one is given a kind that chance left out: small plays stay mostly smooth. */
const dossiersPerSpecial = 8;

const recall = (answer: RecallAnswer, chance: number): HappeningRule => ({
  name: `recall ${answer}`,
  chance,
  places: ({ course }) =>
    course.flatMap(({ step, edge }) => (edge === null ? [] : [{ kind: "recall", step: step.id, answer }])),
});

/** In the order in which small plays are given them. */
const rules: readonly HappeningRule[] = [
  recall("agreed", 0.015),
  {
    name: "supplement brought",
    chance: 0.06,
    places: ({ course }) =>
      course.filter(asksForPapers).map(({ step }) => ({ kind: "supplement", step: step.id, brought: true })),
  },
  {
    name: "step back",
    // By chance it is decided when a step is done; see `edgeBack` of the choices.
    chance: 0,
    places: ({ route, course }) =>
      course.flatMap(({ step }) =>
        route
          .edgesFrom(step.id)
          .filter(({ kind }) => kind === EdgeKind.EDGE_KIND_BACK)
          .map(({ id }) => ({ kind: "step back", edge: id })),
      ),
  },
  {
    name: "extension",
    chance: 0.02,
    places: ({ course }) =>
      course.filter(({ step }) => takesDays(step)).map(({ step }) => ({ kind: "extension", step: step.id })),
  },
  {
    name: "withdrawal",
    chance: 0.012,
    places: ({ course, habits }) =>
      habits.neverWithdrawn ? [] : course.filter(isWorkedAt).map(({ step }) => ({ kind: "withdrawal", step: step.id })),
  },
  recall("overtaken", 0.01),
  {
    name: "assignments",
    chance: 0.1,
    places: ({ course }) => (course.some(({ step }) => hasInternalSteps(step)) ? [{ kind: "assignments" }] : []),
  },
  {
    name: "unpaid",
    chance: 0.05,
    places: ({ course }) =>
      course.filter(({ step }) => isPayment(step)).map(({ step }) => ({ kind: "unpaid", step: step.id })),
  },
  recall("refused", 0.007),
  {
    name: "supplement not brought",
    chance: 0.012,
    places: ({ course }) =>
      course.filter(asksForPapers).map(({ step }) => ({ kind: "supplement", step: step.id, brought: false })),
  },
];

/** The kinds of `planHappenings`, by name. */
export const happeningNames: readonly HappeningName[] = rules.map(({ name }) => name);

/** The kind of a happening, by the name that `happeningNames` has for it. */
export function happeningName(happening: Happening): HappeningName {
  if (happening.kind === "recall") return `recall ${happening.answer}`;
  if (happening.kind === "supplement") return happening.brought ? "supplement brought" : "supplement not brought";
  return happening.kind;
}

/**
 * What happens to which dossier, by its index. Some by chance; and of every kind that chance left out one, as far as there are enough
 * dossiers for it to be an exception.
 */
export function planHappenings(
  seed: number,
  dossiers: number,
  candidates: readonly HappeningCandidate[],
): Map<number, Happening> {
  const planned = new Map<number, Happening>();
  for (const candidate of candidates) {
    for (const { name, chance, places } of rules) {
      const random = new SeededRandom("happening", seed, candidate.index, name);
      const fitting = random.chance(chance) ? places(candidate) : [];
      if (fitting.length === 0) continue;
      planned.set(candidate.index, random.pick(fitting));
      break;
    }
  }
  const shuffled = new SeededRandom("specials", seed).shuffle(candidates);
  const occurs = new Set([...planned.values()].map(happeningName));
  for (const { name, places } of rules.slice(0, Math.floor(dossiers / dossiersPerSpecial))) {
    if (occurs.has(name)) continue;
    const given = shuffled.find((candidate) => !planned.has(candidate.index) && places(candidate).length > 0);
    if (given === undefined) continue;
    planned.set(given.index, new SeededRandom("special", seed, name).pick(places(given)));
  }
  return planned;
}

/** An office works there for a while. */
function isWorkedAt({ step }: CourseStop): boolean {
  return step.kind === StepKind.STEP_KIND_WORK && step.completionRequired;
}

/** Who decides or appraises sees what is missing; the tax office has its own law. */
function asksForPapers(stop: CourseStop): boolean {
  return isWorkedAt(stop) && stop.step.clock === StepClock.STEP_CLOCK_RUNNING;
}

/** Two days or more: shorter work leaves no day on which to apologise before the limit ends. */
function takesDays(step: RouteStep): boolean {
  const unit = step.limit?.unit;
  const inDays = unit === TimeUnit.TIME_UNIT_WORKING_DAY || unit === TimeUnit.TIME_UNIT_CALENDAR_DAY;
  return inDays && (step.limit?.hundredths ?? 0) >= 200 && step.clock === StepClock.STEP_CLOCK_RUNNING;
}

/** Parts of the work of an office; what the applicant does is not assigned to anybody. */
export function hasInternalSteps(step: RouteStep): boolean {
  return step.internalSteps.length > 0 && !isPayment(step);
}
