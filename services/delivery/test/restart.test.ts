import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { busError } from "@lienthong/chassis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { dossierCode, type Ground, prepareGround, startReplica, TestShard, until } from "./harness.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround();
}, 60_000);
afterAll(() => ground.stop());

const forwards = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ to: "dep-b", dossier: dossierCode(index) }));

/** A shard of 400 events for one agency of which all but three of the first 200 are settled, its replica stopped. */
async function halfSettled(): Promise<{ shard: TestShard; folder: string }> {
  const shard = await TestShard.create(ground);
  const replica = await startReplica(shard);
  const receiver = replica.receive({ credit: 200 });
  await until(() => receiver.emptyCount === 1);
  await shard.forward(forwards(400));
  await receiver.count(200);
  receiver.settle(receiver.deliveries.slice(0, 200).filter(({ leafIndex }) => ![5n, 17n, 60n].includes(leafIndex)));
  await until(() => replica.deliveries.waitingCount("dep-b") === 203);
  await replica.stop();
  return { shard, folder: replica.folder };
}

const unsettled = [5, 17, 60, ...Array.from({ length: 200 }, (_, index) => 200 + index)];

describe("after a restart", () => {
  test("with everything kept, exactly what was not settled is handed out", async () => {
    const { shard, folder } = await halfSettled();
    const replica = await startReplica(shard, { directory: folder });
    onTestFinished(() => replica.stop());
    expect(replica.deliveries.waitingCount("dep-b")).toBe(203);
    const receiver = replica.receive({ credit: 1_000 });
    await receiver.count(203);
    expect(receiver.leafIndexes()).toEqual(unsettled);
    expect(receiver.deliveries[0]?.redelivered).toBe(true);
  });

  test.each(["lost", "damaged"])("with the store %s, the same", async (what) => {
    const { shard, folder } = await halfSettled();
    if (what === "lost") await rm(folder, { recursive: true });
    else await writeFile(join(folder, `delivery-${shard.name}.sqlite`), "no database at all ".repeat(1_000));
    const replica = await startReplica(shard, { directory: folder });
    onTestFinished(() => replica.stop());
    const receiver = replica.receive({ credit: 1_000 });
    await receiver.count(203);
    expect(receiver.leafIndexes()).toEqual(unsettled);
  });

  test("with a store that was made from another stream, it is built anew", async () => {
    const { folder, shard: other } = await halfSettled();
    const shard = await TestShard.create(ground);
    await shard.forward([{ to: "dep-c", dossier: dossierCode(1) }]);
    await rename(join(folder, `delivery-${other.name}.sqlite`), join(folder, `delivery-${shard.name}.sqlite`));
    const replica = await startReplica(shard, { directory: folder });
    onTestFinished(() => replica.stop());
    expect(replica.deliveries.waitingCount("dep-c")).toBe(1);
    expect(replica.deliveries.waitingCount("dep-b")).toBe(0);
  });

  test("after a crash, only what was settled since the last position was written comes again", async () => {
    const shard = await TestShard.create(ground);
    const first = await startReplica(shard, { publishEveryMs: 10_000_000, unwrittenEventsMax: 10 });
    const receiver = first.receive({ credit: 100 });
    await shard.forward(forwards(100));
    await receiver.count(100);
    receiver.settle(receiver.deliveries);
    await until(() => first.deliveries.waitingCount("dep-b") === 0);
    await first.crash();
    const replica = await startReplica(shard, { directory: first.folder });
    onTestFinished(() => replica.stop());
    const again = replica.receive({ credit: 100 });
    await again.count(100);
  });

  test("a handoff's sender is known however long ago it was forwarded, and its end is forgotten", async () => {
    const shard = await TestShard.create(ground);
    const first = await startReplica(shard);
    await shard.append([shard.openEvent("ward-a", dossierCode(1))]);
    const [forward] = await shard.forward([{ to: ["dep-b", "dep-c"], dossier: dossierCode(1) }]);
    await first.reached(1);
    await first.stop();
    const replica = await startReplica(shard, { directory: first.folder });
    onTestFinished(() => replica.stop());
    await shard.append([
      shard.deliveredEvent("dep-b", dossierCode(1), forward!.hash, "0.1"),
      shard.acknowledgeEvent("dep-b", dossierCode(1), forward!.hash, "0.1"),
      shard.deliveredEvent("dep-b", dossierCode(1), forward!.hash, "0.1"),
      shard.acknowledgeEvent("dep-c", dossierCode(1), forward!.hash, "0.2"),
    ]);
    const sender = replica.receive({ agencies: ["ward-a"] });
    await sender.count(3);
    await replica.reached(5);
    expect(sender.leafIndexes()).toEqual([2, 3, 5]);
  });

  test("a handoff that was settled before the crash, but not recorded, is handed out and told again", async () => {
    const shard = await TestShard.create(ground);
    const first = await startReplica(shard, {
      onFirstSettled: () => new Promise(() => {}),
      drainWaitMs: 10,
    });
    await shard.forward(forwards(2));
    const receiver = first.receive().settleEverything();
    await receiver.count(2);
    await until(() => first.deliveries.waitingCount("dep-b") === 0);
    await first.crash();
    const told: string[] = [];
    const replica = await startReplica(shard, { onFirstSettled: ({ dossier }) => void told.push(dossier) });
    onTestFinished(() => replica.stop());
    await replica.receive().settleEverything().count(2);
    await until(() => told.length === 2);
  });
});

describe("several replicas", () => {
  test("what is settled at one is not handed out by the other, and both write down the union", async () => {
    const shard = await TestShard.create(ground);
    const [one, other] = [await startReplica(shard), await startReplica(shard)];
    onTestFinished(() => one.stop());
    await shard.forward(forwards(30));
    const atOne = one.receive();
    await atOne.count(30);
    atOne.settle(Array.from({ length: 20 }, (_, index) => ({ leafIndex: index })));
    await other.reached(29);
    await until(() => other.deliveries.waitingCount("dep-b") === 10);
    const atOther = other.receive();
    await atOther.count(10);
    expect(atOther.leafIndexes()).toEqual(Array.from({ length: 10 }, (_, index) => 20 + index));
    atOther.settle([{ leafIndex: 29 }]);
    atOne.settle([{ leafIndex: 20 }]);
    await until(() => [one, other].every(({ deliveries }) => deliveries.waitingCount("dep-b") === 8));
    await other.stop();
    const third = await startReplica(shard);
    onTestFinished(() => third.stop());
    expect(third.deliveries.waitingCount("dep-b")).toBe(8);
  });

  test("a replica whose name starts again from an index takes the others along", async () => {
    const shard = await TestShard.create(ground);
    const [one, other] = [await startReplica(shard), await startReplica(shard)];
    onTestFinished(() => one.stop());
    onTestFinished(() => other.stop());
    await shard.forward(forwards(10));
    const atOne = one.receive().settleEverything();
    await atOne.count(10);
    await other.reached(9);
    await until(() => other.deliveries.waitingCount("dep-b") === 0);
    const again = other.receive({ fromLeafIndex: 4 });
    await again.count(6);
    await atOne.count(16);
    await until(() => [one, other].every(({ deliveries }) => deliveries.waitingCount("dep-b") === 0));
    expect(atOne.leafIndexes().slice(10)).toEqual([4, 5, 6, 7, 8, 9]);
  });
});

describe("the end", () => {
  test("draining ends streams with DRAINING, takes on no other, and keeps what was settled", async () => {
    const shard = await TestShard.create(ground);
    const replica = await startReplica(shard, { publishEveryMs: 10_000_000 });
    await shard.forward(forwards(5));
    const receiver = replica.receive().settleEverything();
    await receiver.count(5);
    await until(() => replica.deliveries.waitingCount("dep-b") === 0);
    const drained = replica.deliveries.drain();
    expect((await receiver.refusal()).reason).toBe("DRAINING");
    expect((await replica.receive().refusal()).reason).toBe("DRAINING");
    await drained;
    await replica.stop();
    const next = await startReplica(shard);
    onTestFinished(() => next.stop());
    expect(next.deliveries.waitingCount("dep-b")).toBe(0);
  });

  test("a server that drains ends them with DRAINING too", async () => {
    const shard = await TestShard.create(ground);
    const replica = await startReplica(shard);
    onTestFinished(() => replica.stop());
    const receiver = replica.receive();
    await until(() => receiver.emptyCount === 1);
    const drained = replica.server.drain(10_000);
    expect((await receiver.refusal()).reason).toBe("DRAINING");
    expect(await drained).toEqual({ forced: false });
  });

  test.each([
    ["DELEGATION_MISSING", () => busError("DELEGATION_MISSING")],
    [
      "SYSTEM_UNKNOWN",
      () => {
        throw busError("SYSTEM_UNKNOWN");
      },
    ],
  ])("a stream ends with %s when its system may not receive for the agency any more", async (reason, refuse) => {
    const shard = await TestShard.create(ground);
    let delegated = true;
    const replica = await startReplica(shard, {
      authorise: () => (delegated ? null : refuse()),
      authoriseEveryMs: 20,
    });
    onTestFinished(() => replica.stop());
    const receiver = replica.receive();
    await until(() => receiver.emptyCount === 1);
    delegated = false;
    expect((await receiver.refusal()).reason).toBe(reason);
  });
});
