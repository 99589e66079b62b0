import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addMs,
  compareTimestamps,
  laterTimestamp,
  localDate,
  localDateOfMs,
  startOfLocalDate,
  type Timestamp,
  timestampFromIso,
  timestampFromMs,
  timestampToIso,
  timestampToMs,
} from "../src/timestamp.ts";

const timestamps = fc.record({
  seconds: fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
});

function totalNanos({ seconds, nanos }: Timestamp): bigint {
  return seconds * 1_000_000_000n + BigInt(nanos);
}

describe("timestamps", () => {
  it("come back from RFC 3339 to the nanosecond", () => {
    fc.assert(
      fc.property(timestamps, (timestamp) => {
        expect(timestampFromIso(timestampToIso(timestamp))).toEqual(timestamp);
      }),
    );
  });

  it("come back from milliseconds, before 1970 too", () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
        expect(timestampToMs(timestampFromMs(ms))).toBe(ms);
      }),
    );
    expect(timestampFromMs(-1)).toEqual({ seconds: -1n, nanos: 999_000_000 });
    expect(timestampToMs({ seconds: -1n, nanos: 999_999_999 })).toBe(-1);
  });

  it("are ordered as instants, and the later one is the greater", () => {
    fc.assert(
      fc.property(timestamps, timestamps, (a, b) => {
        const order = totalNanos(a) < totalNanos(b) ? -1 : totalNanos(a) > totalNanos(b) ? 1 : 0;
        expect(Math.sign(compareTimestamps(a, b))).toBe(order);
        expect(totalNanos(laterTimestamp(a, b))).toBe(order >= 0 ? totalNanos(a) : totalNanos(b));
      }),
    );
  });

  it("move by milliseconds and keep their nanoseconds", () => {
    fc.assert(
      fc.property(timestamps, fc.integer({ min: -1e12, max: 1e12 }), (timestamp, ms) => {
        const moved = addMs(timestamp, ms);
        expect(totalNanos(moved) - totalNanos(timestamp)).toBe(BigInt(ms) * 1_000_000n);
        expect(moved.nanos).toBeGreaterThanOrEqual(0);
        expect(moved.nanos).toBeLessThan(1_000_000_000);
      }),
    );
  });

  it("are read with any zone and refused with a sentence when they are none", () => {
    expect(timestampFromIso("2025-05-05T08:00:00+07:00")).toEqual(timestampFromIso("2025-05-05T01:00:00Z"));
    expect(timestampFromIso("2025-05-05T01:00:00.000000001Z").nanos).toBe(1);
    for (const text of [
      "2025-02-30T00:00:00Z",
      "2025-05-05",
      "2025-05-05T08:00:00",
      "2025-05-05T24:00:00Z",
      "2025-05-05T08:00:00+24:00",
      "",
      "0001-01-01T00:00:00+07:00",
    ]) {
      expect(() => timestampFromIso(text), text).toThrow(RangeError);
    }
  });
});

describe("the local calendar", () => {
  const formatter = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh", dateStyle: "short" });

  it("changes the date at midnight in Việt Nam", () => {
    expect(localDate(timestampFromIso("2025-06-30T16:59:59.999999999Z"))).toBe("2025-06-30");
    expect(localDate(timestampFromIso("2025-06-30T17:00:00Z"))).toBe("2025-07-01");
  });

  it("agrees with the time zone database", () => {
    const [from, to] = [Date.parse("1976-01-01T00:00:00Z"), Date.parse("2100-01-01T00:00:00Z")];
    fc.assert(
      fc.property(fc.integer({ min: from, max: to }), (ms) => {
        expect(localDateOfMs(ms)).toBe(formatter.format(ms));
      }),
    );
  });

  it("knows the instant at which a date begins", () => {
    expect(timestampToIso(startOfLocalDate("2025-05-05"))).toBe("2025-05-04T17:00:00Z");
    expect(() => startOfLocalDate("2025-02-29")).toThrow("is not a date");
    expect(() => startOfLocalDate("2025-5-5")).toThrow("is not a date");
  });
});
