import { registrySubject } from "@lienthong/event-store";
import { expect, test } from "vitest";
import {
  agencyRecord,
  fixedKey,
  LogWriter,
  writeSmallLog,
} from "../../../packages/registry-state/test/registry-fixture.ts";
import { followRegistry } from "../src/registry-follower.ts";
import { openStream, startTestBus, until } from "./bus-fixture.ts";

async function store(append: Awaited<ReturnType<typeof openStream>>["append"], log: readonly Uint8Array[], after = 0) {
  for (const [index, payload] of log.entries()) {
    const expectedLastSubjectSequence = after + index;
    const [outcome] = await append.appendSingly([{ subject: registrySubject, payload, expectedLastSubjectSequence }]);
    expect(outcome?.kind).toBe("appended");
  }
}

test("a confirmation goes stale while the server is stopped, and recovers with it", async () => {
  const bus = await startTestBus();
  const { append } = await openStream(bus);
  const writer = writeSmallLog();
  await store(append, writer.log);
  // As the role exchange, which may read the registry and not write it.
  const follower = followRegistry({ connection: await bus.connect("exchange") });
  await follower.caughtUp;
  await until(() => follower.confirmed(500), "the first confirmation");
  expect(follower.state.head).toEqual(writer.state.head);
  const before = follower.confirmedAtMs()!;
  await until(() => follower.confirmedAtMs()! > before, "a second confirmation, though nothing was recorded");

  bus.pause();
  await until(() => !follower.confirmed(2_000), "the confirmation is older than 2 s");
  expect(follower.confirmed(60_000)).toBe(true);
  expect(follower.stoppedBecause()).toBeNull();

  bus.resume();
  await until(() => follower.confirmed(500), "the confirmation is fresh again");
  await store(append, [writer.write(agencyRecord("later"))], writer.log.length);
  await follower.waitForSize(14n, 10_000);
  expect(follower.state.agency("later")).toBeDefined();
  await follower.stop();
  expect(follower.confirmed(60_000)).toBe(false);
}, 60_000);

test("what was recorded before catchUp was called is folded when it resolves", async () => {
  const bus = await startTestBus();
  const { append, connection } = await openStream(bus);
  const writer = new LogWriter();
  await store(append, writer.log);
  const seen: bigint[] = [];
  const follower = followRegistry({ connection, onApplied: ({ number }) => seen.push(number) });
  for (let round = 1; round <= 20; round++) {
    await store(append, [writer.write(agencyRecord(`a${round}`))], round);
    writer.add(agencyRecord(`a${round}`));
    await follower.catchUp(10_000);
    expect(follower.state.size).toBe(round + 1);
  }
  expect(seen).toEqual(Array.from({ length: 21 }, (_, number) => BigInt(number)));
  await expect(follower.waitForSize(99, 50)).rejects.toThrow("21 of 99 entries");
  await follower.stop();
}, 60_000);

test("an entry that may not follow ends the follower, and nothing is confirmed any more", async () => {
  const bus = await startTestBus();
  const { append, connection } = await openStream(bus);
  const writer = new LogWriter();
  await store(append, writer.log);
  const forged = new LogWriter(fixedKey("other registrar")).write(agencyRecord("a"));
  await store(append, [forged], 1);
  const stopped = Promise.withResolvers<Error>();
  const follower = followRegistry({ connection, onStopped: stopped.resolve });
  await expect(follower.caughtUp).rejects.toThrow();
  expect((await stopped.promise).message).toContain("Message 2 of the registry's stream is no entry that may follow");
  expect(follower.confirmed(60_000)).toBe(false);
  await expect(follower.waitForSize(2)).rejects.toBe(await stopped.promise);
  await follower.stop();
}, 60_000);

test("a registry of another network is not followed", async () => {
  const bus = await startTestBus();
  const { append, connection } = await openStream(bus);
  await store(append, new LogWriter().log);
  const stopped = Promise.withResolvers<Error>();
  const follower = followRegistry({ connection, network: new Uint8Array(32), onStopped: stopped.resolve });
  expect((await stopped.promise).message).toContain("trusts the network 0000");
  await follower.stop();
}, 60_000);
