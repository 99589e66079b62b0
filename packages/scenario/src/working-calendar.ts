import type { CalendarRecord } from "@lienthong/contracts/registry/v1/record";

const msPerMinute = 60_000;
const msPerDay = 86_400_000;
/** Days looked ahead for the next one that is worked; the longest closure of the Vietnamese calendar has 9. */
const closedDaysMax = 60;

/** Office time of a calendar. All instants are milliseconds since 1970-01-01T00:00:00Z, all spans milliseconds of office time. */
export interface WorkingCalendar {
  /** Office time of one working day (ngày làm việc). */
  readonly workingDayMs: number;
  /** Whether the local day of this instant is worked. */
  isWorkingDay(atMs: number): boolean;
  /** Minutes after local midnight. */
  minuteOfDay(atMs: number): number;
  /** The instant itself if offices are open then, else when they open next. An instant of closing counts as closed. */
  openAtOrAfter(atMs: number): number;
  /** When offices open on the first working day after the local day of this instant. */
  startOfNextWorkingDay(atMs: number): number;
  /** The earliest instant at which this much office time has passed. A span of 0 gives `openAtOrAfter`. */
  after(fromMs: number, spanMs: number): number;
  /** Office time between two instants; 0 if the second is not later. */
  between(fromMs: number, toMs: number): number;
}

/**
 * Office time by the registry's calendar: weekly rest days, days off, rest days that are worked, office hours.
 * @throws RangeError for a calendar without office hours, or one that never opens.
 */
export function workingCalendar(record: CalendarRecord): WorkingCalendar {
  const offsetMs = record.utcOffsetMinutes * msPerMinute;
  const rest = new Set(record.restWeekdays);
  const off = new Set(record.daysOff.map((day) => dayNumberOf(day.date)));
  const worked = new Set(record.daysWorked.map((day) => dayNumberOf(day.date)));
  const hours = record.officeHours.map(({ startMinute, endMinute }) => ({
    startMs: startMinute * msPerMinute,
    endMs: endMinute * msPerMinute,
  }));
  const first = hours[0];
  if (first === undefined) throw new RangeError(`Calendar '${record.id}' has no office hours; it needs at least one.`);
  const opensAtMs = first.startMs;
  const workingDayMs = hours.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);

  const dayOf = (atMs: number) => Math.floor((atMs + offsetMs) / msPerDay);
  const midnightOf = (day: number) => day * msPerDay - offsetMs;
  const works = (day: number) => worked.has(day) || !(off.has(day) || rest.has(weekdayOf(day)));

  function nextWorkingDay(day: number): number {
    for (let ahead = 1; ahead <= closedDaysMax; ahead++) if (works(day + ahead)) return day + ahead;
    throw new RangeError(`Calendar '${record.id}' has no working day within ${closedDaysMax} days.`);
  }

  function openAtOrAfter(atMs: number): number {
    const day = dayOf(atMs);
    if (works(day)) {
      const midnightMs = midnightOf(day);
      for (const { startMs, endMs } of hours) {
        if (atMs < midnightMs + endMs) return Math.max(atMs, midnightMs + startMs);
      }
    }
    return midnightOf(nextWorkingDay(day)) + opensAtMs;
  }

  /** Office time of a day before an instant of it. */
  function elapsedOn(day: number, atMs: number): number {
    const midnightMs = midnightOf(day);
    return hours.reduce(
      (sum, { startMs, endMs }) => sum + Math.max(0, Math.min(atMs - midnightMs, endMs) - startMs),
      0,
    );
  }

  return {
    workingDayMs,
    isWorkingDay: (atMs) => works(dayOf(atMs)),
    minuteOfDay: (atMs) => Math.floor((atMs - midnightOf(dayOf(atMs))) / msPerMinute),
    openAtOrAfter,
    startOfNextWorkingDay: (atMs) => midnightOf(nextWorkingDay(dayOf(atMs))) + opensAtMs,

    after(fromMs, spanMs) {
      let atMs = openAtOrAfter(fromMs);
      let leftMs = spanMs;
      for (;;) {
        const midnightMs = midnightOf(dayOf(atMs));
        const open = hours.find(({ endMs }) => atMs < midnightMs + endMs) as { endMs: number };
        const untilCloseMs = midnightMs + open.endMs - atMs;
        if (leftMs <= untilCloseMs) return atMs + leftMs;
        leftMs -= untilCloseMs;
        atMs = openAtOrAfter(atMs + untilCloseMs);
      }
    },

    between(fromMs, toMs) {
      if (toMs <= fromMs) return 0;
      const firstDay = dayOf(fromMs);
      const lastDay = dayOf(toMs);
      let sumMs = 0;
      for (let day = firstDay; day <= lastDay; day++) {
        if (!works(day)) continue;
        const untilMs = day === lastDay ? elapsedOn(day, toMs) : workingDayMs;
        sumMs += untilMs - (day === firstDay ? elapsedOn(day, fromMs) : 0);
      }
      return sumMs;
    },
  };
}

/** Days since 1970-01-01 of a date YYYY-MM-DD. */
function dayNumberOf(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / msPerDay);
}

/** 1 = Monday to 7 = Sunday; 1970-01-01 was a Thursday. */
function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}
