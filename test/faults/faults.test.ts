// A minute of faults at a seed that is kept; longer ones are `npm run test:faults`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allFaults } from "./all-faults.ts";
import { tellReport } from "./report.ts";
import { runFaults } from "./run-faults.ts";

/** One of each kind, the most telling ones. */
const chosen = [
  "kill-nats-server",
  "lose-answers-clients",
  "kill-at-exchange-append",
  "mute-nats",
  "clients-race",
  "kill-ledger",
  "clocks-jump",
  "client-restored",
];

test("nothing is lost, doubled, misordered or forked, and everybody is told, when processes die and networks fail under load", async () => {
  const directory = mkdtempSync(join(tmpdir(), "lienthong-faults-"));
  const faults = chosen.flatMap((name) => allFaults.filter((fault) => fault.name === name));
  expect(faults).toHaveLength(chosen.length);
  const result = await runFaults({ directory, seed: "kept", forMs: 0, faults, eachOnce: true, say: () => {} });
  expect(result.sentences, tellReport(result)).toEqual([]);
  expect(result.faults).toHaveLength(chosen.length);
  expect(result.counts.accepted).toBeGreaterThan(100);
  expect(result.counts.checkpointsSeen).toBeGreaterThan(5);
  rmSync(directory, { recursive: true, force: true });
}, 300_000);
