/**
 * Events per second of the appender, of a bare JetStream client, of a follower, and the price of a durable head.
 *
 *   node packages/event-store/bench/append.ts [seconds per row]
 *
 * Starts a server of its own (`sync_interval: always`) in the system's temporary folder, so what is measured is that
 * folder's disk. Each append is 1 KB, guarded by a compare-and-set; dossiers get chains of three.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import type { AppendMessage } from "../src/index.ts";
import {
  batchMessagesMax,
  createAppender,
  eventStreamName,
  eventSubject,
  follow,
  openDurableHead,
} from "../src/index.ts";
import { dossierCode, freshShard, startServer } from "../test/server-fixture.ts";

const secondsPerRow = Number(process.argv[2] ?? 4);
const payload = new Uint8Array(1024).fill(7);
let nextDossier = 0;

/** What a caller does: three events of one dossier, one after the other, then the next dossier. */
async function chain(append: (message: AppendMessage) => Promise<number>, shard: string): Promise<void> {
  const subject = eventSubject(shard, dossierCode(nextDossier++));
  let expectedLastSubjectSequence = 0;
  for (let link = 0; link < 3; link++) {
    expectedLastSubjectSequence = await append({ subject, payload, expectedLastSubjectSequence });
  }
}

/** Sends all that waits as soon as nothing is in flight: 8 or fewer singly, more as a batch. */
function coalescingAppend(connection: NatsConnection): (message: AppendMessage) => Promise<number> {
  const appender = createAppender({ connection, timeoutMs: 10_000 });
  const waiting: { message: AppendMessage; resolve(sequence: number): void; reject(error: Error): void }[] = [];
  let isSending = false;

  async function send(): Promise<void> {
    isSending = true;
    await Promise.resolve();
    while (waiting.length > 0) {
      const sent = waiting.splice(0, batchMessagesMax);
      const messages = sent.map(({ message }) => message);
      if (messages.length <= 8) {
        const outcomes = await appender.appendSingly(messages);
        for (const [index, outcome] of outcomes.entries()) {
          if (outcome.kind === "appended") sent[index]!.resolve(outcome.firstSequence);
          else sent[index]!.reject(new Error(JSON.stringify(outcome)));
        }
      } else {
        const outcome = await appender.appendBatch(messages);
        for (const [index, { resolve, reject }] of sent.entries()) {
          if (outcome.kind === "appended") resolve(outcome.firstSequence + index);
          else reject(new Error(JSON.stringify(outcome)));
        }
      }
    }
    isSending = false;
  }

  return (message) =>
    new Promise((resolve, reject) => {
      waiting.push({ message, resolve, reject });
      if (!isSending) send().catch(reject);
    });
}

async function measure(
  label: string,
  callers: number,
  append: (message: AppendMessage) => Promise<number>,
  shard: string,
) {
  const latenciesMs: number[] = [];
  const timed = async (message: AppendMessage) => {
    const startedAt = performance.now();
    const sequence = await append(message);
    latenciesMs.push(performance.now() - startedAt);
    return sequence;
  };
  const startedAt = performance.now();
  const endAt = startedAt + secondsPerRow * 1000;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < endAt) await chain(timed, shard);
    }),
  );
  const rate = latenciesMs.length / ((performance.now() - startedAt) / 1000);
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)]!.toFixed(1);
  console.log(
    `${label.padEnd(34)} ${Math.round(rate).toString().padStart(7)} events/s   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms`,
  );
  return rate;
}

async function measureFollowing(connection: NatsConnection): Promise<void> {
  const shard = await freshShard(connection);
  const appender = createAppender({ connection, timeoutMs: 30_000 });
  const count = 200_000;
  const small = new Uint8Array(600).fill(7);
  for (let start = 0; start < count; start += batchMessagesMax) {
    const batch = Array.from({ length: batchMessagesMax }, (_, index) => ({
      subject: eventSubject(shard, dossierCode(start + index)),
      payload: small,
      expectedLastSubjectSequence: 0,
    }));
    const outcome = await appender.appendBatch(batch);
    if (outcome.kind !== "appended") throw new Error(JSON.stringify(outcome));
  }
  for (let run = 0; run < 3; run++) {
    const startedAt = performance.now();
    let messages = 0;
    let calls = 0;
    const follower = follow({
      connection,
      streamName: eventStreamName(shard),
      fromSequence: 1,
      onMessages(batch) {
        messages += batch.length;
        calls += 1;
      },
      onGap: () => {},
      onError: console.error,
    });
    await follower.caughtUp;
    const rate = Math.round(messages / ((performance.now() - startedAt) / 1000));
    await follower.stop();
    console.log(`follower catching up, 600 B: ${rate} messages/s, ${Math.round(messages / calls)} per call`);
  }
}

/** Synchronous writing against the thread pool, idle and with signature checks queued on it. */
async function measureDurableHead(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "durable-head-bench-"));
  const { generateKeyPairSync, sign, verify } = await import("node:crypto");
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const signature = sign(null, payload, privateKey);
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!.toFixed(2);

  const head = openDurableHead(join(folder, "head"));
  const syncMs: number[] = [];
  for (let sequence = 1; sequence <= 300; sequence++) {
    const startedAt = performance.now();
    head.write({ generation: 1, sequence, leafHash: payload.subarray(0, 32) });
    syncMs.push(performance.now() - startedAt);
  }
  head.close();

  const file = await open(join(folder, "async"), "w+");
  for (const queued of [0, 64]) {
    const asyncMs: number[] = [];
    for (let round = 0; round < 300; round++) {
      const checks = Array.from(
        { length: queued },
        () => new Promise((resolve) => verify(null, payload, publicKey, signature, resolve)),
      );
      const startedAt = performance.now();
      await file.write(payload, 0, 96, 0);
      await file.datasync();
      asyncMs.push(performance.now() - startedAt);
      await Promise.all(checks);
    }
    console.log(`durable head on the thread pool behind ${queued} signature checks: p50 ${median(asyncMs)} ms`);
  }
  await file.close();
  console.log(`durable head written synchronously: p50 ${median(syncMs)} ms`);
  rmSync(folder, { recursive: true });
}

const server = await startServer();
const connection = await server.connect();
try {
  const js = jetstream(connection);
  const barePublish = async ({ subject, payload, expectedLastSubjectSequence }: AppendMessage) =>
    (await js.publish(subject, payload, { expect: { lastSubjectSequence: expectedLastSubjectSequence ?? 0 } })).seq;
  const rates: [number, number][] = [];
  const bareRates: number[] = [];
  for (const callers of [64, 256, 1024]) {
    // Interleaved, because the machine's speed drifts.
    bareRates.push(await measure("bare js.publish, 256 in flight", 256, barePublish, await freshShard(connection)));
    const append = coalescingAppend(connection);
    rates.push([callers, await measure(`appender, ${callers} callers`, callers, append, await freshShard(connection))]);
  }
  for (const [index, [callers, rate]] of rates.entries()) {
    console.log(`${callers} callers: ${(rate / bareRates[index]!).toFixed(1)} times the bare client`);
  }
  await measureFollowing(connection);
  await measureDurableHead();
} finally {
  await server.remove();
}
