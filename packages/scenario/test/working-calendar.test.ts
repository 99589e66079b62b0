import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { workingCalendar } from "../src/working-calendar.ts";
import { hanoiCalendar, instant } from "./scenario-fixture.ts";

const calendar = workingCalendar(hanoiCalendar);
const hourMs = 3_600_000;
const springMs = instant("2025-04-14T00:00");
const anyInstant = fc.integer({ min: springMs, max: instant("2025-07-14T00:00") });
const anySpan = fc.integer({ min: 0, max: 30 * 8 * hourMs });

describe("office time", () => {
  test("runs from 08:00 to 12:00 and from 13:00 to 17:00", () => {
    expect(calendar.workingDayMs).toBe(8 * hourMs);
    expect(calendar.between(instant("2025-05-05T00:00"), instant("2025-05-05T23:59"))).toBe(8 * hourMs);
    expect(calendar.openAtOrAfter(instant("2025-05-05T12:00"))).toBe(instant("2025-05-05T13:00"));
  });

  test("skips noon, nights and weekends", () => {
    expect(calendar.after(instant("2025-05-05T11:00"), 2 * hourMs)).toBe(instant("2025-05-05T14:00"));
    expect(calendar.after(instant("2025-05-09T16:00"), 2 * hourMs)).toBe(instant("2025-05-12T09:00"));
    expect(calendar.startOfNextWorkingDay(instant("2025-05-09T16:00"))).toBe(instant("2025-05-12T08:00"));
  });

  test("skips holidays and counts rest days that are worked", () => {
    // 30 April to 2 May 2025 were off; Saturday 26 April was worked for it.
    expect(calendar.isWorkingDay(instant("2025-04-26T09:00"))).toBe(true);
    expect(calendar.after(instant("2025-04-29T16:30"), hourMs)).toBe(instant("2025-05-05T08:30"));
  });

  test("a span that ends at noon ends at noon", () => {
    expect(calendar.after(instant("2025-05-05T08:00"), 4 * hourMs)).toBe(instant("2025-05-05T12:00"));
  });

  test("what was added is what lies between", () => {
    fc.assert(
      fc.property(anyInstant, anySpan, (fromMs, spanMs) => {
        expect(calendar.between(fromMs, calendar.after(fromMs, spanMs))).toBe(spanMs);
      }),
    );
  });

  test("two spans one after the other are their sum", () => {
    fc.assert(
      fc.property(anyInstant, anySpan, anySpan, (fromMs, oneMs, otherMs) => {
        fc.pre(oneMs > 0 && otherMs > 0);
        expect(calendar.after(calendar.after(fromMs, oneMs), otherMs)).toBe(calendar.after(fromMs, oneMs + otherMs));
      }),
    );
  });

  test("later instants never give earlier ones, and a start is always in office hours", () => {
    fc.assert(
      fc.property(anyInstant, anyInstant, anySpan, (oneMs, otherMs, spanMs) => {
        const [firstMs, lastMs] = oneMs < otherMs ? [oneMs, otherMs] : [otherMs, oneMs];
        expect(calendar.after(firstMs, spanMs)).toBeLessThanOrEqual(calendar.after(lastMs, spanMs));
        const openMs = calendar.openAtOrAfter(oneMs);
        expect(calendar.isWorkingDay(openMs)).toBe(true);
        expect(calendar.between(openMs, openMs + 1)).toBe(1);
      }),
    );
  });

  test("a calendar without office hours is refused", () => {
    expect(() => workingCalendar({ ...hanoiCalendar, officeHours: [] })).toThrow(/no office hours/);
  });
});
