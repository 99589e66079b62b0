import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenBuckets } from "../src/index.ts";

test("never more than the burst and the rate are taken, and whoever waits as long as told is let in", () => {
  const takes = fc.array(fc.record({ gapMs: fc.integer({ min: 0, max: 500 }), count: fc.integer({ min: 1, max: 9 }) }));
  fc.assert(
    fc.property(
      takes,
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 9, max: 50 }),
      (asked, perSecond, burst) => {
        const buckets = new TokenBuckets({ perSecond, burst });
        let nowMs = 0;
        let taken = 0;
        for (const { gapMs, count } of asked) {
          nowMs += gapMs;
          const waitMs = buckets.take("a", count, nowMs);
          if (waitMs === 0) taken += count;
          else {
            nowMs += waitMs;
            expect(buckets.take("a", count, nowMs)).toBe(0);
            taken += count;
          }
          expect(taken).toBeLessThanOrEqual(burst + (nowMs * perSecond) / 1_000 + 1e-6);
        }
      },
    ),
  );
});

test("what one uses up is not another's, and one request larger than the burst goes when the bucket is full", () => {
  const buckets = new TokenBuckets({ perSecond: 10, burst: 5 });
  expect(buckets.take("a", 5, 0)).toBe(0);
  expect(buckets.take("a", 1, 0)).toBe(100);
  expect(buckets.take("b", 1, 0)).toBe(0);
  expect(buckets.take("c", 50, 0)).toBe(0);
  expect(buckets.take("c", 1, 0)).toBe(4_600);
});

test("what has arrived is spent in any case, and says how long to read nothing more", () => {
  const buckets = new TokenBuckets({ perSecond: 100, burst: 10 });
  expect(buckets.spend("a", 10, 0)).toBe(0);
  expect(buckets.spend("a", 50, 0)).toBe(500);
  expect(buckets.spend("a", 1, 600)).toBe(0);
});

test("keys beyond those remembered are forgotten, the longest unused first", () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 2);
  for (const key of ["a", "b", "a", "c"]) buckets.take(key, 1, 0);
  expect(buckets.take("a", 1, 0)).toBeGreaterThan(0);
  expect(buckets.take("b", 1, 0)).toBe(0);
});
