// Instants as the contracts carry them, and the local calendar of the offices. No time zone database is asked: Việt Nam has kept
// UTC+7 without daylight saving since 1975, and `scenario` and `route` convert millions of instants.
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";

export type { Timestamp };

const MS_PER_DAY = 86_400_000;
const NANOS_PER_MS = 1_000_000;

/** Offset of Asia/Ho_Chi_Minh from UTC in milliseconds. */
export const LOCAL_OFFSET_MS = 7 * 3_600_000;

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what google.protobuf.Timestamp allows. */
const SECONDS_MIN = -62_135_596_800n;
const SECONDS_MAX = 253_402_300_799n;

/** The instant `ms` milliseconds after 1970-01-01T00:00:00Z; fractions of a millisecond are dropped. */
export function timestampFromMs(ms: number): Timestamp {
  const whole = Math.floor(ms);
  const seconds = Math.floor(whole / 1000);
  return { seconds: BigInt(seconds), nanos: (whole - seconds * 1000) * NANOS_PER_MS };
}

/** Milliseconds since 1970-01-01T00:00:00Z, rounded down: never later than the instant. */
export function timestampToMs({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1000 + Math.floor(nanos / NANOS_PER_MS);
}

/** Whether the value is within what google.protobuf.Timestamp allows. */
export function isValidTimestamp({ seconds, nanos }: Timestamp): boolean {
  return (
    seconds >= SECONDS_MIN && seconds <= SECONDS_MAX && Number.isInteger(nanos) && nanos >= 0 && nanos <= 999_999_999
  );
}

/** Negative if `a` is earlier, positive if later, 0 if the same instant. For `sort`. */
export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return a.nanos - b.nanos;
}

/** The later of two instants; the first if they are the same. */
export function laterTimestamp(a: Timestamp, b: Timestamp): Timestamp {
  return compareTimestamps(a, b) >= 0 ? a : b;
}

/** The instant `ms` whole milliseconds later (earlier if negative); nanoseconds are kept. */
export function addMs(timestamp: Timestamp, ms: number): Timestamp {
  const total = timestamp.seconds * 1_000_000_000n + BigInt(timestamp.nanos) + BigInt(Math.trunc(ms)) * 1_000_000n;
  const nanos = ((total % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: (total - nanos) / 1_000_000_000n, nanos: Number(nanos) };
}

/** RFC 3339 in UTC with 0, 3, 6 or 9 digits of fraction, as canonical proto JSON writes it. */
export function timestampToIso(timestamp: Timestamp): string {
  const { seconds, nanos } = timestamp;
  if (!isValidTimestamp(timestamp)) {
    throw new RangeError(
      `A timestamp of ${seconds} s and ${nanos} ns has no date; allowed are the years 0001 to 9999 and 0 to 999,999,999 ns.`,
    );
  }
  const base = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  if (nanos === 0) return `${base}Z`;
  const fraction = String(nanos).padStart(9, "0");
  const digits = nanos % 1_000_000 === 0 ? 3 : nanos % 1_000 === 0 ? 6 : 9;
  return `${base}.${fraction.slice(0, digits)}Z`;
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads RFC 3339, e.g. "2025-05-05T08:00:00+07:00", to the nanosecond.
 * @throws RangeError with a sentence if the text is no such instant.
 */
export function timestampFromIso(text: string): Timestamp {
  const match = RFC3339.exec(text);
  const [, date, time, fraction = "", zone = "Z"] = match ?? [];
  // The calendar first, in UTC: Date rolls 30 February over instead of refusing it, so what comes back must be what went in.
  const localMs = Date.parse(`${date}T${time}Z`);
  if (match === null || Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(`${date}T${time}`)) {
    throw new RangeError(
      `"${text}" is not an instant; write RFC 3339 with a zone, e.g. "2025-05-05T08:00:00+07:00" or "2025-05-05T01:00:00.5Z".`,
    );
  }
  const [hours = 0, minutes = 0] = zone.length === 1 ? [0, 0] : zone.slice(1).split(":").map(Number);
  if (hours > 23 || minutes > 59) {
    throw new RangeError(`"${text}" has no zone that exists; write "Z" or an offset such as "+07:00".`);
  }
  const offsetMs = (hours * 60 + minutes) * 60_000 * (zone.startsWith("-") ? -1 : 1);
  const timestamp: Timestamp = {
    seconds: BigInt((localMs - offsetMs) / 1000),
    nanos: fraction === "" ? 0 : Number(fraction.padEnd(9, "0")),
  };
  if (!isValidTimestamp(timestamp)) throw new RangeError(`"${text}" is outside the years 0001 to 9999.`);
  return timestamp;
}

let lastDay = Number.NaN;
let lastDate = "";

/** The date in Việt Nam at an instant of milliseconds since 1970, as "YYYY-MM-DD". */
export function localDateOfMs(ms: number): string {
  const day = Math.floor((ms + LOCAL_OFFSET_MS) / MS_PER_DAY);
  if (day !== lastDay) {
    // Most neighbours in a stream fall on the same day: remember one.
    lastDate = new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
    lastDay = day;
  }
  return lastDate;
}

/** The date in Việt Nam (Asia/Ho_Chi_Minh) at an instant, as "YYYY-MM-DD". */
export function localDate(timestamp: Timestamp): string {
  return localDateOfMs(timestampToMs(timestamp));
}

/**
 * The instant at which a date begins in Việt Nam.
 * @throws RangeError with a sentence if the text is no date "YYYY-MM-DD".
 */
export function startOfLocalDate(date: string): Timestamp {
  const ms = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date) {
    throw new RangeError(`"${date}" is not a date; write it as YYYY-MM-DD, e.g. "2025-05-05".`);
  }
  return timestampFromMs(ms - LOCAL_OFFSET_MS);
}
