import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AppendMessage } from "../src/index.ts";
import { createAppender, createReader, eventStreamName, eventSubject } from "../src/index.ts";
import type { ServerFixture } from "./server-fixture.ts";
import { bytes, dossierCode, freshShard, startServer, text } from "./server-fixture.ts";

let server: ServerFixture;
let connection: NatsConnection;

beforeAll(async () => {
  server = await startServer();
  connection = await server.connect();
});
afterAll(() => server.remove());

async function fixture() {
  const shard = await freshShard(connection);
  const reader = createReader({ connection, streamName: eventStreamName(shard) });
  const appender = createAppender({ connection, timeoutMs: 5000 });
  const message = (dossier: number, expected: number | null, payload = `d${dossier}`): AppendMessage => ({
    subject: eventSubject(shard, dossierCode(dossier)),
    payload: bytes(payload),
    expectedLastSubjectSequence: expected,
  });
  return { shard, reader, appender, message };
}

test("of twenty who race for one subject exactly one wins, and the others hear of a conflict", async () => {
  const { appender, message, reader } = await fixture();
  const racers = Array.from({ length: 20 }, (_, racer) => racer);
  const outcomes = await Promise.all(
    racers.map(async (racer) =>
      racer % 2 === 0
        ? appender.appendBatch([message(1, 0, `racer ${racer}`), message(100 + racer, 0)])
        : (await appender.appendSingly([message(1, 0, `racer ${racer}`)]))[0]!,
    ),
  );
  expect(outcomes.filter(({ kind }) => kind === "appended")).toHaveLength(1);
  expect(outcomes.filter(({ kind }) => kind === "conflict")).toHaveLength(19);
  const winner = outcomes.findIndex(({ kind }) => kind === "appended");
  const stored = await reader.lastAtLeader(message(1, 0).subject);
  expect(text(stored!.payload)).toBe(`racer ${winner}`);
});

test("one loser among 500 leaves nothing of its batch in the stream, and sequences stay without a gap", async () => {
  const { appender, message, reader } = await fixture();
  await appender.appendBatch([message(250, 0, "taken")]);
  const batch = Array.from({ length: 500 }, (_, dossier) => message(dossier, 0));

  expect(await appender.appendBatch(batch)).toMatchObject({ kind: "conflict" });
  expect(await reader.state()).toEqual({ firstSequence: 1, lastSequence: 1, messageCount: 1 });

  const winners = batch.filter((_, dossier) => dossier !== 250);
  expect(await appender.appendBatch(winners)).toEqual({ kind: "appended", firstSequence: 2 });
  expect(await reader.state()).toEqual({ firstSequence: 1, lastSequence: 500, messageCount: 500 });
});

test("a batch lies at consecutive sequences in the order it was given, payloads untouched", async () => {
  const { appender, message, reader } = await fixture();
  const payload = Uint8Array.from({ length: 256 }, (_, value) => value);
  const batch = [message(1, 0), { ...message(2, 0), payload }, message(3, 0, "Hà Nội")];
  expect(await appender.appendBatch(batch)).toEqual({ kind: "appended", firstSequence: 1 });
  expect(await reader.atSequence(1)).toEqual({ sequence: 1, subject: batch[0]!.subject, payload: bytes("d1") });
  expect(await reader.atSequence(2)).toEqual({ sequence: 2, subject: batch[1]!.subject, payload });
  expect(text((await reader.atSequence(3))!.payload)).toBe("Hà Nội");
  expect(await reader.atSequence(4)).toBeNull();
});

test("events of one dossier ride in one batch, guarded by the first", async () => {
  const { appender, message, reader } = await fixture();
  const chain = [message(1, 0, "a"), message(2, 0, "x"), message(1, null, "b"), message(1, null, "c")];
  expect(await appender.appendBatch(chain)).toEqual({ kind: "appended", firstSequence: 1 });
  const trail = await reader.messagesOfSubject(chain[0]!.subject);
  expect(trail.map(({ sequence, payload }) => [sequence, text(payload)])).toEqual([
    [1, "a"],
    [3, "b"],
    [4, "c"],
  ]);
  expect(await appender.appendBatch([message(1, 3, "late"), message(1, null, "later")])).toMatchObject({
    kind: "conflict",
  });
  expect(await appender.appendBatch([message(1, 4, "d"), message(1, null, "e")])).toEqual({
    kind: "appended",
    firstSequence: 5,
  });
});

test("a thousand messages go into one batch, one more is refused before anything is sent", async () => {
  const { appender, message, reader } = await fixture();
  const batch = Array.from({ length: 1001 }, (_, dossier) => message(dossier, 0));
  await expect(appender.appendBatch(batch)).rejects.toThrow(/1 to 1000 messages, not 1001/);
  await expect(appender.appendBatch([])).rejects.toThrow(/not 0/);
  expect(await appender.appendBatch(batch.slice(0, 1000))).toEqual({ kind: "appended", firstSequence: 1 });
  expect(await reader.state()).toEqual({ firstSequence: 1, lastSequence: 1000, messageCount: 1000 });
});

test("single appends are answered each for itself", async () => {
  const { appender, message, reader } = await fixture();
  const outcomes = await appender.appendSingly([message(1, 0), message(2, 7), message(3, 0)]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["appended", "conflict", "appended"]);
  expect((await reader.state()).messageCount).toBe(2);
});

test("an append without a guard is refused before anything is sent", async () => {
  const { appender, message, reader } = await fixture();
  await expect(appender.appendBatch([message(1, null), message(2, 0)])).rejects.toThrow(/nothing would guard it/);
  await expect(appender.appendBatch([message(1, 0), message(1, 0)])).rejects.toThrow(/second compare-and-set/);
  await expect(appender.appendSingly([message(1, null)])).rejects.toThrow(/expectedLastSubjectSequence/);
  await expect(appender.appendSingly([{ ...message(1, 0), subject: "lt.*.event.x" }])).rejects.toThrow(/subject/);
  await expect(appender.appendBatch([{ ...message(1, 0), payload: new Uint8Array(65537) }])).rejects.toThrow(/65536/);
  await expect(appender.appendBatch([message(1, -1)])).rejects.toThrow(/whole number/);
  expect((await reader.state()).lastSequence).toBe(0);
});

test("the largest payload fits, also in a batch", async () => {
  const { appender, message } = await fixture();
  const payload = new Uint8Array(65536).fill(7);
  const batch = [1, 2, 3].map((dossier) => ({ ...message(dossier, 0), payload }));
  expect(await appender.appendBatch(batch)).toEqual({ kind: "appended", firstSequence: 1 });
  expect(await appender.appendSingly([{ ...message(4, 0), payload }])).toEqual([
    { kind: "appended", firstSequence: 4 },
  ]);
});

test("a subject that no stream takes in is refused as such, alone and in a batch", async () => {
  const { appender } = await fixture();
  const astray = (dossier: number): AppendMessage => ({
    subject: eventSubject("nowhere", dossierCode(dossier)),
    payload: bytes("x"),
    expectedLastSubjectSequence: 0,
  });
  const refused = { kind: "refused", errorCode: 503 };
  expect(await appender.appendBatch([astray(1)])).toMatchObject(refused);
  expect(await appender.appendBatch([astray(1), astray(2)])).toMatchObject(refused);
  expect((await appender.appendSingly([astray(1), astray(2)])).map(({ kind }) => kind)).toEqual(["refused", "refused"]);
});

test("a batch over two streams is refused and nothing of it is stored", async () => {
  const one = await fixture();
  const other = await fixture();
  const batch = [one.message(1, 0), other.message(1, 0), one.message(2, 0)];
  expect(await one.appender.appendBatch(batch)).toMatchObject({ kind: "refused" });
  expect((await one.reader.state()).lastSequence).toBe(0);
  expect((await other.reader.state()).lastSequence).toBe(0);
});

test("sixty batches at once are each answered, and those over the server's limit are refused whole", async () => {
  const { appender, message, reader } = await fixture();
  // Opened and left open: the server keeps 50 such batches per stream for ten seconds.
  for (let open = 0; open < 55; open++) {
    const head = `NATS/1.0\r\nNats-Batch-Id: open-${open}\r\nNats-Batch-Sequence: 1\r\n\r\n`;
    const headers = { encode: () => Buffer.from(head) } as never;
    connection.publish(message(open, 0).subject, bytes("x"), { headers });
  }
  expect(await appender.appendBatch([message(900, 0), message(901, 0)])).toMatchObject({ kind: "refused" });
  expect((await appender.appendSingly([message(902, 0)]))[0]).toEqual({ kind: "appended", firstSequence: 1 });
  expect((await reader.state()).messageCount).toBe(1);
});
