import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Outcome } from "@lienthong/contracts/exchange/v1/statement";
import { createAppender, createReader, eventStreamName, eventSubject } from "@lienthong/event-store";
import { encodeEvent, readEvent } from "@lienthong/statement";
import { dossierCode, type HeldBranch, startTestBus, type TestBus, testAreas } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EventFeed, type FedEvent, feedEvents } from "../src/event-feed.ts";
import { openShardGuard, type ShardGuard } from "../src/shard-guard.ts";
import { until } from "./conditions.ts";
import { readStream } from "./stream-facts.ts";

const ward = "hn-wold-00001";
const areaCode = testAreas[0];
const procedure = "social-home-admission";

let bus: TestBus;
let connection: NatsConnection;
const folder = mkdtempSync(join(tmpdir(), "event-feed-"));

beforeAll(async () => {
  bus = await startTestBus();
  connection = await bus.bus.connectNats("exchange", "test: feed");
});

afterAll(async () => {
  await bus?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Watched {
  readonly feed: EventFeed;
  readonly guard: ShardGuard;
  /** Sequences that the follower was given, in that order. */
  readonly given: number[];
  /** The last event it was given. */
  last(): FedEvent | undefined;
  readonly ended: Error[];
}

let guards = 0;
async function watch(): Promise<Watched> {
  const shard = bus.bus.shard.name;
  const given: number[] = [];
  let last: FedEvent | undefined;
  const ended: Error[] = [];
  const guard = openShardGuard({
    directory: join(folder, `guard-${guards++}`),
    shard,
    generation: 1,
    generationFrom: 0,
    reader: createReader({ connection, streamName: eventStreamName(shard) }),
    onStopped: () => {},
  });
  const follower = {
    followFrom: () => 1,
    applyEvents(batch: FedEvent[]) {
      given.push(...batch.map(({ sequence }) => sequence));
      last = batch.at(-1);
    },
  };
  const feed = feedEvents({
    connection,
    streamName: eventStreamName(shard),
    guard,
    followers: [follower],
    onEnded: (error) => void ended.push(error),
  });
  await feed.caughtUp;
  return { feed, guard, given, last: () => last, ended };
}

async function open(): Promise<HeldBranch> {
  return bus.office(ward).open(dossierCode(), areaCode, procedure);
}

/** The event that an exchange would append next for a dossier, with the appender's arguments. */
async function nextEvent(
  held: HeldBranch,
): Promise<{ bytes: Uint8Array; subject: string; expected: number; end: number }> {
  const stream = await readStream(bus.bus);
  const last = stream.findLast(({ event }) => event.dossier === held.dossier);
  if (last === undefined) throw new Error(`${held.dossier} is not in the stream.`);
  const signed = bus.office(ward).pen.complete({ ...held, outcome: Outcome.OUTCOME_DONE });
  const header = { ...last.event.header, number: last.event.header.number + 1n, previous: last.hash };
  return {
    bytes: encodeEvent(header, { $case: "statement", envelopeBytes: signed.envelope }),
    subject: eventSubject(bus.bus.shard.name, held.dossier),
    expected: last.sequence,
    end: stream.at(-1)?.sequence ?? 0,
  };
}

const fed = (sequence: number, bytes: Uint8Array): FedEvent => ({
  sequence,
  bytes,
  hash: leafHash(bytes),
  event: readEvent(bytes),
});

async function append(event: { bytes: Uint8Array; subject: string; expected: number }): Promise<number> {
  const appender = createAppender({ connection, timeoutMs: 5_000 });
  const [outcome] = await appender.appendSingly([
    { subject: event.subject, payload: event.bytes, expectedLastSubjectSequence: event.expected },
  ]);
  if (outcome?.kind !== "appended") throw new Error(`Not appended: ${JSON.stringify(outcome)}`);
  return outcome.firstSequence;
}

const upTo = (sequence: number): number[] => Array.from({ length: sequence }, (_, index) => index + 1);

test("an own event reaches the followers before the stream brings it back, and once", async () => {
  const next = await nextEvent(await open());
  const { feed, guard, given, ended } = await watch();
  feed.appended([fed(next.end + 1, next.bytes)]);
  expect(given).toEqual(upTo(next.end + 1));
  expect(await append(next)).toBe(next.end + 1);
  await open();
  await until("the feed goes on", () => feed.position() > next.end + 1);
  expect(given).toEqual(upTo(feed.position()));
  expect(ended).toEqual([]);
  await feed.stop();
  await guard.close();
});

test("own events whose predecessors are others' wait for the stream: the followers have every event once and in order", async () => {
  const { feed, guard, given, ended } = await watch();
  const held = await open();
  const next = await nextEvent(held);
  await until("the feed goes on", () => feed.position() >= next.end);
  // Told before the stream has what lies before it.
  const others = 3;
  feed.appended([fed(next.end + others + 1, next.bytes)]);
  expect(feed.position()).toBe(next.end);
  for (let index = 0; index < others; index++) await open();
  await until("the feed goes on", () => feed.position() >= next.end + others + 1);
  expect(await append(next)).toBe(next.end + others + 1);
  await open();
  await until("the feed goes on", () => feed.position() >= next.end + others + 2);
  expect(given).toEqual(upTo(feed.position()));
  expect(ended).toEqual([]);
  await feed.stop();
  await guard.close();
});

test("an own event that the stream brings before its acknowledgement is the one that was drafted; another on its subject is read", async () => {
  const held = await open();
  const { feed, guard, last, ended } = await watch();
  const next = await nextEvent(held);
  const other = await nextEvent(held);
  const { bytes, hash, event } = fed(0, next.bytes);
  const forget = feed.drafted([{ subject: next.subject, bytes, hash, event }]);
  expect(await append(next)).toBe(next.end + 1);
  await until("the feed goes on", () => feed.position() === next.end + 1);
  expect(last()?.event).toBe(event);

  const draft = fed(0, other.bytes);
  feed.drafted([{ ...draft, subject: next.subject }]);
  const later = await nextEvent(held);
  await append(later);
  await until("the feed goes on", () => feed.position() === later.end + 1);
  expect(leafHash(last()?.bytes ?? new Uint8Array(0))).toEqual(leafHash(later.bytes));
  expect(ended).toEqual([]);
  forget();
  await feed.stop();
  await guard.close();
});

test("a stream that brings other bytes than were appended ends the feed, with a sentence", async () => {
  const held = await open();
  const { feed, guard, ended } = await watch();
  const told = await nextEvent(held);
  const stored = await nextEvent(held);
  feed.appended([fed(told.end + 1, told.bytes)]);
  expect(await append(stored)).toBe(told.end + 1);
  await until("the feed has ended", () => ended.length > 0);
  expect(ended[0]?.message).toMatch(/event \d+ in the stream is not the one that was appended there/);
  await feed.stop();
  await guard.close();
});
