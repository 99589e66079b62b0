import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { createAppender } from "@lienthong/event-store";
import { expect, test } from "vitest";
import {
  agencyRecord,
  at,
  fixedKey,
  LogWriter,
  writeSmallLog,
} from "../../../packages/registry-state/test/registry-fixture.ts";
import { createEntryAppender, type EntryAppender, followRegistry, type RegistryFollower } from "../src/index.ts";
import { startTestBus, type TestBus, until } from "./bus-fixture.ts";

const clock = {
  now: (): Timestamp => at(100),
  nowMs: () => Number(at(100).seconds) * 1_000,
};

async function openAppender(
  bus: TestBus,
  timeoutMs = 3_000,
): Promise<{ follower: RegistryFollower; entries: EntryAppender }> {
  const connection = await bus.connect("registry");
  const follower = followRegistry({ connection });
  await follower.caughtUp;
  const entries = createEntryAppender({ follower, appender: createAppender({ connection, timeoutMs }), clock });
  return { follower, entries };
}

test("entries are appended in order, and the same bytes again get the same answer", async () => {
  const bus = await startTestBus();
  const { follower, entries } = await openAppender(bus);
  const { log, state } = writeSmallLog();
  const answers = [];
  for (const bytes of log) answers.push(await entries.append(bytes));
  expect(answers.at(-1)).toEqual({ head: state.head, number: 12n });
  for (const [number, bytes] of log.entries()) expect(await entries.append(bytes)).toEqual(answers[number]);
  expect(follower.state.head).toEqual(state.head);
  await follower.stop();
});

test("of two entries for one place one is stored, and the other is told the present head", async () => {
  const bus = await startTestBus();
  const [one, two] = [await openAppender(bus), await openAppender(bus)];
  const writer = new LogWriter();
  await one.entries.append(writer.log[0]!);
  const rivals = [writer.write(agencyRecord("a")), writer.write(agencyRecord("b"))];
  const outcomes = await Promise.allSettled([one.entries.append(rivals[0]!), two.entries.append(rivals[1]!)]);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const lost = outcomes.find((outcome) => outcome.status === "rejected");
  expect(lost?.reason).toMatchObject({
    reason: "REGISTRY_HEAD_MOVED",
    metadata: { size: "2", field: "entry.number" },
  });
  expect(lost?.reason.metadata.root).toMatch(/^[0-9a-f]{64}$/);
  await Promise.all([one.follower.stop(), two.follower.stop()]);
});

test("the same entry brought through two replicas at once is stored once", async () => {
  const bus = await startTestBus();
  const [one, two] = [await openAppender(bus), await openAppender(bus)];
  const writer = new LogWriter();
  const [first, second] = await Promise.all([one.entries.append(writer.log[0]!), two.entries.append(writer.log[0]!)]);
  expect(second).toEqual(first);
  await one.follower.catchUp(5_000);
  expect(one.follower.state.size).toBe(1);
  await Promise.all([one.follower.stop(), two.follower.stop()]);
});

test("an entry that nobody with a registrar key signed, or that comes from the future, is not stored", async () => {
  const bus = await startTestBus();
  const { follower, entries } = await openAppender(bus);
  const writer = new LogWriter();
  await entries.append(writer.log[0]!);
  const forged = writer.write(agencyRecord("a"));
  forged[forged.length - 1] = forged[forged.length - 1]! ^ 1;
  await expect(entries.append(forged)).rejects.toMatchObject({ reason: "SIGNATURE_INVALID" });
  const foreign = new LogWriter(fixedKey("other registrar")).write(agencyRecord("a"));
  await expect(entries.append(foreign)).rejects.toMatchObject({ reason: "NETWORK_MISMATCH" });
  const early = writer.write(agencyRecord("a"), { recordedTime: at(200) });
  await expect(entries.append(early)).rejects.toMatchObject({
    reason: "REGISTRY_ENTRY_INVALID",
    field: "entry.recorded_time",
  });
  await expect(entries.append(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ reason: "MESSAGE_MALFORMED" });
  expect(follower.state.size).toBe(1);
  await follower.stop();
});

test("an entry that landed although its acknowledgement was late is answered, not stored twice", async () => {
  const bus = await startTestBus();
  const connection = await bus.connect("registry");
  const follower = followRegistry({ connection });
  await follower.caughtUp;
  const real = createAppender({ connection, timeoutMs: 3_000 });
  let attempts = 0;
  const entries = createEntryAppender({
    follower,
    clock,
    appender: {
      async appendSingly(messages) {
        attempts += 1;
        await real.appendSingly(messages);
        return messages.map(() => ({ kind: "unknown", cause: new Error("the acknowledgement was lost") }));
      },
    },
  });
  const { log } = new LogWriter();
  await expect(entries.append(log[0]!)).resolves.toMatchObject({ number: 0n });
  expect(attempts).toBe(1);
  await follower.stop();
});

test("after a restart of the server the registry goes on where it was", async () => {
  const bus = await startTestBus();
  const { follower, entries } = await openAppender(bus);
  const writer = writeSmallLog();
  for (const bytes of writer.log) await entries.append(bytes);
  await bus.restart();
  const next = writer.write(agencyRecord("after-restart"));
  await until(
    () =>
      entries.append(next).then(
        () => true,
        () => false,
      ),
    "the entry is stored after the restart",
  );
  const again = await openAppender(bus);
  expect(again.follower.state.head).toEqual(follower.state.head);
  expect(again.follower.state.agency("after-restart")?.number).toBe(13n);
  await Promise.all([follower.stop(), again.follower.stop()]);
}, 60_000);
