// The test of the test: with a protection taken out of the product, the harness must fail.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plantedBugs, plantedRun } from "./planted/planted-bugs.ts";
import { tellReport } from "./report.ts";
import { runFaults } from "./run-faults.ts";

describe("a bug that is planted is caught", () => {
  test.each(plantedBugs)(
    "$name",
    async (bug) => {
      const directory = mkdtempSync(join(tmpdir(), "lienthong-planted-"));
      const result = await runFaults({
        ...plantedRun(bug),
        directory,
        seed: "planted",
        forMs: 0,
        endWithinMs: 5_000,
        recoverWithinMs: 5_000,
        say: () => {},
      });
      const seen = bug.seenAs.reduce((sum, kind) => sum + result.violations[kind], 0);
      expect(seen, tellReport(result)).toBeGreaterThan(0);
      rmSync(directory, { recursive: true, force: true });
    },
    240_000,
  );
});
