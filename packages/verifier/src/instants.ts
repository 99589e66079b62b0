import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";

const msPerDay = 86_400_000;
/** Furthest instant from 1970 that has a date (ECMAScript's Date). */
const dateMsMax = 8.64e15;

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
  if (!(Math.abs(ms) <= dateMsMax)) return "";
  const day = Math.floor(ms / msPerDay);
  if (day !== lastUtcDay.number) {
    // Events of a dossier come in runs of one day.
    lastUtcDay = { number: day, date: new Date(day * msPerDay).toISOString().slice(0, -"00:00:00.000Z".length) };
  }
  const ofDay = ms - day * msPerDay;
  const rest = ofDay % 1_000;
  const seconds = Math.floor(ofDay / 1_000);
  const time = `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${lastUtcDay.date}${time}${rest === 0 ? "" : `.${String(rest).padStart(3, "0")}`}Z`;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : `${number}`;
}

let lastUtcDay = { number: Number.NaN, date: "" };

/** Asia/Ho_Chi_Minh has been UTC+7 without daylight saving since 1975. */
const localOffsetMs = 7 * 3_600_000;

let lastDay = { number: Number.NaN, date: "" };

/** The legal day of an instant, YYYY-MM-DD. */
export function legalDateOf(timestamp: Timestamp): string {
  const localMs = msOf(timestamp) + localOffsetMs;
  const number = Math.floor(localMs / msPerDay);
  // Events of a dossier come in runs of one day.
  if (number !== lastDay.number) lastDay = { number, date: new Date(localMs).toISOString().slice(0, 10) };
  return lastDay.date;
}
