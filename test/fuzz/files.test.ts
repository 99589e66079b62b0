import { expect, test } from "vitest";
import { fuzzFiles } from "./fuzz-files.ts";
import { Tally } from "./tally.ts";

test("no file is read with a fault of the language, or taken without being whole", async () => {
  const tally = new Tally();
  // Always the same files: a failure here is the change's fault. `npm run fuzz` draws new ones.
  const seed = "files";
  await fuzzFiles(2_200, seed, tally);
  expect(
    tally.faults.map(({ method, what }) => `${method}: ${what}`),
    `seed ${seed}`,
  ).toEqual([]);
  for (const [name, { inputs, accepted }] of tally.methods) {
    expect(inputs, name).toBeGreaterThan(100);
    if (name !== "enrolment approval") expect(accepted, name).toBeGreaterThan(0);
  }
});
