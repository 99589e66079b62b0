import { bidiHandler, busError } from "@lienthong/chassis";
import { type Delivery, DeliveryRole, type ReceiveRequest } from "@lienthong/contracts/exchange/v1/delivery_service";
import { describe, expect, it } from "vitest";
import { failureOf, testServers, until } from "./server-fixture.ts";

const start = testServers();
const delivery = (leafIndex: bigint): Delivery => ({
  agency: "a",
  role: DeliveryRole.DELIVERY_ROLE_RECEIVER,
  leafIndex,
  event: new Uint8Array(),
  redelivered: false,
  shard: "",
});

describe("a receiver", () => {
  it("names its subscription, receives, and settles what one tick settled in one message", async () => {
    const seen: ReceiveRequest["what"][] = [];
    const { connection } = await start({
      receive: bidiHandler(async (stream) => {
        for await (const { what } of stream.requests) {
          seen.push(what);
          if (what?.$case !== "start") continue;
          await stream.send({ deliveries: [] });
          await stream.send({ deliveries: [delivery(1n), delivery(2n)] });
        }
      }),
    });
    const received: Delivery[] = [];
    const options = { shard: "s", agencies: ["a"], subscription: "desk", credit: 8, fromLeafIndex: 1n };
    const receiver = connection.delivery.receive(options, (deliveries) => {
      received.push(...deliveries);
      for (const one of deliveries) receiver.settle([one]);
    });
    await receiver.ready;
    await until(() => seen.length === 2);
    expect(seen).toMatchObject([
      { $case: "start", value: options },
      { $case: "settle", value: { deliveries: [{ agency: "a", leafIndex: 1n }, { leafIndex: 2n }] } },
    ]);
    await receiver.close();
    expect(await receiver.ended).toBeNull();
    expect(received.map(({ leafIndex }) => leafIndex)).toEqual([1n, 2n]);
  });

  it("sends what was settled before it closes", async () => {
    const settled: bigint[] = [];
    const { connection } = await start({
      receive: bidiHandler(async (stream) => {
        for await (const { what } of stream.requests) {
          if (what?.$case === "start") await stream.send({ deliveries: [delivery(5n)] });
          if (what?.$case === "settle") settled.push(...what.value.deliveries.map(({ leafIndex }) => leafIndex));
        }
      }),
    });
    const got = Promise.withResolvers<Delivery>();
    const receiver = connection.delivery.receive({ shard: "s", agencies: ["a"] }, ([one]) => got.resolve(one!));
    receiver.settle([await got.promise]);
    await receiver.close();
    expect(settled).toEqual([5n]);
  });

  it("lets what is being handled be settled before it closes", async () => {
    const settled: bigint[] = [];
    const { connection } = await start({
      receive: bidiHandler(async (stream) => {
        for await (const { what } of stream.requests) {
          if (what?.$case === "start") await stream.send({ deliveries: [delivery(6n)] });
          if (what?.$case === "settle") settled.push(...what.value.deliveries.map(({ leafIndex }) => leafIndex));
        }
      }),
    });
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const receiver = connection.delivery.receive({ shard: "s", agencies: ["a"] }, async (deliveries) => {
      begun.resolve();
      await finish.promise;
      receiver.settle(deliveries);
    });
    await begun.promise;
    const closed = receiver.close();
    finish.resolve();
    await closed;
    expect(settled).toEqual([6n]);
  });

  it("is handed no second batch while the first is handled", async () => {
    const { connection } = await start({
      receive: bidiHandler(async (stream) => {
        for (let leaf = 1n; leaf <= 20n; leaf += 1n) await stream.send({ deliveries: [delivery(leaf)] });
        for await (const _ of stream.requests);
      }),
    });
    let active = 0;
    const order: bigint[] = [];
    const receiver = connection.delivery.receive({ shard: "s", agencies: ["a"] }, async (deliveries) => {
      active += 1;
      expect(active).toBe(1);
      await new Promise((resume) => setImmediate(resume));
      order.push(...deliveries.map(({ leafIndex }) => leafIndex));
      active -= 1;
    });
    await until(() => order.length === 20);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => BigInt(index + 1)));
    await receiver.close();
  });

  it("ends with what its handler threw", async () => {
    const { connection } = await start({
      receive: bidiHandler(async (stream) => {
        await stream.send({ deliveries: [delivery(1n)] });
        for await (const _ of stream.requests);
      }),
    });
    const fault = new Error("the disk is full");
    const receiver = connection.delivery.receive({ shard: "s", agencies: ["a"] }, () => {
      throw fault;
    });
    expect(await receiver.ended).toBe(fault);
  });

  it("ends with the bus's reason, before and after it stood", async () => {
    const { connection } = await start({
      receive: bidiHandler(async (stream) => {
        for await (const { what } of stream.requests) {
          if (what?.$case !== "start") continue;
          if (what.value.shard === "late") await stream.send({ deliveries: [] });
          throw busError("DELEGATION_MISSING");
        }
      }),
    });
    const early = connection.delivery.receive({ shard: "early", agencies: ["a"] }, () => {});
    expect(await failureOf(early.ready)).toMatchObject({ reason: "DELEGATION_MISSING" });
    const late = connection.delivery.receive({ shard: "late", agencies: ["a"] }, () => {});
    await late.ready;
    expect(await late.ended).toMatchObject({ reason: "DELEGATION_MISSING" });
  });

  it("ends when the server is gone", async () => {
    const { connection, stop } = await start({
      receive: bidiHandler(async (stream) => {
        await stream.send({ deliveries: [] });
        for await (const _ of stream.requests);
      }),
    });
    const receiver = connection.delivery.receive({ shard: "s", agencies: ["a"] }, () => {});
    await receiver.ready;
    stop();
    expect(await receiver.ended).toMatchObject({ name: "BusCallError", retry: "retry" });
  });
});
