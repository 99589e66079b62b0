import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbeddedNats, Role } from "@lienthong/nats-server";
import { connectAs, startEmbeddedNats } from "@lienthong/nats-server";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  accessRetentionDaysDefault,
  accessStreamName,
  accessSubject,
  appendRecord,
  declareAccessStream,
  readRecords,
  reconcileStreams,
} from "../src/index.ts";
import { bytes, natsServerBinary } from "./server-fixture.ts";

let folder: string;
let nats: EmbeddedNats;
const connections: NatsConnection[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "event-store-access-"));
  nats = await startEmbeddedNats({ binaryPath: await natsServerBinary(), dataDirectory: folder });
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

const nanosPerDay = 86_400e9;

test("look-ups are kept for five years unless told; another span is taken over on the stream that is there", async () => {
  const jsm = await jetstreamManager(await as("admin"));
  const actions = async (retentionDays?: number) =>
    (
      await reconcileStreams(jsm, [
        declareAccessStream({ replicas: 1, ...(retentionDays === undefined ? {} : { retentionDays }) }),
      ])
    ).map(({ action, changed }) => [action, ...changed]);
  expect(await actions()).toEqual([["created"]]);
  expect((await jsm.streams.info(accessStreamName)).config).toMatchObject({
    max_age: accessRetentionDaysDefault * nanosPerDay,
    deny_delete: true,
    deny_purge: true,
    subjects: [accessSubject],
  });
  expect(await actions()).toEqual([["unchanged"]]);
  expect(await actions(3_650)).toEqual([["updated", "max_age"]]);
  expect((await jsm.streams.info(accessStreamName)).config.max_age).toBe(3_650 * nanosPerDay);
  for (const days of [0, -1, 1.5, 36_501, Number.NaN]) {
    expect(() => declareAccessStream({ replicas: 1, retentionDays: days })).toThrow(/1 to 36500/);
  }
});

test("audit and exchange may add look-ups, nobody else, and nobody takes one away", async () => {
  for (const role of ["audit", "exchange"] as const) {
    expect(await appendRecord(await as(role), accessSubject, bytes(role), 5_000)).toBeGreaterThan(0);
  }
  for (const role of ["registry", "delivery", "documents", "ledger"] as const) {
    await expect(appendRecord(await as(role), accessSubject, bytes(role), 1_000), role).rejects.toThrow();
  }
  const records = await readRecords(await as("audit"), accessStreamName, 1, 10, 5_000);
  expect(records.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["audit", "exchange"]);
  const jsm = await jetstreamManager(await as("admin"));
  await expect(jsm.streams.purge(accessStreamName)).rejects.toThrow();
  await expect(jsm.streams.deleteMessage(accessStreamName, 1)).rejects.toThrow();
});
