import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import { readEvent } from "@lienthong/statement";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { DeliveryOptions, FirstSettledNotice } from "../src/index.ts";
import { dossierCode, type Ground, prepareGround, type Replica, startReplica, TestShard, until } from "./harness.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround();
}, 60_000);
afterAll(() => ground.stop());

async function newReplica(options: Partial<DeliveryOptions> = {}): Promise<{ shard: TestShard; replica: Replica }> {
  const shard = await TestShard.create(ground);
  const replica = await startReplica(shard, options);
  onTestFinished(() => replica.stop());
  return { shard, replica };
}

const forwards = (count: number, dossierOf = (index: number) => index) =>
  Array.from({ length: count }, (_, index) => ({ to: "dep-b", dossier: dossierCode(dossierOf(index)) }));

describe("what is handed out", () => {
  test("an event goes to its receiver, its copies and, once answered, to its sender, under their roles and with the stored bytes", async () => {
    const { shard, replica } = await newReplica();
    await shard.append([shard.openEvent("ward-a", dossierCode(1))]);
    const [forward] = await shard.forward([{ to: "dep-b", dossier: dossierCode(1), copies: ["ward-c"] }]);
    const receiver = replica.receive({ agencies: ["dep-b", "ward-a", "ward-c"] });
    await receiver.count(2);
    await shard.append([shard.acknowledgeEvent("dep-b", dossierCode(1), forward!.hash)]);
    await receiver.count(3);
    const seen = receiver.deliveries.map(({ agency, role, leafIndex, redelivered }) => ({
      agency,
      role,
      leafIndex,
      redelivered,
    }));
    expect(seen).toEqual([
      { agency: "dep-b", role: DeliveryRole.DELIVERY_ROLE_RECEIVER, leafIndex: 1n, redelivered: false },
      { agency: "ward-c", role: DeliveryRole.DELIVERY_ROLE_COPY, leafIndex: 1n, redelivered: false },
      { agency: "ward-a", role: DeliveryRole.DELIVERY_ROLE_SENDER, leafIndex: 2n, redelivered: false },
    ]);
    expect(readEvent(receiver.deliveries[2]!.event).dossier).toBe(dossierCode(1));
    expect(replica.deliveries.waitingCount("dep-b")).toBe(1);
  });

  test("a subscription that stands while nothing waits says so once, and is given what comes later", async () => {
    const { shard, replica } = await newReplica();
    const receiver = replica.receive();
    await until(() => receiver.emptyCount === 1);
    await shard.forward(forwards(3));
    await receiver.count(3);
    expect(receiver.emptyCount).toBe(1);
  });

  test("what fills many messages arrives whole and in order, read again from the stream where memory has let it go", async () => {
    const { shard, replica } = await newReplica({ recentBytesMax: 10_000 });
    const receiver = replica.receive({ credit: 200 }).settleEverything();
    await until(() => receiver.emptyCount === 1);
    await shard.forward(forwards(2_500));
    await receiver.count(2_500);
    expect(receiver.leafIndexes()).toEqual(Array.from({ length: 2_500 }, (_, index) => index));
    await until(() => replica.deliveries.waitingCount("dep-b") === 0);
  });
});

describe("settling and credit", () => {
  test("no more is under way than the credit, and settling gives it back", async () => {
    const { shard, replica } = await newReplica();
    await shard.forward(forwards(300));
    const receiver = replica.receive({ credit: 7 });
    let settled = 0;
    let mostUnderWay = 0;
    receiver.onDeliveries = (deliveries) => {
      mostUnderWay = Math.max(mostUnderWay, receiver.deliveries.length - settled);
      settled += deliveries.length;
      receiver.settle(deliveries);
    };
    await receiver.count(300);
    expect(mostUnderWay).toBeLessThanOrEqual(7);
  });

  test("granted credit is used", async () => {
    const { shard, replica } = await newReplica();
    await shard.forward(forwards(10));
    const receiver = replica.receive({ credit: 2 });
    await receiver.count(2);
    receiver.write({ $case: "credit", value: { additional: 5 } });
    await receiver.count(7);
    receiver.settle([{ leafIndex: 0 }]);
    await receiver.count(8);
    expect(receiver.leafIndexes()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("settling twice, and settling what was handed out before a reconnect, is no error", async () => {
    const { shard, replica } = await newReplica();
    await shard.forward(forwards(4));
    const first = replica.receive({ credit: 4 });
    await first.count(4);
    first.cancel();
    const second = replica.receive({ credit: 1 });
    second.settle([{ leafIndex: 3 }, { leafIndex: 1 }, { leafIndex: 3 }]);
    second.settle([{ leafIndex: 1 }]);
    await until(() => replica.deliveries.waitingCount("dep-b") === 2);
    second.settle([{ leafIndex: 0 }, { leafIndex: 2 }]);
    await until(() => replica.deliveries.waitingCount("dep-b") === 0);
    expect(second.error).toBeNull();
  });

  test("the first settlement of a handoff is told once for each branch of the receiver, whoever settles it again", async () => {
    const notices: FirstSettledNotice[] = [];
    const { shard, replica } = await newReplica({ onFirstSettled: (notice) => void notices.push(notice) });
    const [forward] = await shard.forward([{ to: ["dep-b", "dep-b", "dep-c"], dossier: dossierCode(1) }]);
    const main = replica.receive().settleEverything();
    await main.count(1);
    const archive = replica.receive({ subscription: "archive", system: "other" }).settleEverything();
    await archive.count(1);
    await until(() => replica.deliveries.waitingCount("dep-b", "archive") === 0);
    expect(notices.toSorted((a, b) => a.branch.localeCompare(b.branch))).toEqual(
      ["0.1", "0.2"].map((branch) => ({
        dossier: dossierCode(1),
        forward: forward!.hash,
        branch,
        receiver: "dep-b",
        system: notices[0]!.system,
        subscription: notices[0]!.subscription,
      })),
    );
  });

  test("a settlement that could not be recorded is told again until it can", async () => {
    let attempts = 0;
    const { shard, replica } = await newReplica({
      onFirstSettled() {
        attempts += 1;
        if (attempts < 3) throw new Error("the store does not answer");
      },
    });
    await shard.forward(forwards(1));
    await replica.receive().settleEverything().count(1);
    await until(() => attempts === 3);
  });
});

describe("order and sharing", () => {
  test("connections of one name share the work, and no dossier is with two of them at a time or out of order", async () => {
    const { shard, replica } = await newReplica();
    const last = new Map<string, number>();
    const underWay = new Map<string, number>();
    const faults: string[] = [];
    const receivers = [0, 1, 2].map((me) => {
      const receiver = replica.receive({ credit: 20 });
      receiver.onDeliveries = (deliveries) => {
        for (const { event, leafIndex } of deliveries) {
          const dossier = readEvent(event).dossier as string;
          if ((last.get(dossier) ?? -1) >= Number(leafIndex)) faults.push(`${dossier} out of order`);
          if ((underWay.get(dossier) ?? me) !== me) faults.push(`${dossier} with two`);
          last.set(dossier, Number(leafIndex));
          underWay.set(dossier, me);
        }
        setImmediate(() => {
          for (const { event } of deliveries) underWay.delete(readEvent(event).dossier as string);
          if (deliveries.length > 0) receiver.settle(deliveries);
        });
      };
      return receiver;
    });
    await until(() => receivers.every((receiver) => receiver.emptyCount === 1));
    await shard.forward(forwards(1_500, (index) => index % 40));
    await until(() => replica.deliveries.waitingCount("dep-b") === 0);
    expect(faults).toEqual([]);
    expect(receivers.reduce((sum, receiver) => sum + receiver.deliveries.length, 0)).toBe(1_500);
    for (const receiver of receivers) expect(receiver.deliveries.length).toBeGreaterThan(100);
  });

  test("each name is given everything, a new one from the beginning of the shard or from where it asks", async () => {
    const { shard, replica } = await newReplica();
    await shard.forward(forwards(20));
    await replica.receive().settleEverything().count(20);
    const all = replica.receive({ subscription: "archive" });
    await all.count(20);
    const late = replica.receive({ subscription: "late", fromLeafIndex: 15 });
    await late.count(5);
    await shard.forward([{ to: "dep-b", dossier: dossierCode(99) }]);
    await Promise.all([all.count(21), late.count(6)]);
    expect(late.leafIndexes()).toEqual([15, 16, 17, 18, 19, 20]);
    expect(replica.deliveries.waitingCount("dep-b", "archive")).toBe(21);
    expect(replica.deliveries.waitingCount("dep-b", "late")).toBe(6);
  });

  test("from_leaf_index hands out again what was settled, marked as redelivered", async () => {
    const { shard, replica } = await newReplica();
    await shard.forward(forwards(10));
    const first = replica.receive().settleEverything();
    await first.count(10);
    await until(() => replica.deliveries.waitingCount("dep-b") === 0);
    const again = replica.receive({ fromLeafIndex: 6 });
    await until(() => first.deliveries.length + again.deliveries.length === 14);
    const repeated = [...first.deliveries.slice(10), ...again.deliveries];
    expect(repeated.map(({ leafIndex }) => Number(leafIndex)).toSorted((a, b) => a - b)).toEqual([6, 7, 8, 9]);
    expect(repeated.every(({ redelivered }) => redelivered)).toBe(true);
  });

  test("what one connection does not settle in time goes out again, in order, to whoever has credit", async () => {
    const { shard, replica } = await newReplica({ ackWaitMs: 60 });
    await shard.forward(forwards(3, () => 1));
    const silent = replica.receive({ credit: 3 });
    await silent.count(3);
    await silent.count(6);
    expect(silent.leafIndexes().slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2]);
    expect(silent.deliveries.slice(0, 6).map(({ redelivered }) => redelivered)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    silent.cancel();
    const diligent = replica.receive().settleEverything();
    await until(() => replica.deliveries.waitingCount("dep-b") === 0);
    expect(diligent.leafIndexes().slice(0, 3)).toEqual([0, 1, 2]);
  });

  test("when a connection ends, what it had goes to the others at once, marked as redelivered", async () => {
    const { shard, replica } = await newReplica();
    const leaving = replica.receive({ credit: 50 });
    const staying = replica.receive({ credit: 500 });
    await until(() => leaving.emptyCount + staying.emptyCount === 2);
    await shard.forward(forwards(100));
    await until(() => leaving.deliveries.length + staying.deliveries.length === 100);
    expect(leaving.deliveries.length).toBeGreaterThan(0);
    leaving.cancel();
    await staying.count(100);
    const had = new Set(leaving.leafIndexes());
    for (const { leafIndex, redelivered } of staying.deliveries) expect(redelivered).toBe(had.has(Number(leafIndex)));
  });
});

describe("callers that do not keep up", () => {
  test("a caller that never reads and one that never settles hold nobody else up, and lose nothing", async () => {
    const { shard, replica } = await newReplica();
    const deaf = replica.receive({ credit: 10_000, subscription: "deaf" });
    deaf.stopReading();
    const idle = replica.receive({ credit: 10, subscription: "idle" });
    const diligent = replica.receive({ credit: 1_000 }).settleEverything();
    await until(() => idle.emptyCount === 1 && diligent.emptyCount === 1);
    for (let round = 0; round < 8; round++) {
      await shard.forward(
        Array.from({ length: 1_500 }, (_, index) => ({
          to: "dep-b",
          dossier: dossierCode(round * 1_500 + index),
          weight: 900,
        })),
      );
    }
    await diligent.count(12_000);
    await until(() => replica.deliveries.waitingCount("dep-b") === 0);
    expect(idle.deliveries.length).toBe(10);
    expect(replica.deliveries.waitingCount("dep-b", "deaf")).toBe(12_000);
    deaf.readAgain();
    await deaf.count(10_000);
    expect(deaf.leafIndexes().slice(0, 10_000)).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  }, 60_000);
});
