import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { realClock, SimulatedClock } from "../src/clock.ts";
import { timestampFromIso, timestampFromMs, timestampToMs } from "../src/timestamp.ts";

const BASE = timestampFromIso("2025-05-05T00:00:00+07:00");

describe("the real clock", () => {
  it("shows the system's time", () => {
    const before = Date.now();
    const shown = timestampToMs(realClock.now());
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(realClock.nowMs()).toBeGreaterThanOrEqual(shown);
  });
});

describe("a simulated clock", () => {
  it("begins at its base and runs at the real rate", () => {
    let elapsedMs = 100;
    const clock = new SimulatedClock(BASE, () => elapsedMs);
    expect(clock.now()).toEqual(BASE);
    elapsedMs += 1_500.7;
    expect(clock.nowMs()).toBe(timestampToMs(BASE) + 1_500);
  });

  it("jumps forward when told and runs on from there", () => {
    let elapsedMs = 0;
    const clock = new SimulatedClock(BASE, () => elapsedMs);
    const later = timestampFromIso("2025-07-01T08:00:00+07:00");
    expect(clock.advanceTo(later)).toBe(true);
    expect(clock.now()).toEqual(later);
    elapsedMs = 250;
    expect(clock.nowMs()).toBe(timestampToMs(later) + 250);
  });

  it("never goes back, in whatever order it is advanced and read", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ runMs: fc.double({ min: 0, max: 1e6, noNaN: true }) }),
            fc.record({ toMs: fc.nat(1e9) }),
          ),
        ),
        (steps) => {
          let elapsedMs = 0;
          const clock = new SimulatedClock(timestampFromMs(0), () => elapsedMs);
          let lastMs = clock.nowMs();
          for (const step of steps) {
            if ("runMs" in step) {
              elapsedMs += step.runMs;
              lastMs = clock.nowMs();
            } else expect(clock.advanceTo(timestampFromMs(step.toMs))).toBe(step.toMs > lastMs);
            expect(clock.nowMs()).toBeGreaterThanOrEqual(lastMs);
            lastMs = clock.nowMs();
          }
        },
      ),
    );
  });

  it("tells who waits of every jump, until they stop listening", () => {
    const clock = new SimulatedClock(timestampFromMs(0), () => 0);
    const heard: number[] = [];
    const stop = clock.onAdvance((nowMs) => heard.push(nowMs));
    clock.advanceTo(timestampFromMs(5));
    clock.advanceTo(timestampFromMs(3));
    stop();
    clock.advanceTo(timestampFromMs(9));
    expect(heard).toEqual([5]);
  });
});
