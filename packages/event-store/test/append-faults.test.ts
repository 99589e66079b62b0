import type { NatsConnection } from "@nats-io/nats-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AppendMessage } from "../src/index.ts";
import { createAppender, createReader, eventStreamName, eventSubject } from "../src/index.ts";
import type { ServerFixture } from "./server-fixture.ts";
import { dossierCode, freshShard, startServer, until } from "./server-fixture.ts";

vi.setConfig({ testTimeout: 30_000 });

// Each test hurts its server, so each has one.
let server: ServerFixture;
let connection: NatsConnection;
let shard: string;

beforeEach(async () => {
  server = await startServer();
  connection = await server.connect();
  shard = await freshShard(connection);
});
afterEach(() => server.remove());

function batchOf(count: number, firstDossier = 0, payloadBytes = 20): AppendMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    subject: eventSubject(shard, dossierCode(firstDossier + index)),
    payload: new Uint8Array(payloadBytes).fill(index + 1),
    expectedLastSubjectSequence: 0,
  }));
}

function reader() {
  return createReader({ connection, streamName: eventStreamName(shard) });
}

async function readable(): Promise<boolean> {
  return reader()
    .state()
    .then(
      () => true,
      () => false,
    );
}

test("a paused server makes the outcome unknown; sending again with the same expectations settles it", async () => {
  const batch = batchOf(100);
  server.pause();
  const outcome = await createAppender({ connection, timeoutMs: 200 }).appendBatch(batch);
  expect(outcome).toMatchObject({ kind: "unknown" });
  server.resume();

  // The first copy waited in the server's socket, so of the two exactly one is stored.
  const again = await createAppender({ connection, timeoutMs: 10_000 }).appendBatch(batch);
  expect(again).toMatchObject({ kind: "conflict" });
  expect(await reader().state()).toEqual({ firstSequence: 1, lastSequence: 100, messageCount: 100 });
  expect((await reader().headsOf(batch.map(({ subject }) => subject))).size).toBe(100);
});

test("a paused server makes each single outcome unknown", async () => {
  server.pause();
  const outcomes = await createAppender({ connection, timeoutMs: 100 }).appendSingly(batchOf(5));
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array(5).fill("unknown"));
  server.resume();
});

test.for([0, 1, 2, 4, 8, 16])(
  "a server killed %i ms after a batch was sent: what was accepted is there whole, what is unknown is whole or absent",
  async (delayMs) => {
    const appender = createAppender({ connection, timeoutMs: 5000 });
    const batches = Array.from({ length: 12 }, (_, index) => batchOf(200, index * 200, 600));
    const outcomesSoon = Promise.all(batches.map((batch) => appender.appendBatch(batch)));
    const killAt = performance.now() + delayMs;
    await until(() => performance.now() >= killAt);
    await server.kill();
    const outcomes = await outcomesSoon;
    expect(outcomes.every(({ kind }) => kind === "appended" || kind === "unknown" || kind === "refused")).toBe(true);

    await server.startAgain();
    await until(readable);
    const heads = await reader().headsOf(batches.flat().map(({ subject }) => subject));
    let stored = 0;
    for (const [index, batch] of batches.entries()) {
      const present = batch.filter(({ subject }) => heads.has(subject)).length;
      const outcome = outcomes[index]!;
      if (outcome.kind === "appended") {
        expect(present).toBe(200);
        expect(heads.get(batch[0]!.subject)?.sequence).toBe(outcome.firstSequence);
      } else if (outcome.kind === "refused") expect(present).toBe(0);
      else expect([0, 200]).toContain(present);
      stored += present;
    }
    expect(await reader().state()).toMatchObject({ lastSequence: stored, messageCount: stored });
  },
);

test("while the connection is down nothing is sent, and the outcome says so", async () => {
  const appender = createAppender({ connection, timeoutMs: 5000 });
  await appender.appendBatch(batchOf(1));
  await server.kill();
  await until(async () => {
    const [outcome] = await appender.appendSingly(batchOf(1, 500));
    return outcome?.kind === "refused" && outcome.errorCode === 0;
  });
  expect(await appender.appendBatch(batchOf(3, 600))).toMatchObject({ kind: "refused", errorCode: 0 });
  await server.startAgain();
  await until(readable);
  expect((await reader().headsOf(batchOf(3, 600).map(({ subject }) => subject))).size).toBe(0);
  expect(await appender.appendBatch(batchOf(3, 600))).toMatchObject({ kind: "appended" });
});

test("a closed connection refuses", async () => {
  const appender = createAppender({ connection, timeoutMs: 500 });
  await connection.close();
  expect(await appender.appendBatch(batchOf(2))).toMatchObject({ kind: "refused", errorCode: 0 });
});

test("a draining connection refuses", async () => {
  const appender = createAppender({ connection, timeoutMs: 500 });
  const drained = connection.drain();
  expect(await appender.appendBatch(batchOf(2))).toMatchObject({ kind: "refused", errorCode: 0 });
  await drained;
});
