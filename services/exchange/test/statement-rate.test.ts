import fc from "fast-check";
import { expect, test } from "vitest";
import { StatementRate } from "../src/statement-rate.ts";

test("a burst is taken, then 50 a second; other agencies and other dossiers are not held back", () => {
  const rate = new StatementRate();
  const takeAll = (agency: string, dossier: string, nowMs: number): number => {
    let taken = 0;
    while (rate.take(agency, dossier, nowMs)) taken += 1;
    return taken;
  };
  expect(takeAll("a", "d", 0)).toBe(256);
  expect(takeAll("a", "d", 1_000)).toBe(50);
  expect(takeAll("b", "d", 1_000)).toBe(256);
  expect(takeAll("a", "e", 1_000)).toBe(256);
  expect(takeAll("a", "d", 3_600_000)).toBe(256);
});

test("whatever the arrivals, never more than the burst and 50 a second are taken", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 2_000 }), (gapsMs) => {
      const rate = new StatementRate();
      let nowMs = 0;
      let taken = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        if (rate.take("a", "d", nowMs)) taken += 1;
        expect(taken).toBeLessThanOrEqual(256 + (nowMs * 50) / 1_000);
      }
    }),
  );
});
