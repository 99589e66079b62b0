import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbeddedNats, Role } from "@lienthong/nats-server";
import { connectAs, startEmbeddedNats } from "@lienthong/nats-server";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  assertStreams,
  createAppender,
  createReader,
  declareEventStream,
  eventStreamName,
  eventSubject,
  follow,
  reconcileStreams,
} from "../src/index.ts";
import { bytes, dossierCode, natsServerBinary } from "./server-fixture.ts";

let folder: string;
let nats: EmbeddedNats;
const connections: NatsConnection[] = [];
const shard = "roles";
const declared = [declareEventStream({ shard, replicas: 1 })];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "event-store-roles-"));
  nats = await startEmbeddedNats({ binaryPath: await natsServerBinary(), dataDirectory: folder });
  await reconcileStreams(await jetstreamManager(await as("admin")), declared);
}, 30_000);
afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function as(role: Role): Promise<NatsConnection> {
  const { seedFilePath } = nats.credentials[role];
  const connection = await connectAs({ url: nats.url, role, seedFilePath, name: `${role}-test` });
  connections.push(connection);
  return connection;
}

const message = (dossier: number) => ({
  subject: eventSubject(shard, dossierCode(dossier)),
  payload: bytes("x"),
  expectedLastSubjectSequence: 0,
});

test("the exchange's rights suffice to check, append, read and follow", async () => {
  const connection = await as("exchange");
  await assertStreams(await jetstreamManager(connection, { checkAPI: false }), declared);
  const appender = createAppender({ connection, timeoutMs: 5000 });
  expect(await appender.appendBatch([message(1), message(2), message(3)])).toMatchObject({ kind: "appended" });
  expect(await appender.appendSingly([message(4)])).toMatchObject([{ kind: "appended" }]);
  const reader = createReader({ connection, streamName: eventStreamName(shard) });
  expect((await reader.headsOf([message(1).subject, message(4).subject])).size).toBe(2);
  expect((await reader.messagesOfSubject(message(3).subject)).length).toBe(1);
  expect((await reader.state()).messageCount).toBe(4);
});

test.for<Role>(["delivery", "ledger", "audit"])("%s may follow and read, and its appends are refused", async (role) => {
  const connection = await as(role);
  const outcome = await createAppender({ connection, timeoutMs: 5000 }).appendBatch([message(91), message(92)]);
  expect(outcome).toMatchObject({ kind: "refused", errorCode: 403 });
  const seen: number[] = [];
  const options = {
    connection,
    streamName: eventStreamName(shard),
    fromSequence: 1,
    onGap: () => {},
    onError: () => {},
  };
  const whole = follow({ ...options, onMessages: (batch) => void seen.push(...batch.map(({ sequence }) => sequence)) });
  await whole.caughtUp;
  expect(seen).toEqual([1, 2, 3, 4]);
  const filtered = follow({ ...options, filterSubject: message(2).subject, onMessages: () => {} });
  await filtered.caughtUp;
  expect(filtered.position()).toBe(2);
  await Promise.all([whole.stop(), filtered.stop()]);
});
