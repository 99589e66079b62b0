/** A span of legal days, Asia/Ho_Chi_Minh, both ends inclusive; an empty end is open. */
export interface ValidRange {
  readonly validFrom: string;
  readonly validUntil: string;
}

/** True if the day YYYY-MM-DD lies in the span. Dates of this form compare as text. */
export function isDateWithin(range: ValidRange, date: string): boolean {
  return range.validFrom <= date && (range.validUntil === "" || date <= range.validUntil);
}

/** The legal day in Việt Nam (Asia/Ho_Chi_Minh, UTC+7 without summer time) at a moment in milliseconds since 1970: YYYY-MM-DD. */
export function legalDayAt(ms: number): string {
  return new Date(ms + 7 * 3_600_000).toISOString().slice(0, 10);
}

/** True for a day of the calendar: 2025-02-30 has the form of one and is none. */
export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
