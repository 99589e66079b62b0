import type { CalendarDay, CalendarRecord, OfficeHours } from "@lienthong/contracts/registry/v1/record";
import { type CalendarFile, namedSource } from "./source-files.ts";

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** Office hours taken from the list of the data. */
const OFFICE_HOURS_SCOPE = "Hanoi";

/** The working calendar of data/calendar-vn.json as a record. */
export function calendarRecord(file: CalendarFile): CalendarRecord {
  const years = Object.entries(file.years)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([, year]) => year);
  const office = file.officeHours.find(({ scope }) => scope === OFFICE_HOURS_SCOPE);
  if (!office) throw new Error(`data/calendar-vn.json officeHours: no scope "${OFFICE_HOURS_SCOPE}"`);
  const used = new Set(
    years.flatMap(({ daysOff, workedWeekendDays }) => [...daysOff, ...workedWeekendDays].map(({ source }) => source)),
  );
  return {
    id: "vn-state",
    version: file.version,
    timeZone: file.timeZone,
    utcOffsetMinutes: offsetMinutes(file.utcOffset),
    restWeekdays: file.weekend.map((day) => weekdays.indexOf(day) + 1),
    daysOff: years.flatMap(({ daysOff }) => daysOff.map(dayOf)),
    daysWorked: years.flatMap(({ workedWeekendDays }) => workedWeekendDays.map(dayOf)),
    officeHours: office["mon-fri"].map(([start, end]): OfficeHours => {
      return { startMinute: minuteOfDay(start), endMinute: minuteOfDay(end), certain: office.certain };
    }),
    source: [...used].map((source) => namedSource(source, file.sources)).join("; "),
  };
}

function dayOf(day: CalendarFile["years"][string]["daysOff"][number]): CalendarDay {
  return { date: day.date, name: { vi: day.nameVi, en: day.nameEn }, certain: day.certain };
}

function minuteOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

function offsetMinutes(offset: string): number {
  const minutes = minuteOfDay(offset.slice(1));
  return offset.startsWith("-") ? -minutes : minutes;
}
