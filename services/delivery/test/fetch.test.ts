import { busError } from "@lienthong/chassis";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import { readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
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
const leaves = (deliveries: readonly Delivery[]) => deliveries.map(({ leafIndex }) => Number(leafIndex));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe("a page", () => {
  test("holds what waits, in order and as it is in the stream; once settled, the next one follows", async () => {
    const { shard, replica } = await newReplica();
    const appended = await shard.forward(forwards(250));
    await replica.reached(249);
    const first = await replica.fetch();
    expect(leaves(first.deliveries)).toEqual(range(0, 100));
    expect(first.unsettledCount).toBe(250n);
    for (const { agency, event, leafIndex, redelivered } of first.deliveries) {
      expect({ agency, redelivered }).toEqual({ agency: "dep-b", redelivered: false });
      expect(Buffer.from(leafHash(event))).toEqual(Buffer.from(appended[Number(leafIndex)]!.hash));
    }
    await replica.settle(leaves(first.deliveries));
    const second = await replica.fetch({ pageSize: 1_000 });
    expect(leaves(second.deliveries)).toEqual(range(100, 250));
    expect(second.unsettledCount).toBe(150n);
    await replica.settle(leaves(second.deliveries));
    await replica.settle(leaves(second.deliveries));
    expect(await replica.fetch()).toMatchObject({ deliveries: [], unsettledCount: 0n });
  });

  test("has no more of a dossier than its first call was given, until that is settled", async () => {
    const { shard, replica } = await newReplica();
    await shard.forward(forwards(6, (index) => index % 2));
    await replica.reached(5);
    expect(leaves((await replica.fetch({ pageSize: 1 })).deliveries)).toEqual([0]);
    expect(leaves((await replica.fetch()).deliveries)).toEqual([1, 3, 5]);
    expect(leaves((await replica.fetch()).deliveries)).toEqual([]);
    await replica.settle([0]);
    expect(leaves((await replica.fetch()).deliveries)).toEqual([2, 4]);
  });

  test("that nobody settles in time comes again, in order and marked as redelivered", async () => {
    const { shard, replica } = await newReplica({ ackWaitMs: 80 });
    await shard.forward(forwards(3, () => 1));
    await replica.reached(2);
    expect(leaves((await replica.fetch()).deliveries)).toEqual([0, 1, 2]);
    const { deliveries } = await replica.fetch({ waitMs: 20_000 });
    expect(leaves(deliveries)).toEqual([0, 1, 2]);
    expect(deliveries.every(({ redelivered }) => redelivered)).toBe(true);
  });

  test("takes the oldest first over all agencies asked for", async () => {
    const { shard, replica } = await newReplica();
    const to = (agency: string, number: number) => ({ to: agency, dossier: dossierCode(number) });
    await shard.forward([to("dep-b", 1), to("dep-c", 2), to("dep-b", 3), to("dep-d", 4), to("dep-c", 5)]);
    await replica.reached(4);
    const page = await replica.fetch({ agencies: ["dep-c", "dep-b"], pageSize: 3 });
    expect(page.deliveries.map(({ agency, leafIndex }) => [agency, Number(leafIndex)])).toEqual([
      ["dep-b", 0],
      ["dep-c", 1],
      ["dep-b", 2],
    ]);
    expect(page.unsettledCount).toBe(4n);
  });

  test("weighs no more than a client takes, whether its events are in memory or read from the stream", async () => {
    const { shard, replica } = await newReplica();
    await shard.forward(range(0, 120).map((number) => ({ to: "dep-b", dossier: dossierCode(number), weight: 50_000 })));
    await replica.reached(119);
    for (let next = 0; next < 120; ) {
      const { deliveries } = await replica.fetch({ pageSize: 1_000 });
      const bytes = deliveries.reduce((sum, { event }) => sum + event.length, 0);
      expect(bytes).toBeLessThanOrEqual(2 * 1024 * 1024);
      expect(leaves(deliveries)).toEqual(range(next, next + deliveries.length));
      expect(deliveries.length).toBeGreaterThanOrEqual(Math.min(40, 120 - next));
      next += deliveries.length;
      await replica.settle(leaves(deliveries));
    }
  });
});

describe("waiting", () => {
  test("a call that waits is answered as soon as something comes", async () => {
    const { shard, replica } = await newReplica();
    const page = replica.fetch({ waitMs: 20_000 });
    await shard.forward(forwards(1));
    expect(leaves((await page).deliveries)).toEqual([0]);
  });

  test("a call for which nothing comes is answered with nothing, and before the caller's deadline", async () => {
    const { replica } = await newReplica();
    expect((await replica.fetch({ waitMs: 50 })).deliveries).toEqual([]);
    expect((await replica.fetch({ waitMs: 20_000 }, { deadlineMs: 600 })).deliveries).toEqual([]);
  });

  test("what a caller that left would have been given goes to the next one at once", async () => {
    const { shard, replica } = await newReplica();
    const leaving = new AbortController();
    const left = replica.fetch({ waitMs: 20_000 }, { signal: leaving.signal });
    await new Promise((resume) => setTimeout(resume, 50));
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 1 });
    await shard.forward(forwards(3));
    expect(leaves((await replica.fetch({ waitMs: 20_000 })).deliveries)).toContain(0);
  });

  test("a call that waits is told when the exchange drains", async () => {
    const shard = await TestShard.create(ground);
    const replica = await startReplica(shard);
    const page = replica.fetch({ waitMs: 20_000 }).catch((refusal: unknown) => refusal);
    await replica.fetch();
    await replica.deliveries.drain();
    expect(await page).toMatchObject({ reason: "DRAINING", retry: "retry-after" });
    expect(await replica.fetch().catch((refusal: unknown) => refusal)).toMatchObject({ reason: "DRAINING" });
    await replica.stop();
  });
});

describe("one subscription", () => {
  test("a receiver that lost its disk fetches everything since, under the same identities", async () => {
    const { shard, replica } = await newReplica();
    await shard.forward(forwards(30));
    await replica.reached(29);
    const before = await replica.fetch();
    await replica.settle(leaves(before.deliveries));
    const again = await replica.fetch({ fromLeafIndex: 12n, pageSize: 10 });
    expect(leaves(again.deliveries)).toEqual(range(12, 22));
    expect(again.deliveries.every(({ redelivered }) => redelivered)).toBe(true);
    for (const { leafIndex, event } of again.deliveries) {
      expect(Buffer.from(event)).toEqual(Buffer.from(before.deliveries[Number(leafIndex)]!.event));
    }
    await replica.settle(leaves(again.deliveries));
    expect(leaves((await replica.fetch()).deliveries)).toEqual(range(22, 30));
  });

  test("streams and plain calls share it: each event goes to one of them, each dossier in order", async () => {
    const { shard, replica } = await newReplica();
    const seen: number[] = [];
    const last = new Map<string, number>();
    const faults: string[] = [];
    const note = (deliveries: readonly Delivery[]) => {
      for (const { event, leafIndex } of deliveries) {
        const dossier = readEvent(event).dossier as string;
        if ((last.get(dossier) ?? -1) >= Number(leafIndex)) faults.push(`${dossier} at ${leafIndex}`);
        last.set(dossier, Number(leafIndex));
        seen.push(Number(leafIndex));
      }
    };
    const stream = replica.receive({ credit: 20 });
    let streamed = 0;
    stream.onDeliveries = (deliveries) => {
      note(deliveries);
      streamed += deliveries.length;
      setImmediate(() => {
        if (deliveries.length > 0) stream.settle(deliveries);
      });
    };
    await until(() => stream.emptyCount === 1);
    let fetched = 0;
    let done = false;
    const fetchers = [1, 2].map(async () => {
      while (!done) {
        const { deliveries } = await replica.fetch({ pageSize: 20, waitMs: 100 });
        note(deliveries);
        fetched += deliveries.length;
        if (deliveries.length > 0) await replica.settle(leaves(deliveries));
      }
    });
    for (let round = 0; round < 10; round++) await shard.forward(forwards(120, (index) => index % 40));
    // Nothing waits at a replica that has not heard of the last events yet, either.
    await replica.reached(1_199);
    await until(() => replica.deliveries.waitingCount("dep-b") === 0);
    done = true;
    await Promise.all(fetchers);
    expect(faults).toEqual([]);
    expect(seen.toSorted((a, b) => a - b)).toEqual(range(0, 1_200));
    expect(streamed).toBeGreaterThan(0);
    expect(fetched).toBeGreaterThan(0);
  });

  test("what a stream was given may be settled by a plain call, which gives its credit back", async () => {
    const { shard, replica } = await newReplica();
    const stream = replica.receive({ credit: 2 });
    await shard.forward(forwards(4));
    await stream.count(2);
    await replica.settle([0, 1]);
    await stream.count(4);
    expect(stream.leafIndexes()).toEqual([0, 1, 2, 3]);
  });

  test("a page may be settled at another replica, which has not heard of the name yet", async () => {
    const { shard, replica } = await newReplica();
    const other = await startReplica(shard);
    onTestFinished(() => other.stop());
    await shard.forward(forwards(5));
    await Promise.all([replica.reached(4), other.reached(4)]);
    const page = await replica.fetch({ subscription: "desk" });
    await other.settle(leaves(page.deliveries), { subscription: "desk" });
    await until(() => replica.deliveries.waitingCount("dep-b", "desk") === 0);
    expect((await replica.fetch({ subscription: "desk" })).deliveries).toEqual([]);
    expect((await replica.fetch({ subscription: "archive" })).deliveries).toHaveLength(5);
  });

  test("the first settlement of a handoff is told when a plain call settles it, too", async () => {
    const notices: FirstSettledNotice[] = [];
    const { shard, replica } = await newReplica({ onFirstSettled: (notice) => void notices.push(notice) });
    const [forward] = await shard.forward(forwards(1));
    await replica.reached(0);
    await replica.fetch({ subscription: "desk" });
    await replica.settle([0], { subscription: "desk" }, { system: "other" });
    await replica.settle([0], { subscription: "desk" });
    const { system, forward: told, receiver, subscription } = notices[0]!;
    expect({ system, receiver, subscription }).toEqual({ system: "other", receiver: "dep-b", subscription: "desk" });
    expect(Buffer.from(told)).toEqual(Buffer.from(forward!.hash));
    expect(notices).toHaveLength(1);
  });

  test("a caller that fetches and never settles has at most 10,000 under way, and keeps nothing from another name", async () => {
    const { shard, replica } = await newReplica({ ackWaitMs: 600_000 });
    for (let round = 0; round < 6; round++) await shard.forward(forwards(2_000, (index) => round * 2_000 + index));
    await replica.reached(11_999);
    let underWay = 0;
    for (;;) {
      const { deliveries } = await replica.fetch({ pageSize: 1_000 });
      if (deliveries.length === 0) break;
      underWay += deliveries.length;
    }
    expect(underWay).toBe(10_000);
    await replica.settle([0]);
    expect(leaves((await replica.fetch()).deliveries)).toEqual([10_000]);
    expect((await replica.fetch({ subscription: "other", pageSize: 1_000 })).deliveries).toHaveLength(1_000);
  }, 60_000);
});

describe("refusals", () => {
  let shard: TestShard;
  let replica: Replica;
  beforeAll(async () => {
    shard = await TestShard.create(ground);
    replica = await startReplica(shard, {
      authorise: (_, agency) => (agency === "foreign" ? busError("DELEGATION_MISSING", { agency }) : null),
    });
    await shard.forward([
      { to: "dep-b", dossier: dossierCode(1) },
      { to: "dep-c", dossier: dossierCode(2) },
    ]);
    await replica.reached(1);
  });
  afterAll(() => replica.stop());

  const settled = (agency: string, leafIndex: bigint, shard = "") => [
    { agency: "dep-b", leafIndex: 0n, shard: "" },
    { agency, leafIndex, shard },
  ];
  const beyond = BigInt(Number.MAX_SAFE_INTEGER);
  const cases: [string, () => Promise<unknown>, string, string][] = [
    ["no shard", () => replica.fetch({ shard: "" }), "FIELD_MISSING", "shard"],
    ["another shard", () => replica.fetch({ shard: "elsewhere" }), "SHARD_UNKNOWN", "shard"],
    ["no agency", () => replica.fetch({ agencies: [] }), "FIELD_MISSING", "agencies"],
    ["no agency id", () => replica.fetch({ agencies: ["dep-b", "Dep"] }), "FIELD_INVALID", "agencies[1]"],
    ["an agency twice", () => replica.fetch({ agencies: ["dep-b", "dep-b"] }), "FIELD_INVALID", "agencies[1]"],
    ["not delegated", () => replica.fetch({ agencies: ["dep-b", "foreign"] }), "DELEGATION_MISSING", "agencies[1]"],
    ["no name", () => replica.fetch({ subscription: "Main" }), "FIELD_INVALID", "subscription"],
    ["a page too large", () => replica.fetch({ pageSize: 1_001 }), "FIELD_INVALID", "page_size"],
    ["a wait too long", () => replica.fetch({ waitMs: 20_001 }), "FIELD_INVALID", "wait_ms"],
    ["no index", () => replica.fetch({ fromLeafIndex: beyond }), "FIELD_INVALID", "from_leaf_index"],
    ["no shard to settle in", () => replica.settle([0], { shard: "" }), "FIELD_MISSING", "shard"],
    ["another shard to settle in", () => replica.settle([0], { shard: "elsewhere" }), "SHARD_UNKNOWN", "shard"],
    ["no name to settle in", () => replica.settle([0], { subscription: "-" }), "FIELD_INVALID", "subscription"],
    ["nothing to settle", () => replica.settle([]), "FIELD_MISSING", "deliveries"],
    ["too much to settle", () => replica.settle(range(0, 10_001)), "FIELD_INVALID", "deliveries"],
    [
      "an agency id of a delivery",
      () => replica.settle([], { deliveries: settled("Dep", 1n) }),
      "FIELD_INVALID",
      "deliveries[1].agency",
    ],
    [
      "a delivery of an agency not delegated",
      () => replica.settle([], { deliveries: settled("foreign", 1n) }),
      "DELEGATION_MISSING",
      "deliveries[1].agency",
    ],
    [
      "an event of another agency",
      () => replica.settle([], { deliveries: settled("dep-b", 1n) }),
      "FIELD_INVALID",
      "deliveries[1]",
    ],
    [
      "an index beyond the log",
      () => replica.settle([], { deliveries: settled("dep-c", 7n) }),
      "FIELD_INVALID",
      "deliveries[1]",
    ],
    [
      "a delivery of another shard",
      () => replica.settle([], { deliveries: settled("dep-b", 0n, "elsewhere") }),
      "SHARD_UNKNOWN",
      "deliveries[1].shard",
    ],
    ["no index of a log", () => replica.settle([beyond]), "FIELD_INVALID", "deliveries[0]"],
  ];
  test.each(cases)("%s", async (_, call, reason, field) => {
    const refusal = await call().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ reason, metadata: { field } });
  });

  test("a name beyond the 32 that an agency may have is refused by both", async () => {
    for (let number = 0; number < 32; number++) {
      await replica.fetch({ agencies: ["dep-many"], subscription: `name-${number}` });
    }
    const more = { agencies: ["dep-many"], subscription: "one-more" };
    const refused = { reason: "FIELD_INVALID", metadata: { field: "subscription" } };
    await expect(replica.fetch(more)).rejects.toMatchObject(refused);
    const deliveries = [{ agency: "dep-many", leafIndex: 0n, shard: "" }];
    await expect(replica.settle([], { subscription: "one-more", deliveries })).rejects.toMatchObject(refused);
  });
});
