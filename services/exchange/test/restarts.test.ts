import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestBus, type TestBus } from "@lienthong/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./conditions.ts";
import { type Load, startLoad, unkeptAcceptances } from "./load.ts";
import { faultsOf, readStream } from "./stream-facts.ts";

const workers = 24;
let folder: string;
let bus: TestBus;

const start = () => startTestBus({ dataDirectory: folder, replicas: 2 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-restarts-"));
  bus = await start();
});

afterAll(async () => {
  await bus?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function moreAccepted(load: Load, count: number): Promise<void> {
  const goal = load.accepted.length + count;
  await until(`${count} more statements are accepted`, () => load.accepted.length >= goal);
}

async function expectNothingLostOrDoubled(load: Load): Promise<void> {
  const events = await readStream(bus.bus);
  expect(unkeptAcceptances(load, events)).toEqual([]);
  expect(faultsOf(events, bus.bus.shard.name)).toEqual([]);
  // Whoever was answered twice was answered the same.
  const indexes = new Map<string, bigint>();
  for (const { signed, accepted } of load.accepted) {
    expect(indexes.get(signed.statementId) ?? accepted.leafIndex).toBe(accepted.leafIndex);
    indexes.set(signed.statementId, accepted.leafIndex);
  }
}

function expectOnlyRetryable(load: Load): void {
  const reasons = new Set(load.retried.map(({ reason }) => reason));
  for (const reason of reasons) {
    expect([
      null,
      "DRAINING",
      "STORE_UNAVAILABLE",
      "OUTCOME_UNKNOWN",
      "REGISTRY_UNCONFIRMED",
      "DEADLINE_PASSED",
      "OVERLOADED",
    ]).toContain(reason);
  }
}

test("a bus stopped and started again under load loses nothing it accepted and doubles nothing", async () => {
  const load = startLoad(() => bus, { workers, replicas: 2 });
  await moreAccepted(load, 150);
  await bus.stop();
  bus = await start();
  await moreAccepted(load, 150);
  await load.stop();
  expectOnlyRetryable(load);
  await expectNothingLostOrDoubled(load);
});

test("when the nats-server is killed under load callers are told to try again, and retries have one effect", async () => {
  const load = startLoad(() => bus, { workers, replicas: 2 });
  await moreAccepted(load, 150);
  process.kill(bus.bus.natsPid as number, "SIGKILL");
  await until("callers are told to try again", () => load.retried.length >= workers);
  await bus.bus.failed;
  // What the dead store leaves unfinished is told in the ending, too.
  await bus.stop().catch(() => {});
  bus = await start();
  await moreAccepted(load, 150);
  await load.stop();
  expectOnlyRetryable(load);
  await expectNothingLostOrDoubled(load);
});

test("a nats-server that stands still for three seconds under load costs time and nothing else", async () => {
  const load = startLoad(() => bus, { workers, replicas: 2 });
  await moreAccepted(load, 150);
  const pid = bus.bus.natsPid as number;
  const stoodStill = performance.now();
  process.kill(pid, "SIGSTOP");
  const before = load.accepted.length;
  await until("three seconds have passed", () => performance.now() - stoodStill >= 3_000);
  process.kill(pid, "SIGCONT");
  // Nothing was answered as accepted while nothing could be stored; what was on its way when it stopped may still have come.
  expect(load.accepted.length - before).toBeLessThanOrEqual(workers);
  await moreAccepted(load, 150);
  await load.stop();
  expectOnlyRetryable(load);
  await expectNothingLostOrDoubled(load);
});
