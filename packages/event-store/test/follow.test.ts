import { DiscardPolicy, jetstreamManager, StorageType } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FollowedMessage, FollowOptions } from "../src/index.ts";
import { createAppender, createReader, eventStreamName, eventSubject, follow } from "../src/index.ts";
import type { ServerFixture } from "./server-fixture.ts";
import { bytes, dossierCode, freshShard, startServer, until } from "./server-fixture.ts";

vi.setConfig({ testTimeout: 30_000 });

let server: ServerFixture;
let connection: NatsConnection;
let shard: string;
let streamName: string;

beforeEach(async () => {
  server = await startServer();
  connection = await server.connect();
  shard = await freshShard(connection);
  streamName = eventStreamName(shard);
});
afterEach(() => server.remove());

let nextDossier = 0;
async function append(count: number): Promise<void> {
  const appender = createAppender({ connection, timeoutMs: 10_000 });
  for (let left = count; left > 0; left -= 1000) {
    const batch = Array.from({ length: Math.min(left, 1000) }, () => ({
      subject: eventSubject(shard, dossierCode(nextDossier++)),
      payload: bytes(`payload ${nextDossier}`),
      expectedLastSubjectSequence: 0,
    }));
    expect((await appender.appendBatch(batch)).kind).toBe("appended");
  }
}

function started(overrides: Partial<FollowOptions> = {}) {
  const sequences: number[] = [];
  const batchSizes: number[] = [];
  const gaps: [number, number][] = [];
  const errors: Error[] = [];
  const follower = follow({
    connection,
    streamName,
    fromSequence: 1,
    onMessages(batch) {
      batchSizes.push(batch.length);
      for (const { sequence } of batch) sequences.push(sequence);
    },
    onGap: (expected, got) => void gaps.push([expected, got]),
    onError: (error) => void errors.push(error),
    ...overrides,
  });
  return { follower, sequences, batchSizes, gaps, errors };
}

/** After the server was started again. */
async function untilReadable(): Promise<void> {
  const reader = createReader({ connection, streamName });
  await until(() =>
    reader
      .state()
      .then(() => true)
      .catch(() => false),
  );
}

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);

test("a follower hands over the whole stream in order, in batches of at most 1,000, and then what is appended", async () => {
  await append(12_345);
  let caughtUpCalls = 0;
  const { follower, sequences, batchSizes } = started({
    onCaughtUp() {
      caughtUpCalls += 1;
    },
  });
  await follower.caughtUp;
  expect(follower.position()).toBe(12_345);
  expect(sequences).toEqual(upTo(12_345));
  expect(Math.max(...batchSizes)).toBeLessThanOrEqual(1000);
  await append(5);
  await until(() => sequences.length === 12_350);
  expect(sequences).toEqual(upTo(12_350));
  expect(caughtUpCalls).toBe(1);
  await follower.stop();
});

test("payload and subject arrive as they were appended", async () => {
  const received: FollowedMessage[] = [];
  const { follower } = started({ onMessages: (batch) => void received.push(...batch) });
  await follower.caughtUp;
  const subject = eventSubject(shard, dossierCode(987_654));
  const payload = Uint8Array.from({ length: 256 }, (_, value) => value);
  await createAppender({ connection, timeoutMs: 1000 }).appendSingly([
    { subject, payload, expectedLastSubjectSequence: 0 },
  ]);
  await until(() => received.length === 1);
  expect({ ...received[0], payload: Uint8Array.from(received[0]!.payload) }).toEqual({ sequence: 1, subject, payload });
  await follower.stop();
});

test("a follower starts at any sequence, and with a filter sees only that subject", async () => {
  await append(100);
  const fromTail = started({ fromSequence: 91 });
  await fromTail.follower.caughtUp;
  expect(fromTail.sequences).toEqual(upTo(10, 91));

  const filterSubject = (await createReader({ connection, streamName }).atSequence(40))!.subject;
  const filtered = started({ filterSubject });
  await filtered.follower.caughtUp;
  expect(filtered.sequences).toEqual([40]);

  const atEnd = started({ fromSequence: 101 });
  await atEnd.follower.caughtUp;
  expect(atEnd.follower.position()).toBe(100);
  for (const { follower } of [fromTail, filtered, atEnd]) await follower.stop();
});

test("the next batch waits until the one before has been worked off, and memory stays bounded meanwhile", async () => {
  await append(20_000);
  let running = 0;
  let overlaps = 0;
  const release = Promise.withResolvers<void>();
  let calls = 0;
  const { follower } = started({
    async onMessages() {
      calls += 1;
      running += 1;
      if (running > 1) overlaps += 1;
      if (calls === 3) await release.promise;
      running -= 1;
    },
  });
  await until(() => calls === 3);
  const { inMsgs } = connection.stats();
  await createReader({ connection, streamName }).state();
  expect(connection.stats().inMsgs - inMsgs).toBeLessThan(10_000);
  expect(calls).toBe(3);
  release.resolve();
  await follower.caughtUp;
  expect(overlaps).toBe(0);
  expect(follower.position()).toBe(20_000);
  await follower.stop();
});

test("a follower goes on by itself across a killed and restarted server, missing and repeating nothing", async () => {
  await append(3000);
  const interruptions: string[] = [];
  const { follower, sequences, gaps, errors } = started({
    onInterruption: (reason) => void interruptions.push(reason),
  });
  await follower.caughtUp;
  for (let round = 1; round <= 3; round++) {
    await server.kill();
    await server.startAgain();
    await untilReadable();
    await append(500);
    await until(() => sequences.length === 3000 + 500 * round);
  }
  expect(sequences).toEqual(upTo(4500));
  expect(gaps).toEqual([]);
  expect(errors).toEqual([]);
  expect(interruptions.length).toBeGreaterThan(0);
  await follower.stop();
});

test("a server killed while a follower catches up costs neither order nor completeness", async () => {
  await append(30_000);
  const { follower, sequences } = started();
  await until(() => sequences.length > 1000);
  await server.kill();
  await server.startAgain();
  await follower.caughtUp;
  expect(sequences).toEqual(upTo(30_000));
  await follower.stop();
});

test("a server that was paused is followed on", async () => {
  await append(10);
  const { follower, sequences } = started();
  await follower.caughtUp;
  server.pause();
  const appended = append(10);
  server.resume();
  await appended;
  await until(() => sequences.length === 20);
  expect(sequences).toEqual(upTo(20));
  await follower.stop();
});

test("a hole in the stream is reported and ends the follower, never skipped", async () => {
  const jsm = await jetstreamManager(connection);
  const holed = `holed-${process.pid}`;
  await jsm.streams.add({ name: eventStreamName(holed), subjects: [`lt.${holed}.event.*`], storage: StorageType.File });
  for (let dossier = 0; dossier < 50; dossier++) connection.publish(eventSubject(holed, dossierCode(dossier)), "x");
  await until(async () => (await jsm.streams.info(eventStreamName(holed))).state.messages === 50);
  await jsm.streams.deleteMessage(eventStreamName(holed), 31);
  await jsm.streams.deleteMessage(eventStreamName(holed), 32);

  const { follower, sequences, gaps, errors } = started({ streamName: eventStreamName(holed) });
  await expect(follower.caughtUp).rejects.toThrow(/ended at sequence 30/);
  await until(() => gaps.length === 1);
  expect(gaps).toEqual([[31, 33]]);
  expect(sequences).toEqual(upTo(30));
  expect(follower.position()).toBe(30);
  expect(errors).toEqual([]);
  await follower.stop();
});

test("a stream that lost its beginning is reported", async () => {
  const jsm = await jetstreamManager(connection);
  const name = eventStreamName("evicting");
  await jsm.streams.add({
    name,
    subjects: ["lt.evicting.event.*"],
    max_msgs: 5,
    discard: DiscardPolicy.Old,
  });
  for (let dossier = 0; dossier < 12; dossier++)
    connection.publish(eventSubject("evicting", dossierCode(dossier)), "x");
  await until(async () => (await jsm.streams.info(name)).state.last_seq === 12);
  const { gaps, follower } = started({ streamName: name });
  await until(() => gaps.length === 1);
  expect(gaps).toEqual([[1, 8]]);
  await follower.stop();
});

test("a stream that is shorter than what was followed is reported, not waited for", async () => {
  await append(10);
  const { gaps, sequences, follower } = started({ fromSequence: 21 });
  await until(() => gaps.length === 1);
  expect(gaps).toEqual([[21, 11]]);
  expect(sequences).toEqual([]);
  await follower.stop();
});

test("a stream deleted and made again while it is followed is reported as shorter", async () => {
  await append(10);
  const { gaps, follower } = started();
  await follower.caughtUp;
  const jsm = await jetstreamManager(connection);
  const { config } = await jsm.streams.info(streamName);
  await jsm.streams.delete(streamName);
  await jsm.streams.add(config);
  await until(() => gaps.length === 1);
  expect(gaps).toEqual([[11, 1]]);
  await follower.stop();
});

test("a fold that fails ends the follower before the position moves", async () => {
  await append(10);
  const { errors, follower } = started({
    onMessages: () => {
      throw new Error("cannot fold");
    },
  });
  await until(() => errors.length === 1);
  expect(errors[0]!.message).toBe("cannot fold");
  expect(follower.position()).toBe(0);
  await follower.stop();
});

test("a closed connection and a missing stream end the follower with an error", async () => {
  const missing = started({ streamName: eventStreamName("nowhere") });
  await until(() => missing.errors.length === 1);
  expect(missing.errors[0]!.message).toMatch(/10059/);
  const other = await server.connect();
  const cut = started({ connection: other });
  await cut.follower.caughtUp;
  await other.close();
  await until(() => cut.errors.length === 1);
});

test("after stop nothing is handed over, and the server keeps no consumer", async () => {
  await append(10);
  const { follower, sequences } = started();
  await follower.caughtUp;
  await follower.stop();
  await append(10);
  const jsm = await jetstreamManager(connection);
  await until(async () => (await jsm.streams.info(streamName)).state.consumer_count === 0);
  expect(sequences).toEqual(upTo(10));
});

test("an appended message is handed over within a few milliseconds", async () => {
  let arrived: () => void = () => {};
  const { follower } = started({ onMessages: () => arrived() });
  await follower.caughtUp;
  const appender = createAppender({ connection, timeoutMs: 5000 });
  const delaysMs: number[] = [];
  for (let round = 0; round < 100; round++) {
    const handedOver = new Promise<number>((resolve) => {
      arrived = () => resolve(performance.now());
    });
    const subject = eventSubject(shard, dossierCode(nextDossier++));
    const outcomes = appender.appendSingly([{ subject, payload: bytes("x"), expectedLastSubjectSequence: 0 }]);
    await outcomes;
    const appendedAt = performance.now();
    delaysMs.push((await handedOver) - appendedAt);
  }
  delaysMs.sort((a, b) => a - b);
  // Generous, because the machine may be busy with other tests; usually below 1 ms.
  expect(delaysMs[50]).toBeLessThan(50);
  await follower.stop();
});

describe("a follower that rests", () => {
  const longRestMs = 20_000;

  test("takes the first message at once and what comes meanwhile in one burst, in order and each once", async () => {
    const { follower, sequences, batchSizes } = started({ restMs: 1_500 });
    await follower.caughtUp;
    for (let count = 0; count < 40; count++) await append(1);
    await until(() => sequences.length === 40);
    expect(sequences).toEqual(upTo(40));
    // One by one they would be forty.
    expect(batchSizes.length).toBeLessThan(20);
    await follower.stop();
  });

  test("does not rest while much is waiting", async () => {
    await append(9_500);
    const { follower, sequences } = started({ restMs: longRestMs, handoverMessagesMax: 4_096 });
    await follower.caughtUp;
    expect(sequences).toEqual(upTo(9_500));
    await follower.stop();
  });

  test("goes on at once when somebody waits", async () => {
    const { follower, sequences } = started({ restMs: longRestMs });
    await follower.caughtUp;
    await append(1);
    await until(() => sequences.length === 1);
    for (const count of [4, 9, 16]) {
      await append(count - sequences.length);
      await until(() => {
        follower.hurry();
        return sequences.length === count;
      });
    }
    expect(sequences).toEqual(upTo(16));
    await follower.stop();
  });

  test("goes on across a server that is killed and restarted during the rest", async () => {
    const { follower, sequences } = started({ restMs: 1_500 });
    await follower.caughtUp;
    await append(10);
    await until(() => sequences.length > 0);
    await server.kill();
    await server.startAgain();
    await untilReadable();
    await append(10);
    await until(() => sequences.length === 20);
    expect(sequences).toEqual(upTo(20));
    await follower.stop();
  });
});
