// A bare JetStream client in a process of its own: publishes one by one, a number of them in flight, each with its own
// compare-and-set on its subject, chains of three per subject. What the bus is measured against.
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { createReader, declareEventStream, reconcileStreams } from "@lienthong/event-store";
import { connectAs } from "@lienthong/nats-server";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { onCommand } from "./child-process.ts";

/** Shard name whose event stream the bare client fills: same declaration as the bus's own. */
const benchShard = "bench-bare";

/** What the bare client is told to do. */
export interface BareRun {
  readonly url: string;
  readonly adminSeed: string;
  readonly exchangeSeed: string;
  readonly messages: number;
  readonly bytes: number;
  /** As fast as it goes, with so many waiting for their answer. */
  readonly inFlight?: number;
  /** At this rate, whatever is still waiting. */
  readonly perSecond?: number;
}

/** What was measured. */
export interface BareResult {
  readonly seconds: number;
  readonly messagesPerSecond: number;
  /** At a steady rate: from when a message was due until it was acknowledged. */
  readonly latenciesMs: readonly number[];
}

onCommand<BareRun, BareResult>(async (run) => {
  const admin = await connectAs({ url: run.url, role: "admin", seedFilePath: run.adminSeed, name: "bench admin" });
  const [stream] = await reconcileStreams(await jetstreamManager(admin, { checkAPI: false }), [
    declareEventStream({ shard: benchShard, replicas: 1 }),
  ]);
  await admin.close();
  const connection = await connectAs({
    url: run.url,
    role: "exchange",
    seedFilePath: run.exchangeSeed,
    name: "bench bare client",
  });
  const js = jetstream(connection, { checkAPI: false, timeout: 30_000 } as never);
  const before = await createReader({ connection, streamName: stream?.name ?? "" }).state();
  const payload = new Uint8Array(randomBytes(run.bytes));
  const chains = Math.ceil(run.messages / 3);
  const epoch = Date.now().toString(36).toUpperCase();
  let nextChain = 0;
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    for (let chain = nextChain++; chain < chains; chain = nextChain++) {
      const subject = `lt.${benchShard}.event.H26-250505-${epoch}-${chain}`;
      let sequence = 0;
      for (let link = 0; link < 3; link++) {
        const ack = await js.publish(subject, payload, { expect: { lastSubjectSequence: sequence } });
        sequence = ack.seq;
      }
    }
  };
  const steadily = async (perSecond: number): Promise<void> => {
    const running: Promise<void>[] = [];
    for (let message = 0; message < chains * 3; message++) {
      const dueMs = (message * 1_000) / perSecond;
      const earlyMs = startedAt + dueMs - performance.now();
      if (earlyMs > 0) await pause(earlyMs);
      const subject = `lt.${benchShard}.event.H26-250505-${epoch}-${message}`;
      const published = js.publish(subject, payload, { expect: { lastSubjectSequence: 0 } });
      running.push(published.then(() => void latenciesMs.push(performance.now() - startedAt - dueMs)));
    }
    await Promise.all(running);
  };
  if (run.perSecond !== undefined) await steadily(run.perSecond);
  else await Promise.all(Array.from({ length: run.inFlight ?? 1 }, worker));
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await createReader({ connection, streamName: stream?.name ?? "" }).state();
  if (after.lastSequence - before.lastSequence !== chains * 3)
    throw new Error("The bare client's messages are not all in the stream.");
  await connection.close();
  return { seconds, messagesPerSecond: (chains * 3) / seconds, latenciesMs };
});
