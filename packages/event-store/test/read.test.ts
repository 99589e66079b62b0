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
  const appender = createAppender({ connection, timeoutMs: 10_000 });
  const subject = (dossier: number) => eventSubject(shard, dossierCode(dossier));
  return { reader, appender, subject };
}

test("heads of 2,500 subjects are found, and subjects without messages are left out", async () => {
  const { reader, appender, subject } = await fixture();
  for (let start = 0; start < 2500; start += 500) {
    const batch = Array.from({ length: 500 }, (_, index) => [
      { subject: subject(start + index), payload: bytes("old"), expectedLastSubjectSequence: 0 },
      { subject: subject(start + index), payload: bytes(`${start + index}`), expectedLastSubjectSequence: null },
    ]).flat();
    expect((await appender.appendBatch(batch)).kind).toBe("appended");
  }
  const heads = await reader.headsOf(Array.from({ length: 3000 }, (_, dossier) => subject(dossier)));
  expect(heads.size).toBe(2500);
  for (let dossier = 0; dossier < 2500; dossier++) {
    expect(heads.get(subject(dossier))).toEqual({ sequence: 2 * dossier + 2, payload: bytes(`${dossier}`) });
  }
  expect((await reader.headsOf([])).size).toBe(0);
  expect((await reader.headsOf([subject(9999)])).size).toBe(0);
});

test("heads whose payloads exceed what one answer may hold are all found", async () => {
  const { reader, appender, subject } = await fixture();
  const payload = new Uint8Array(64 * 1024).fill(1);
  for (let start = 0; start < 1200; start += 100) {
    const batch = Array.from({ length: 100 }, (_, index) => ({
      subject: subject(start + index),
      payload,
      expectedLastSubjectSequence: 0,
    }));
    expect((await appender.appendBatch(batch)).kind).toBe("appended");
  }
  const heads = await reader.headsOf(Array.from({ length: 1200 }, (_, dossier) => subject(dossier)));
  expect(heads.size).toBe(1200);
  expect([...heads.values()].every((head) => head.payload.length === payload.length)).toBe(true);
}, 30_000);

test("the leader shows what was just acknowledged, with its time", async () => {
  const { reader, appender, subject } = await fixture();
  expect(await reader.lastAtLeader(subject(1))).toBeNull();
  const before = Date.now() - 1000;
  let last = 0;
  for (let round = 1; round <= 20; round++) {
    const payload = bytes(`round ${round}`);
    const [outcome] = await appender.appendSingly([
      { subject: subject(1), payload, expectedLastSubjectSequence: last },
    ]);
    last = outcome?.kind === "appended" ? outcome.firstSequence : Number.NaN;
    const head = await reader.lastAtLeader(subject(1));
    expect(head).toMatchObject({ sequence: last, payload });
    expect(Date.parse(head!.time)).toBeGreaterThan(before);
  }
  expect(await reader.state()).toEqual({ firstSequence: 1, lastSequence: 20, messageCount: 20 });
});

test("a trail of 2,300 events among others is read whole, from any sequence", async () => {
  const { reader, appender, subject } = await fixture();
  let last = 0;
  for (let round = 0; round < 5; round++) {
    const batch: AppendMessage[] = [];
    for (let index = 0; index < 460; index++) {
      const payload = bytes(`${round * 460 + index}`);
      batch.push({ subject: subject(1), payload, expectedLastSubjectSequence: index === 0 ? last : null });
      batch.push({ subject: subject(1000 + round * 460 + index), payload, expectedLastSubjectSequence: 0 });
    }
    const outcome = await appender.appendBatch(batch);
    last = outcome.kind === "appended" ? outcome.firstSequence + 918 : Number.NaN;
  }
  const trail = await reader.messagesOfSubject(subject(1));
  expect(trail.map(({ payload }) => Number(text(payload)))).toEqual(Array.from({ length: 2300 }, (_, index) => index));
  expect(trail.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 2300 }, (_, index) => 2 * index + 1));
  expect((await reader.messagesOfSubject(subject(1), { fromSequence: 4001 })).length).toBe(300);
  expect(await reader.messagesOfSubject(subject(1), { fromSequence: 4601 })).toEqual([]);
  expect(await reader.messagesOfSubject(subject(7))).toEqual([]);
});

test("a trail that grows while it is read contains everything acknowledged before the call", async () => {
  const { reader, appender, subject } = await fixture();
  let last = 0;
  let acknowledged = 0;
  const writing = (async () => {
    for (let round = 0; round < 100; round++) {
      const message = { subject: subject(1), payload: bytes(`${round}`), expectedLastSubjectSequence: last };
      const [outcome] = await appender.appendSingly([message]);
      if (outcome?.kind !== "appended") throw new Error("not appended");
      last = outcome.firstSequence;
      acknowledged += 1;
    }
  })();
  while (acknowledged < 100) {
    const atLeast = acknowledged;
    expect((await reader.messagesOfSubject(subject(1))).length).toBeGreaterThanOrEqual(atLeast);
  }
  await writing;
});

test("a stream that does not exist is an error, not an empty answer", async () => {
  const reader = createReader({ connection, streamName: eventStreamName("nowhere"), timeoutMs: 1000 });
  await expect(reader.state()).rejects.toThrow(/10059/);
  await expect(reader.lastAtLeader("lt.a.event.x")).rejects.toThrow(/10059/);
  await expect(reader.headsOf(["lt.a.event.x"])).rejects.toThrow();
});
