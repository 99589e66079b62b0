import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  createReader,
  eventStreamName,
  eventSubject,
  follow,
  openDurableHead,
  parseEventSubject,
  type Reader,
  RecordDamagedError,
  type StoredMessage,
} from "@lienthong/event-store";
import {
  connectAs,
  type EmbeddedNats,
  findNatsServer,
  NatsServerError,
  startEmbeddedNats,
} from "@lienthong/nats-server";
import { dossierCode, startTestBus } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dataFolderAt } from "../../../packages/bus/src/data-folder.ts";

/** LIENTHONG_FLIPPED_BYTES=all: every byte, which takes some tens of minutes; else one in so many, so that each part of a record is met. */
const flipEvery = process.env.LIENTHONG_FLIPPED_BYTES === "all" ? 1 : 233;
const ward = "hn-wold-00001";
const headersBegin = "NATS/1.0\r\n";
/** Longest wait for a stream of a few events. */
const waitMs = 2_000;

interface TrueMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Buffer;
}

let folder: string;
let pristine: string;
let streamName: string;
let shard: string;
let truth: TrueMessage[];
let natsBinary: string;
let blockFile: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lienthong-flips-"));
  pristine = join(folder, "pristine");
  const found = await findNatsServer();
  if (found.kind !== "binary") throw new Error("This test needs a nats-server of its own; unset LIENTHONG_NATS_URL.");
  natsBinary = found.path;
  const bus = await startTestBus({ dataDirectory: pristine });
  shard = bus.bus.shard.name;
  streamName = eventStreamName(shard);
  const office = bus.office(ward);
  for (let i = 0; i < 2; i++) await office.complete(await office.open(dossierCode(), "00001", "social-home-admission"));
  await bus.stop();
  truth = await withServer(pristine, async (connection) => (await readAll(connection)).messages);
  const streams = join(dataFolderAt(pristine).nats, "jetstream", "jetstream", "BUS", "streams", streamName, "msgs");
  const blocks = readdirSync(streams).filter((name) => name.endsWith(".blk"));
  expect(blocks).toHaveLength(1);
  blockFile = join(streams, blocks[0] as string).slice(pristine.length + 1);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withServer<T>(dataDirectory: string, work: (connection: NatsConnection) => Promise<T>): Promise<T> {
  let nats: EmbeddedNats | null = null;
  try {
    nats = await startEmbeddedNats({ binaryPath: natsBinary, dataDirectory: dataFolderAt(dataDirectory).nats });
    const { seedFilePath } = nats.credentials.ledger;
    const connection = await connectAs({ url: nats.url, role: "ledger", seedFilePath, name: "flips" });
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  } finally {
    await nats?.stop();
  }
}

/** What a follower is handed, and what stopped it. */
async function readAll(connection: NatsConnection): Promise<{ messages: TrueMessage[]; stoppedBy: string | null }> {
  const messages: TrueMessage[] = [];
  const ended = Promise.withResolvers<string>();
  const follower = follow({
    connection,
    streamName,
    fromSequence: 1,
    onMessages: (batch) => {
      for (const { sequence, subject, payload } of batch)
        messages.push({ sequence, subject, payload: Buffer.from(payload) });
    },
    onGap: (expected, got) => ended.resolve(`gap at ${expected}, then ${got}`),
    onError: (error) => ended.resolve(error.message),
  });
  // Of a stream whose last record is bad the server hands out the others, and then waits like one that has no more to say: the follower does
  // not call itself caught up, which is right, and nothing else happens until the next event.
  const waits = wait(waitMs).then(() => "it waits for what the stream counts and does not hand out");
  const stoppedBy = await Promise.race([follower.caughtUp.then(() => null), ended.promise, waits]);
  await follower.stop();
  return { messages, stoppedBy };
}

/** What was read; null where it is refused as damaged. */
async function orNull<Read>(reading: Promise<Read>): Promise<Read | null> {
  return reading.catch((error: Error) => {
    if (error instanceof RecordDamagedError) return null;
    throw error;
  });
}

/** Answers of every way to read that are not the truth and that nothing gives away. */
async function wrongAnswers(connection: NatsConnection): Promise<string[]> {
  const reader: Reader = createReader({ connection, streamName });
  const wrong: string[] = [];
  const isTrue = (message: { sequence: number; payload: Uint8Array } | null): boolean => {
    if (message === null) return true;
    const expected = truth[message.sequence - 1];
    return expected?.payload.equals(Buffer.from(message.payload)) === true;
  };
  const state = await reader.state();
  const isWhole =
    state.firstSequence === 1 && state.lastSequence === truth.length && state.messageCount === truth.length;
  const { messages, stoppedBy } = await readAll(connection);
  if (messages.some((message, i) => message.sequence !== i + 1 || !isTrue(message)))
    wrong.push("a follower was handed another event, or one out of turn");
  // Fewer than were written, nothing said, and a stream that looks whole: only then nobody could notice.
  if (messages.length < truth.length && stoppedBy === null && isWhole)
    wrong.push(`a follower was handed ${messages.length} of ${truth.length} events without a word`);
  for (const { sequence, subject } of truth) {
    if (!isTrue(await orNull(reader.atSequence(sequence)))) wrong.push(`event ${sequence} was read with other bytes`);
    const last = await orNull(reader.lastAtLeader(subject));
    if (!isTrue(last)) wrong.push(`the last event of ${subject} was read with other bytes`);
  }
  for (const subject of new Set(truth.map((each) => each.subject))) {
    const found: StoredMessage[] | Error = await reader.messagesOfSubject(subject).catch((error: Error) => error);
    if (!(found instanceof Error) && !found.every(isTrue)) wrong.push(`the trail of ${subject} holds other bytes`);
  }
  return wrong;
}

test("a byte flipped anywhere in a stream's records is never read as an event: what is read is right, missing, or refused", {
  timeout: flipEvery === 1 ? 7_200_000 : 300_000,
}, async () => {
  const bytes = readFileSync(join(pristine, blockFile));
  const flips: { readonly at: number; readonly bit: number }[] = [];
  for (let at = 0; at < bytes.length; at += flipEvery) flips.push({ at, bit: flips.length % 8 });
  // Where the headers of a record end: the only bytes that its checksum leaves out. Every bit, of the last record at least.
  const from = flipEvery === 1 ? 0 : bytes.lastIndexOf(headersBegin);
  for (let headers = bytes.indexOf(headersBegin, from); headers >= 0; ) {
    for (let bit = 0; bit < 32; bit++) flips.push({ at: headers - 4 + (bit >> 3), bit: bit & 7 });
    headers = bytes.indexOf(headersBegin, headers + 1);
  }
  let next = 0;
  let neverReady = 0;
  const lane = async (number: number): Promise<void> => {
    const damaged = join(folder, `damaged-${number}`);
    for (let turn = next++; turn < flips.length; turn = next++) {
      const { at, bit } = flips[turn] as (typeof flips)[number];
      const isAfterKill = turn % 2 === 1;
      rmSync(damaged, { recursive: true, force: true });
      mkdirSync(damaged);
      cpSync(dataFolderAt(pristine).nats, dataFolderAt(damaged).nats, { recursive: true });
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << bit);
      writeFileSync(join(damaged, blockFile), flipped);
      // After a kill there is no index, and the server reads every record at its start.
      if (isAfterKill) rmSync(join(damaged, blockFile, "..", "index.db"), { force: true });
      const flip = `byte ${at}, bit ${bit}${isAfterKill ? ", without index.db" : ""}`;
      // A port of its own.
      rmSync(join(dataFolderAt(damaged).nats, "run", "last-port"), { force: true });
      const wrong = await withServer(damaged, wrongAnswers).catch((cause) => {
        // With a sequence of billions the server (2.15) counts up to it and is never ready: nobody is given a wrong answer, and the bus says why.
        if (cause instanceof NatsServerError && cause.reason === "START_FAILED") {
          neverReady += 1;
          return [];
        }
        throw new Error(`${flip}: ${cause.message}`, { cause });
      });
      expect(wrong, flip).toEqual([]);
      if (turn % 250 === 249) process.stderr.write(`${turn + 1} of ${flips.length} flips\n`);
    }
  };
  // A server mostly waits for its disk and for the reader: several at once.
  await Promise.all(Array.from({ length: 4 }, (_, number) => lane(number)));
  // A sequence is 8 bytes of some hundreds: were the server never ready more often, nothing would have been read here.
  expect(neverReady).toBeLessThanOrEqual(flips.length / 20);
});

test("with a record that rotted, no service gives a wrong answer: each is right, or refuses and says why", {
  timeout: 600_000,
}, async () => {
  const bytes = readFileSync(join(pristine, blockFile));
  const dossiers = [...new Set(truth.flatMap(({ subject }) => parseEventSubject(subject).dossier ?? []))];
  expect(dossiers).toHaveLength(2);
  // The first event of a dossier, its last one, and the last one of the stream.
  for (const index of [1, 2, truth.length - 1]) {
    const { payload } = truth[index] as TrueMessage;
    const damaged = join(folder, "damaged-bus");
    rmSync(damaged, { recursive: true, force: true });
    cpSync(pristine, damaged, { recursive: true });
    const at = bytes.indexOf(payload);
    expect(at).toBeGreaterThan(0);
    const flipped = Buffer.from(bytes);
    flipped[at + 40] = (flipped[at + 40] as number) ^ 4;
    writeFileSync(join(damaged, blockFile), flipped);
    const answers = await answersOf(damaged, index === truth.length - 1, dossiers);
    expect(answers.wrong, `event ${index + 1}`).toEqual([]);
    expect(answers.said.join("\n"), `event ${index + 1}`).toMatch(
      /hole|missing|cannot give|no message|not chained|other bytes|ends at/,
    );
  }
});

/** What a whole bus on a folder answers: what contradicts the truth, and what it says about its state. */
async function answersOf(
  dataDirectory: string,
  isLast: boolean,
  dossiers: readonly string[],
): Promise<{ wrong: string[]; said: string[] }> {
  const wrong: string[] = [];
  const said: string[] = [];
  const isTrue = (payload: Uint8Array): boolean => truth.some((each) => each.payload.equals(Buffer.from(payload)));
  const starting = startTestBus({ dataDirectory });
  const hangs = wait(60_000).then(() => new Error("The bus neither starts nor says why not."));
  const bus = await Promise.race([starting, hangs]).catch((error: Error) => error);
  if (bus instanceof Error && bus.message.startsWith("The bus neither")) return { wrong: [bus.message], said };
  if (bus instanceof Error) return { wrong, said: [bus.message] };
  try {
    const connection = bus.connection(bus.systemOf(ward));
    for (const dossier of dossiers) {
      const count = truth.filter(({ subject }) => subject === eventSubject(shard, dossier)).length;
      const trail = await connection.exchange.getTrail({ shard, dossier, agency: ward }).catch((error: Error) => error);
      if (trail instanceof Error) said.push(trail.message);
      else if (trail.length !== count || !trail.every(({ event }) => isTrue(event)))
        wrong.push(`the trail of ${dossier} has ${trail.length} of ${count} events and nothing is said`);
    }
    const stopped = bus.bus.replicas[0]?.exchange.stopped()?.message;
    if (stopped !== undefined) said.push(stopped);
    else if (isLast) wrong.push("the exchange takes statements behind an event that it wrote and cannot read");
    const ledgerStopped = bus.bus.ledger?.ledger.stopped();
    if (ledgerStopped != null) said.push(ledgerStopped);
  } finally {
    await bus.stop();
  }
  const head = openDurableHead(join(dataFolderAt(dataDirectory).exchange, shard, "exchange-1", "head"));
  const kept = head.read();
  head.close();
  const last = truth.at(-1) as TrueMessage;
  if (kept?.sequence !== truth.length || !Buffer.from(kept.leafHash).equals(Buffer.from(leafHash(last.payload))))
    wrong.push("the durable head was changed");
  return { wrong, said };
}
