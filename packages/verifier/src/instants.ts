import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";

/** Milliseconds since 1970, rounded down; for comparing instants that people read. */
export function msOf({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000);
}

/** RFC 3339 in UTC, to the millisecond where there are any; empty for an instant that has no date. */
export function isoOf(timestamp: Timestamp | undefined): string {
  if (timestamp === undefined) return "";
  return isoOfMs(msOf(timestamp));
}

/** The same for milliseconds since 1970. */
export function isoOfMs(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace(".000Z", "Z");
}

/** Asia/Ho_Chi_Minh has been UTC+7 without daylight saving since 1975. */
const localOffsetMs = 7 * 3_600_000;

const msPerDay = 86_400_000;
let lastDay = { number: Number.NaN, date: "" };

/** The legal day of an instant, YYYY-MM-DD. */
export function legalDateOf(timestamp: Timestamp): string {
  const localMs = msOf(timestamp) + localOffsetMs;
  const number = Math.floor(localMs / msPerDay);
  // Events of a dossier come in runs of one day.
  if (number !== lastDay.number) lastDay = { number, date: new Date(localMs).toISOString().slice(0, 10) };
  return lastDay.date;
}
