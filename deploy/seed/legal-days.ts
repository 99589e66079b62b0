import type { LegalDays } from "./seed.ts";

/** Day on which districts ended in law and the wards of 2025 began (NQ 1656/NQ-UBTVQH15). */
export const REORGANISATION_DAY = "2025-07-01";
/** Last day of districts and of the former wards. */
export const LAST_DISTRICT_DAY = "2025-06-30";

/** Whether a legal day (YYYY-MM-DD) lies within these days. */
export function isValidOn({ validFrom, validUntil }: LegalDays, day: string): boolean {
  return (validFrom === "" || validFrom <= day) && (validUntil === "" || day <= validUntil);
}

/** The day after a calendar day (YYYY-MM-DD). */
export function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}
