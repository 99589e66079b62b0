import { RefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import { type Limit, TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import { EdgeKind, type RouteEdge, type RouteStep } from "@lienthong/contracts/registry/v1/route";
import { SeededRandom } from "./seeded-random.ts";
import type { WorkingCalendar } from "./working-calendar.ts";

const msPerMinute = 60_000;
const msPerHour = 60 * msPerMinute;

/** Received after 15:00: the next working day (NĐ 61/2018/NĐ-CP article 18). */
const lateMinuteOfDay = 15 * 60;

const refusalChance = 0.04;
const refusalsInRowMax = 2;
const backChance = 0.06;
const verificationChance = 0.15;
const overrunChance = 0.06;
/** No span takes more than this share of the office time that is left, so the slowest dossier ends before the districts do. */
const shareOfRemainingMax = 1 / 3;

/** What the people in the offices do, as chance has it. Every answer follows from seed, dossier and question alone. */
export interface CaseChoices {
  /** When a receiver answers a handoff that reached it at `fromMs`. */
  answeredAt(fromMs: number, branch: string, step: string, attempt: number): number;
  /** Whether a receiver refuses, and why; null: it acknowledges. */
  refusal(branch: string, step: string, attempt: number): RefusalReason | null;
  /** When the work of a step, begun at `fromMs`, is done. */
  workedUntil(fromMs: number, step: RouteStep, branch: string, visit: number): number;
  /** When who will be late at a step says so: a working day before its limit ends; null: it keeps the limit, or has too short a one. */
  apologyBefore(fromMs: number, dueMs: number, step: RouteStep, branch: string, visit: number): number | null;
  /** An instant of office time between two others, at a share of the way that chance picks between `least` and `most`. */
  between(fromMs: number, toMs: number, least: number, most: number, ...name: readonly (string | number)[]): number;
  /** An instant after a span of office time, in milliseconds, that chance picks between `leastMs` and `mostMs`. */
  after(fromMs: number, leastMs: number, mostMs: number, ...name: readonly (string | number)[]): number;
  /** When what is ready is passed on: minutes (NĐ 63/2024/NĐ-CP article 7: 10 minutes). */
  passedOnAt(fromMs: number, branch: string, step: string, visit: number): number;
  /** When a sender has put right what a receiver refused. */
  correctedAt(fromMs: number, branch: string, step: string, attempt: number): number;
  /** The edge back that the branch takes, as chance has it, if it does; once in a dossier's life at most. */
  edgeBack(edges: readonly RouteEdge[], wentBack: boolean): RouteEdge | null;
  /** A source for what has no question of its own. */
  random(...name: readonly (string | number)[]): SeededRandom;
}

/** The choices of one dossier. `endMs` is when everything must be over. */
export function caseChoices(seed: number, index: number, calendar: WorkingCalendar, endMs: number): CaseChoices {
  const random = (...name: readonly (string | number)[]) => new SeededRandom("case", seed, index, ...name);

  /** This much office time later, or less where the end comes near. Whole seconds. */
  const later = (fromMs: number, spanMs: number): number => {
    const allowedMs = calendar.between(fromMs, endMs) * shareOfRemainingMax;
    return wholeSecond(fromMs, calendar.after(fromMs, Math.min(spanMs, allowedMs)));
  };

  /** The limit that counts for a visit: the longer one where facts must be verified. */
  const limitOf = (drawn: SeededRandom, step: RouteStep): Limit | undefined =>
    drawn.chance(verificationChance) ? (step.limitIfVerified ?? step.limit) : step.limit;

  return {
    random,

    answeredAt(fromMs, branch, step, attempt) {
      const drawn = random("answer", branch, step, attempt);
      const spanMs = drawn.pickWeighted(
        [
          { weight: 70, least: 5 * msPerMinute, most: 110 * msPerMinute },
          { weight: 22, least: 2 * msPerHour, most: calendar.workingDayMs },
          // The receiver stays silent for days.
          { weight: 8, least: calendar.workingDayMs, most: 3 * calendar.workingDayMs },
        ],
        ({ weight }) => weight,
      );
      return later(fromMs, drawn.between(spanMs.least, spanMs.most));
    },

    refusal(branch, step, attempt) {
      const drawn = random("refusal", branch, step, attempt);
      if (attempt > refusalsInRowMax || !drawn.chance(refusalChance)) return null;
      return refusalReason(drawn);
    },

    workedUntil(fromMs, step, branch, visit) {
      const drawn = random("work", branch, step.id, visit);
      const limit = limitOf(drawn, step);
      const limitMs = limit === undefined ? undefined : limitToMs(limit, calendar);
      if (limitMs === undefined || limitMs === 0) {
        const isLate = limit !== undefined && step.start && calendar.minuteOfDay(fromMs) >= lateMinuteOfDay;
        const nextDayMs = calendar.startOfNextWorkingDay(fromMs);
        const beginMs = isLate && nextDayMs < endMs ? nextDayMs : fromMs;
        return later(beginMs, drawn.between(15 * msPerMinute, 3 * msPerHour));
      }
      const postingMs = step.publicPosting === undefined ? 0 : limitToMs(step.publicPosting, calendar);
      const share = drawn.chance(overrunChance) ? drawn.between(1.02, 1.3) : drawn.between(0.1, 0.85);
      // Who sees a dossier again knows it already.
      const spanMs = visit > 1 ? (share * limitMs) / 3 : Math.max(share * limitMs, postingMs);
      return later(fromMs, spanMs);
    },

    apologyBefore(fromMs, dueMs, step, branch, visit) {
      const limit = limitOf(random("work", branch, step.id, visit), step);
      const limitMs = limit === undefined ? 0 : limitToMs(limit, calendar);
      const warnedAfterMs = limitMs - calendar.workingDayMs;
      if (warnedAfterMs < calendar.workingDayMs || dueMs <= calendar.after(fromMs, limitMs)) return null;
      return wholeSecond(fromMs, calendar.after(fromMs, warnedAfterMs));
    },

    between(fromMs, toMs, least, most, ...name) {
      const share = random("between", ...name).between(least, most);
      return wholeSecond(fromMs, calendar.after(fromMs, share * calendar.between(fromMs, toMs)));
    },

    after(fromMs, leastMs, mostMs, ...name) {
      return later(fromMs, random("after", ...name).between(leastMs, mostMs));
    },

    passedOnAt(fromMs, branch, step, visit) {
      return later(fromMs, random("pass on", branch, step, visit).between(msPerMinute, 10 * msPerMinute));
    },

    correctedAt(fromMs, branch, step, attempt) {
      return later(fromMs, random("correct", branch, step, attempt).between(30 * msPerMinute, 6 * msPerHour));
    },

    edgeBack(edges, wentBack) {
      const back = edges.filter((edge) => edge.kind === EdgeKind.EDGE_KIND_BACK);
      if (wentBack || back.length === 0) return null;
      const drawn = random("back", back[0]?.from ?? "");
      return drawn.chance(backChance) ? drawn.pick(back) : null;
    },
  };
}

/** Whole seconds, as people write times down; never before what it follows. */
function wholeSecond(fromMs: number, atMs: number): number {
  return Math.max(fromMs, Math.floor(atMs / 1_000) * 1_000);
}

/** Why a receiver refuses, when it does: mostly papers that the sender can bring. */
export function refusalReason(drawn: SeededRandom): RefusalReason {
  return drawn.pickWeighted(
    [
      { reason: RefusalReason.REFUSAL_REASON_INCOMPLETE, weight: 7 },
      { reason: RefusalReason.REFUSAL_REASON_DOCUMENT_UNUSABLE, weight: 3 },
    ],
    ({ weight }) => weight,
  ).reason;
}

/** Office time that a limit grants. A calendar day counts as a working day: nobody works in the others. */
export function limitToMs(limit: Limit, calendar: WorkingCalendar): number {
  const amount = limit.hundredths / 100;
  switch (limit.unit) {
    case TimeUnit.TIME_UNIT_MINUTE:
      return amount * msPerMinute;
    case TimeUnit.TIME_UNIT_WORKING_HOUR:
      return amount * msPerHour;
    default:
      return amount * calendar.workingDayMs;
  }
}
