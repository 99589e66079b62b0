import { expect, test } from "vitest";
import { judgeOutcome } from "./judge-outcome.ts";
import { runFuzz } from "./run-fuzz.ts";

// The long run is `npm run fuzz -- --inputs 1000000`; this is the slice that everybody runs, by the same seed.
test("no bytes at any method crash the bus, are accepted without being valid, or make it grow", async () => {
  const outcome = await runFuzz({ inputs: 20_000, seed: "slice", minutes: 1 });
  const { faults } = judgeOutcome(outcome);
  expect(faults, `seed ${outcome.seed}`).toEqual([]);
  expect(outcome.methods.length).toBeGreaterThan(15);
}, 180_000);
