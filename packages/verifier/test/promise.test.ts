import { describe, expect, it } from "vitest";
import { fixedKey } from "../../registry-state/test/registry-fixture.ts";
import {
  type PromiseOutcome,
  readEvidenceFile,
  readPromiseFile,
  verifyPromiseFile,
  writeEvidenceFile,
  writePromiseFile,
} from "../src/index.ts";
import { dueMs, logWithout, promised } from "./promised-world.ts";

async function outcomeOf(
  { world, file }: Awaited<ReturnType<typeof promised>>,
  log: { checkpoint: string; leafHashes: Uint8Array[] } | null,
  nowMs = dueMs - 1,
): Promise<PromiseOutcome> {
  const trust = { network: world.registry.state.network, policy: world.policy };
  return (await verifyPromiseFile(readPromiseFile(writePromiseFile(file)), log, { ...trust, nowMs })).outcome;
}

describe("a promise", () => {
  it("is good by itself, and kept when the event is in the log", async () => {
    const given = await promised();
    expect(await outcomeOf(given, null)).toBe("unchecked");
    const { shardLog, witnesses } = given.world;
    const log = { checkpoint: await shardLog.checkpoint(undefined, witnesses), leafHashes: shardLog.hashes };
    expect(await outcomeOf(given, log)).toBe("kept");
  });

  it("is open until a quorum of witnesses signed, when it was due or later, a log without the event", async () => {
    const early = await promised();
    expect(await outcomeOf(early, await logWithout(early.world, dueMs - 1_000))).toBe("pending");
    const due = await promised();
    expect(await outcomeOf(due, await logWithout(due.world, dueMs))).toBe("broken");
  });

  it("convinces nobody by the reader's clock alone", async () => {
    const late = await promised();
    const log = await logWithout(late.world, dueMs - 1_000);
    expect(await outcomeOf(late, log, dueMs)).toBe("overdue");
  });

  it("becomes evidence that a third party checks with nothing but the file", async () => {
    const { world, file } = await promised();
    const log = await logWithout(world, dueMs + 5_000);
    const { promise, ...shown } = readEvidenceFile(writeEvidenceFile({ promise: file, ...log }));
    const report = await verifyPromiseFile(promise, shown, { nowMs: 0 });
    expect(report).toMatchObject({ outcome: "broken", replica: "exchange-1", event: 1, leafIndex: null });
    expect(report.checkpoint?.witnesses).toHaveLength(3);
    // A leaf left out of the evidence, to make an event disappear, is noticed.
    const cut = await verifyPromiseFile(promise, { ...shown, leafHashes: shown.leafHashes.slice(1) }, { nowMs: 0 });
    expect(cut.outcome).toBe("invalid");
    expect(cut.findings.map(({ code }) => code)).toContain("logOther");
  });

  it("is not the bus's word under another key, about another log, or for another event", async () => {
    expect(await outcomeOf(await promised({ key: fixedKey("nobody's key") }), null)).toBe("invalid");
    expect(await outcomeOf(await promised({ origin: "example.org/other" }), null)).toBe("invalid");
    const given = await promised();
    given.world.forward();
    const other = { ...given.file, event: given.world.trail[1]?.event as Uint8Array };
    expect(await outcomeOf({ ...given, file: other }, null)).toBe("invalid");
  });
});
