import type { JetStreamManager, StreamConfig } from "@nats-io/jetstream";
import { jetstreamManager, PersistMode, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  assertStreams,
  declareEventStream,
  declareRegistryStream,
  declareSettledStream,
  reconcileStreams,
  StreamDeclarationError,
} from "../src/index.ts";
import type { ServerFixture } from "./server-fixture.ts";
import { startServer } from "./server-fixture.ts";

let server: ServerFixture;
let jsm: JetStreamManager;

beforeAll(async () => {
  server = await startServer();
  jsm = await jetstreamManager(await server.connect());
});
afterAll(() => server.remove());

const all = (shard: string) => [
  declareEventStream({ shard, replicas: 1 }),
  declareSettledStream({ shard, replicas: 1 }),
  declareRegistryStream({ replicas: 1 }),
];

test("missing streams are created as declared, and a second start changes nothing", async () => {
  const declared = all("first");
  await expect(assertStreams(jsm, declared)).rejects.toThrow(/LT_EVENTS_first does not exist/);
  expect((await reconcileStreams(jsm, declared)).map(({ action }) => action)).toEqual([
    "created",
    "created",
    "created",
  ]);
  expect((await reconcileStreams(jsm, declared)).map(({ action }) => action)).toEqual([
    "unchanged",
    "unchanged",
    "unchanged",
  ]);
  await assertStreams(jsm, declared);
  const { config } = await jsm.streams.info("LT_EVENTS_first");
  expect(config).toMatchObject({
    subjects: ["lt.first.event.*"],
    storage: "file",
    retention: "limits",
    discard: "new",
    max_age: 0,
    max_msgs: -1,
    max_bytes: -1,
    allow_atomic: true,
    allow_direct: true,
    deny_delete: true,
    deny_purge: true,
    duplicate_window: 100_000_000,
    max_msg_size: 65 * 1024,
  });
  expect((await jsm.streams.info("LT_SETTLED_first")).config).toMatchObject({ max_msgs_per_subject: 1 });
  expect((await jsm.streams.info("LT_REGISTRY")).config.subjects).toEqual(["lt.registry"]);
});

test("what may be updated is updated, and named", async () => {
  const declared = declareEventStream({ shard: "updated", replicas: 1 });
  await reconcileStreams(jsm, [declared]);
  await jsm.streams.update(declared.name, {
    description: "old",
    allow_direct: false,
    allow_atomic: false,
    duplicate_window: 120e9,
  });
  await expect(assertStreams(jsm, [declared])).rejects.toThrow(/LT_EVENTS_updated has allow_atomic/);
  const [done] = await reconcileStreams(jsm, [declared]);
  expect(done).toEqual({
    name: declared.name,
    action: "updated",
    changed: ["description", "allow_atomic", "allow_direct", "duplicate_window"],
  });
  await assertStreams(jsm, [declared]);
});

const wrong: [setting: string, config: Partial<StreamConfig>][] = [
  ["max_age", { max_age: 3600e9 }],
  ["max_msgs", { max_msgs: 10 }],
  ["max_bytes", { max_bytes: 1_000_000 }],
  ["max_msgs_per_subject", { max_msgs_per_subject: 1 }],
  ["deny_delete", { deny_delete: false }],
  ["deny_purge", { deny_purge: false }],
  ["storage", { storage: StorageType.Memory }],
  ["retention", { retention: RetentionPolicy.Interest }],
  ["allow_rollup_hdrs", { allow_rollup_hdrs: true, deny_purge: false }],
  ["allow_msg_ttl", { allow_msg_ttl: true }],
  ["persist_mode", { persist_mode: PersistMode.Async, allow_atomic: false }],
  ["republish", { republish: { src: ">", dest: "copy.>" } }],
];

test.for(wrong)("a stream that was made with another %s is refused by name", async ([setting, difference]) => {
  const shard = `wrong-${setting.replaceAll("_", "-")}`;
  const declared = declareEventStream({ shard, replicas: 1 });
  const { discard, ...rest } = declared;
  await jsm.streams.add({ ...rest, discard: discard as never, ...difference });
  for (const check of [reconcileStreams, assertStreams]) {
    const refusal = await check(jsm, [declared]).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(StreamDeclarationError);
    expect(String(refusal)).toContain(`Stream ${declared.name} has `);
  }
});

test("a stream under the right name with other subjects is refused", async () => {
  const declared = declareEventStream({ shard: "subjects", replicas: 1 });
  await jsm.streams.add({ name: declared.name, subjects: ["lt.subjects.event.*", "more"] });
  await expect(reconcileStreams(jsm, [declared])).rejects.toThrow(/LT_EVENTS_subjects has/);
});
