import { busError } from "@lienthong/chassis";
import { isCalendarDate } from "@lienthong/registry-state";

/** Refuses what is no day of the calendar. */
export function requireDate(field: string, date: string): void {
  if (!isCalendarDate(date)) throw busError("FIELD_INVALID", { field, allowed: "a day YYYY-MM-DD" });
}
