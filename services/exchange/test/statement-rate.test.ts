import { defaultLimits } from "@lienthong/chassis";
import fc from "fast-check";
import { expect, test } from "vitest";
import { StatementRate } from "../src/statement-rate.ts";

test("a burst is taken, then 10 a second; other agencies and other dossiers are not held back", () => {
  const rate = new StatementRate();
  const takeAll = (agency: string, dossier: string, nowMs: number): number => {
    let taken = 0;
    while (rate.take(agency, dossier, nowMs) === null) taken += 1;
    return taken;
  };
  expect(takeAll("a", "d", 0)).toBe(128);
  expect(takeAll("a", "d", 1_000)).toBe(10);
  expect(takeAll("b", "d", 1_000)).toBe(128);
  expect(takeAll("a", "e", 1_000)).toBe(128);
  expect(takeAll("a", "d", 3_600_000)).toBe(128);
});

test("whatever the arrivals, never more than the burst and 10 a second are taken", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 2_000 }), (gapsMs) => {
      const rate = new StatementRate();
      let nowMs = 0;
      let taken = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        if (rate.take("a", "d", nowMs) === null) taken += 1;
        expect(taken).toBeLessThanOrEqual(128 + (nowMs * 10) / 1_000);
      }
    }),
  );
});

test("an agency is held to its share over all its dossiers, a system over all its agencies, and each is told how long to wait", () => {
  const share = {
    ...defaultLimits,
    ...{ limitStatementsPerAgencyPerSecond: 10, limitStatementsPerAgencyBurst: 20 },
    ...{ limitStatementsPerSystemPerSecond: 100, limitStatementsPerSystemBurst: 30, limitStatementsUnderWay: 40 },
  };
  const rate = new StatementRate(share);
  for (let number = 0; number < 20; number++) expect(rate.take("a", `d-${number}`, 0)).toBeNull();
  expect(rate.take("a", "d-20", 0)).toMatchObject({
    reason: "LIMIT_REACHED",
    metadata: { of: "agency a", allowed: "10 statements a second" },
    retryAfterMs: 100,
  });
  expect(rate.take("b", "d-20", 0)).toBeNull();
  for (let number = 0; number < 30; number++) expect(rate.begin("s", 0)).toBeNull();
  expect(rate.begin("s", 0)).toMatchObject({ reason: "LIMIT_REACHED", metadata: { of: "system s" }, retryAfterMs: 10 });
  expect(rate.begin("t", 0)).toBeNull();
  // Enough has come in by then, but what is under way counts too.
  for (let number = 0; number < 10; number++) expect(rate.begin("s", 10_000)).toBeNull();
  expect(rate.begin("s", 10_000)?.metadata.allowed).toBe("40 statements under way at a time");
  rate.end("s");
  expect(rate.begin("s", 10_000)).toBeNull();
});
