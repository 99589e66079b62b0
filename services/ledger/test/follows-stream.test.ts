import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, realClock } from "@lienthong/chassis";
import { createAppender, declareEventStream, eventStreamName, reconcileStreams } from "@lienthong/event-store";
import { connectAs, type EmbeddedNats, findNatsServer, type Role, startEmbeddedNats } from "@lienthong/nats-server";
import { encodeEvent, readEvent } from "@lienthong/statement";
import {
  leafHash,
  newSeed,
  openCheckpoint,
  rootOf,
  type SignerKey,
  signatureType,
  signerOfSeed,
} from "@lienthong/tlog";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openDisk, type ThreadDisk } from "../src/disk.ts";
import { fsck, type StreamMessage } from "../src/fsck/fsck.ts";
import { readStream } from "../src/fsck/read-stream.ts";
import { shardRules } from "../src/leaf-rules.ts";
import { keepLog, type Log } from "../src/log.ts";
import { PolicyFile } from "../src/policy-file.ts";
import { origin, shard, shardEvents } from "./small-log.ts";

let folder: string;
let nats: EmbeddedNats;
let admin: NatsConnection;
let writer: NatsConnection;
let reader: NatsConnection;
let signer: SignerKey;
let disk: ThreadDisk;
let directory: string;
let policy: PolicyFile;
const streamName = eventStreamName(shard);
const logger = createLogger({ service: "ledger-test", level: "silent" });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ledger-follow-"));
  const found = await findNatsServer({ env: { ...process.env, LIENTHONG_NATS_URL: undefined } });
  if (found.kind !== "binary") throw new Error("No nats-server binary was found.");
  nats = await startEmbeddedNats({ binaryPath: found.path, dataDirectory: join(folder, "nats") });
  const connection = (role: Role) =>
    connectAs({
      url: nats.url,
      role,
      seedFilePath: join(folder, "nats", "nkeys", `${role}.seed`),
      name: `test ${role}`,
    });
  [admin, writer, reader] = await Promise.all([connection("admin"), connection("exchange"), connection("ledger")]);
  signer = await signerOfSeed(origin, signatureType.ed25519, newSeed());
  disk = openDisk();
}, 60_000);

afterAll(async () => {
  await Promise.all([admin.close(), writer.close(), reader.close()]);
  await disk.close();
  await nats.stop();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
beforeEach(async () => {
  count += 1;
  directory = join(folder, `log-${count}`);
  policy = await PolicyFile.open(join(folder, `policy-${count}.txt`));
  await newStream();
});

/** An empty stream in place of the one that is there. */
async function newStream(): Promise<void> {
  lastOf = new Map();
  last = 0;
  const manager = await jetstreamManager(admin, { checkAPI: false });
  await manager.streams.delete(streamName).catch(() => false);
  await reconcileStreams(manager, [declareEventStream({ shard, replicas: 1 })]);
}

/** Last sequence of each subject, and of all. */
let lastOf = new Map<string, number>();
let last = 0;

async function append(messages: readonly StreamMessage[]): Promise<void> {
  const appender = createAppender({ connection: writer, timeoutMs: 5_000 });
  for (let from = 0; from < messages.length; from += 500) {
    const seen = new Set<string>();
    const batch = messages.slice(from, from + 500).map(({ subject, payload }) => {
      const isFirst = !seen.has(subject);
      seen.add(subject);
      return { subject, payload, expectedLastSubjectSequence: isFirst ? (lastOf.get(subject) ?? 0) : null };
    });
    const outcome = await appender.appendBatch(batch);
    if (outcome.kind !== "appended")
      throw new Error(`The test's messages were not appended: ${JSON.stringify(outcome)}`);
    for (const { subject } of batch) lastOf.set(subject, ++last);
  }
}

function keep(): Promise<Log> {
  return keepLog({
    name: shard,
    directory,
    signer,
    connection: reader,
    streamName,
    rules: shardRules(shard, origin),
    policy,
    clock: realClock,
    logger,
    disk,
    sealEveryMs: 100,
    sealSoonMs: 20,
  });
}

const signal = (): AbortSignal => AbortSignal.timeout(10_000);
const whole = (messages: readonly StreamMessage[]): Buffer =>
  Buffer.from(rootOf(messages.map(({ payload }) => leafHash(payload))));
const signedRoot = (log: Log): Buffer => Buffer.from(log.head().root);
const check = () =>
  fsck({ directory, key: signer, stream: readStream(reader, streamName), rules: shardRules(shard, origin) });

test("what is in the stream is sealed, what comes later too, and a start goes on where the last one ended", {
  timeout: 30_000,
}, async () => {
  const events = shardEvents(2_500);
  await append(events.slice(0, 1_300));
  const log = await keep();
  await log.caughtUp;
  expect(log.head().size).toBe(1_300);
  expect(signedRoot(log)).toEqual(whole(events.slice(0, 1_300)));
  await append(events.slice(1_300, 2_000));
  await log.waitUntilSealed(1_999, signal());
  await log.close();

  await append(events.slice(2_000));
  const again = await keep();
  await again.caughtUp;
  expect(signedRoot(again)).toEqual(whole(events));
  expect(again.stopped()).toBeNull();
  await expect(keep()).rejects.toThrow("in use by another process");
  await again.close();
  expect(await check()).toMatchObject({
    findings: [],
    size: 2_500,
    unsealed: 0,
    proven: ["entries", "tiles", "stream"],
  });
});

/** A log that sealed some events, was closed, and found another stream when it came back. */
async function comesBackTo(sealed: readonly StreamMessage[], stream: readonly StreamMessage[]): Promise<string> {
  await append(sealed);
  const log = await keep();
  await log.caughtUp;
  const { note } = log.head();
  await log.close();
  await newStream();
  await append(stream);
  const again = await keep();
  await expect(again.caughtUp).rejects.toThrow("signs nothing further");
  // What was signed stays what it was.
  expect(again.head().note).toBe(note);
  expect((await openCheckpoint(again.head().note, signer)).size).toBe(sealed.length);
  await expect(again.waitUntilSealed(sealed.length, signal())).rejects.toThrow("signs nothing further");
  const message = again.stopped()?.message ?? "";
  await again.close();
  return message;
}

test("a stream that came back shorter stops the log, and fsck says where it ends", { timeout: 30_000 }, async () => {
  const events = shardEvents(12);
  expect(await comesBackTo(events, events.slice(0, 9))).toContain(
    "the stream ends at message 9, but 12 entries were sealed",
  );
  expect((await check()).findings).toContainEqual({ what: "stream-short", lastIndex: 8, size: 12 });
});

test("other bytes where something was sealed stop the log, and fsck names the entry", { timeout: 30_000 }, async () => {
  const events = shardEvents(12);
  const other = shardEvents(30)[25] as StreamMessage;
  const changed = events.with(7, { ...(events[7] as StreamMessage), payload: other.payload });
  expect(await comesBackTo(events, [...changed, ...shardEvents(13).slice(12)])).toContain(
    "message 8 of the stream (entry 7) holds other bytes",
  );
  expect((await check()).findings).toContainEqual(
    expect.objectContaining({ what: "entry-wrong", copy: "stream", index: 7, count: 1 }),
  );
});

async function stopsAt(messages: readonly StreamMessage[]): Promise<string> {
  const log = await keep();
  await append(messages);
  await expect.poll(() => log.stopped()?.message ?? "", { timeout: 10_000 }).not.toBe("");
  const message = log.stopped()?.message ?? "";
  await log.close();
  return message;
}

test("a message under another subject than it says stops the log", async () => {
  const events = shardEvents(8);
  const misplaced = events.with(6, { ...(events[6] as StreamMessage), subject: (events[5] as StreamMessage).subject });
  expect(await stopsAt(misplaced)).toContain("message 7 lies under the subject");
});

test("a shard that is not opened first, or opened as another log, stops the log", async () => {
  expect(await stopsAt(shardEvents(5).slice(1))).toContain("message 1 does not open the shard");
});

/** The same event of another generation. */
function ofGeneration(message: StreamMessage, generation: number): StreamMessage {
  const event = readEvent(message.payload);
  if (event.body.$case !== "bus") throw new Error("Only bus statements are made over.");
  return { ...message, payload: encodeEvent({ ...event.header, generation }, { $case: "bus", value: event.body.bus }) };
}

/** The event that declares generation 2 over some messages. */
function generationStarted(
  before: readonly StreamMessage[],
  change: { from?: bigint; prefixRoot?: Buffer; origin?: string } = {},
): StreamMessage {
  const { header } = readEvent((before[0] as StreamMessage).payload);
  const payload = encodeEvent(
    { ...header, generation: 2, number: 2n, previous: Buffer.from(leafHash((before[0] as StreamMessage).payload)) },
    {
      $case: "shard",
      value: {
        what: {
          $case: "generationStarted",
          value: {
            generation: 2,
            from: BigInt(before.length),
            prefixRoot: whole(before),
            oldOrigin: origin,
            oldCheckpoint: Buffer.alloc(0),
            origin,
            ...change,
          },
        },
      },
    },
  );
  return { sequence: before.length + 1, subject: (before[0] as StreamMessage).subject, payload };
}

test("a generation that was not declared stops the log; one that is declared over exactly these leaves goes on", {
  timeout: 30_000,
}, async () => {
  const events = shardEvents(10);
  expect(await stopsAt([...events.slice(0, 8), ofGeneration(events[8] as StreamMessage, 2)])).toContain(
    "message 9 is of generation 2, but generation 1 is the last that was declared",
  );
  directory += "-declared";
  await newStream();
  const declared = [
    ...events,
    generationStarted(events),
    ...shardEvents(14)
      .slice(11)
      .map((event) => ofGeneration(event, 2)),
  ];
  const log = await keep();
  await append(declared);
  await log.waitUntilSealed(declared.length - 1, signal());
  expect(signedRoot(log)).toEqual(whole(declared));
  await log.close();
  const again = await keep();
  await again.caughtUp;
  await append([ofGeneration(shardEvents(20)[18] as StreamMessage, 2)]);
  await again.waitUntilSealed(declared.length, signal());
  await append([shardEvents(20)[19] as StreamMessage]);
  await expect
    .poll(() => again.stopped()?.message ?? "", { timeout: 10_000 })
    .toContain("is of generation 1, but generation 2");
  await again.close();
});

test.each([
  ["other leaves", { prefixRoot: Buffer.alloc(32, 9) }, "over leaves that are not those of this log"],
  ["another place", { from: 3n }, "over leaves that are not those of this log"],
  ["another log", { origin: "log.example/other" }, "goes on as the log log.example/other"],
])("a generation declared over %s stops the log", async (_, change, why) => {
  const events = shardEvents(6);
  expect(await stopsAt([...events, generationStarted(events, change)])).toContain(why);
});

test("a disk that fails for a while costs time, not leaves, and never a smaller head", {
  timeout: 30_000,
}, async () => {
  const events = shardEvents(600);
  let failing = 0;
  const flaky: ThreadDisk = {
    ...disk,
    putFiles: (files) => (failing-- > 0 ? Promise.reject(new Error("no space left on device")) : disk.putFiles(files)),
  };
  const log = await keepLog({
    name: shard,
    directory,
    signer,
    connection: reader,
    streamName,
    rules: shardRules(shard, origin),
    policy,
    clock: realClock,
    logger,
    disk: flaky,
    sealEveryMs: 50,
    sealSoonMs: 10,
  });
  await append(events.slice(0, 100));
  await log.waitUntilSealed(99, signal());
  failing = 1;
  await append(events.slice(100));
  await log.waitUntilSealed(599, signal());
  expect(signedRoot(log)).toEqual(whole(events));
  await log.close();
  expect((await check()).findings).toEqual([]);
});

test("a policy file with another key for the log, or none that can be read, is not overwritten", async () => {
  const path = join(folder, `policy-${count}-other.txt`);
  const other = await signerOfSeed(origin, signatureType.ed25519, newSeed());
  const file = await PolicyFile.open(path);
  await file.addLog(signer);
  await file.addLog(signer);
  expect(file.policy.logs).toHaveLength(1);
  await expect(file.addLog(other)).rejects.toThrow("names another key");
  await writeFile(path, "quorum nobody\n");
  await expect(PolicyFile.open(path)).rejects.toThrow(path);
});
