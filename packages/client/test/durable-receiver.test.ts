import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BidiStream, bidiHandler, busError } from "@lienthong/chassis";
import {
  type Delivery,
  DeliveryRole,
  type ReceiveRequest,
  type ReceiveResponse,
  type ReceiveStart,
} from "@lienthong/contracts/exchange/v1/delivery_service";
import { leafHash } from "@lienthong/tlog";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type DurableReceiveOptions,
  type DurableReceiver,
  type HandledDelivery,
  type ReceiveTrouble,
  receiveDurably,
} from "../src/index.ts";
import { eventOf, statementOf } from "./accepting-exchange.ts";
import { failureOf, testServers, until } from "./server-fixture.ts";

const startServer = testServers();

/** A delivery service that hands out what a test says, and remembers what it is told. */
class HandingOut {
  readonly starts: ReceiveStart[] = [];
  readonly settled: bigint[] = [];
  refusal: Error | null = null;
  #stream: BidiStream<ReceiveRequest, ReceiveResponse> | null = null;
  #end: (error: Error) => void = () => {};

  readonly receive = bidiHandler<ReceiveRequest, ReceiveResponse>(async (stream) => {
    const ended = new Promise<never>((_, reject) => {
      this.#end = reject;
    });
    ended.catch(() => {});
    const reading = (async () => {
      for await (const { what } of stream.requests) {
        if (what?.$case === "start") {
          this.starts.push(what.value);
          if (this.refusal !== null) throw this.refusal;
          await stream.send({ deliveries: [] });
          this.#stream = stream;
        } else if (what?.$case === "settle") {
          this.settled.push(...what.value.deliveries.map(({ leafIndex }) => leafIndex));
        }
      }
    })();
    await Promise.race([reading, ended]);
  });

  async handOut(...deliveries: Delivery[]): Promise<void> {
    await until(() => this.#stream !== null);
    await this.#stream!.send({ deliveries });
  }

  breakOff(): void {
    this.#stream = null;
    this.#end(busError("DRAINING", {}, { retryAfterMs: 1 }));
  }
}

function deliveryOf(dossier: number, leafIndex: number): Delivery {
  const event = eventOf(statementOf(`H26-250505-${dossier}`).envelope, leafIndex + 1);
  return {
    agency: "ward-a",
    role: DeliveryRole.DELIVERY_ROLE_RECEIVER,
    leafIndex: BigInt(leafIndex),
    event,
    redelivered: false,
    shard: "",
  };
}

const shared = { folder: "" };

async function newDesk() {
  const bus = new HandingOut();
  const { connection, stop } = await startServer({ receive: bus.receive });
  shared.folder = mkdtempSync(join(tmpdir(), "lienthong-inbox-"));
  const { folder } = shared;
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const troubles: ReceiveTrouble[] = [];
  const open = (handler: DurableReceiveOptions["handler"], options: Partial<DurableReceiveOptions> = {}) => {
    const receiver: DurableReceiver = receiveDurably({
      directory: folder,
      connection,
      shard: "hanoi-test",
      agencies: ["ward-a"],
      handler,
      firstBackoffMs: 4,
      backoffMsMax: 20,
      onTrouble: (trouble) => troubles.push(trouble),
      ...options,
    });
    onTestFinished(() => receiver.close({ withinMs: 0 }));
    return receiver;
  };
  return { bus, open, troubles, stop };
}

const leafOf = ({ leafIndex }: { leafIndex: bigint }) => Number(leafIndex);

describe("receiving durably", () => {
  it("hands a delivery over with its event and hash, and settles it when the handler is done, not before", async () => {
    const { bus, open } = await newDesk();
    const done = Promise.withResolvers<void>();
    const seen: HandledDelivery[] = [];
    const receiver = open((delivery) => {
      seen.push(delivery);
      return done.promise;
    });
    await receiver.ready;
    const delivery = deliveryOf(1001, 4);
    await bus.handOut(delivery);
    await until(() => seen.length === 1);
    expect(bus.settled).toEqual([]);
    expect(seen[0]).toMatchObject({ agency: "ward-a", leafIndex: 4n, dossier: "H26-250505-1001", failures: 0 });
    expect(seen[0]!.hash).toEqual(leafHash(delivery.event));
    expect(receiver.position("ward-a")).toBeNull();
    done.resolve();
    await until(() => bus.settled.length === 1);
    expect(receiver.position("ward-a")).toBe(4n);
  });

  it("comes back under the same subscription when the stream breaks", async () => {
    const { bus, open, troubles } = await newDesk();
    const seen: number[] = [];
    const receiver = open((delivery) => void seen.push(leafOf(delivery)), { subscription: "desk", credit: 7 });
    await receiver.ready;
    for (let leaf = 0; leaf < 4; leaf++) {
      await bus.handOut(deliveryOf(1001, leaf));
      await until(() => bus.settled.length === leaf + 1);
      bus.breakOff();
    }
    await until(() => bus.starts.length === 5);
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(troubles.length).toBe(4);
    expect(new Set(bus.starts.map(({ subscription, credit }) => `${subscription} ${credit}`))).toEqual(
      new Set(["desk 7"]),
    );
  });

  it("settles a redelivery without calling the handler again, also after a restart", async () => {
    const { bus, open } = await newDesk();
    const seen: number[] = [];
    const first = open((delivery) => void seen.push(leafOf(delivery)));
    const delivery = deliveryOf(1001, 4);
    await bus.handOut(delivery, delivery);
    await until(() => bus.settled.length >= 1);
    await bus.handOut(delivery);
    await until(() => bus.settled.length >= 2);
    await first.close();
    open((again) => void seen.push(leafOf(again)));
    const settled = bus.settled.length;
    await until(() => bus.starts.length === 2);
    await bus.handOut(delivery, deliveryOf(1001, 5));
    await until(() => bus.settled.length === settled + 2);
    expect(seen).toEqual([4, 5]);
  });

  it("calls the handler for one dossier in order and one at a time, for others meanwhile, and as often as it fails", async () => {
    const { bus, open } = await newDesk();
    const calls: string[] = [];
    const running = new Map<string, number>();
    let most = 0;
    const receiver = open(
      async ({ dossier, leafIndex, failures }) => {
        const key = dossier.slice(-4);
        running.set(key, (running.get(key) ?? 0) + 1);
        expect(running.get(key)).toBe(1);
        most = Math.max(most, [...running.values()].filter((count) => count > 0).length);
        calls.push(`${key} ${leafIndex} ${failures}`);
        await new Promise((resume) => setTimeout(resume, 2));
        running.set(key, 0);
        if (key === "1001" && leafIndex === 3n && failures < 3) throw new Error("not yet");
      },
      { handlersMax: 3 },
    );
    await receiver.ready;
    const dossiers = [1001, 1002, 1003, 1001, 1002, 1003, 1004, 1001, 1005, 1001];
    await bus.handOut(...dossiers.map((dossier, leaf) => deliveryOf(dossier, leaf)));
    await until(() => bus.settled.length === dossiers.length);
    expect(calls.filter((call) => call.startsWith("1001"))).toEqual([
      "1001 0 0",
      "1001 3 0",
      "1001 3 1",
      "1001 3 2",
      "1001 3 3",
      "1001 7 0",
      "1001 9 0",
    ]);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
  });

  it("parks a delivery that always fails, with what follows of its dossier, and hands both over when tried again", async () => {
    const { bus, open, troubles } = await newDesk();
    let broken = true;
    const seen: number[] = [];
    const handler = ({ leafIndex, dossier }: HandledDelivery) => {
      if (broken && dossier.endsWith("1001")) throw new Error("no such desk");
      seen.push(Number(leafIndex));
    };
    const first = open(handler, { failuresMax: 3 });
    await bus.handOut(deliveryOf(1001, 0), deliveryOf(1002, 1), deliveryOf(1001, 2));
    await until(() => bus.settled.length === 3);
    expect(seen).toEqual([1]);
    expect(first.parked()).toMatchObject([
      { leafIndex: 0n, failures: 3, error: "no such desk", dossier: "H26-250505-1001" },
      { leafIndex: 2n, failures: 0, error: null },
    ]);
    expect(troubles.at(-1)).toMatchObject({ delivery: { leafIndex: 0n }, retryInMs: null });
    await first.close();

    const again = open(handler, { failuresMax: 3 });
    await until(() => bus.starts.length === 2);
    await bus.handOut(deliveryOf(1001, 3), deliveryOf(1001, 0));
    await until(() => bus.settled.length === 5);
    expect(await again.tryAgain()).toEqual({ handled: 0, parked: 3 });
    expect(again.parked()[0]).toMatchObject({ leafIndex: 0n, failures: 4 });
    broken = false;
    expect(await again.tryAgain("H26-250505-1001")).toEqual({ handled: 3, parked: 0 });
    expect(seen).toEqual([1, 0, 2, 3]);
    await bus.handOut(deliveryOf(1001, 4));
    await until(() => seen.length === 5);
  });

  it("parks no more than its bound: when everything fails, everything waits", async () => {
    const { bus, open } = await newDesk();
    let broken = true;
    const handler = () => {
      if (broken) throw new Error("the database is down");
    };
    const receiver = open(handler, { failuresMax: 1, parkedMax: 2 });
    await bus.handOut(...Array.from({ length: 6 }, (_, leaf) => deliveryOf(1001 + leaf, leaf)));
    await until(() => bus.settled.length === 2);
    await new Promise((resume) => setTimeout(resume, 30));
    expect(receiver.parked()).toHaveLength(2);
    broken = false;
    await until(() => bus.settled.length === 6);
    expect(await receiver.tryAgain()).toEqual({ handled: 2, parked: 0 });
  });

  it("takes a handler that does not come back for one that failed, and tells it to stop", async () => {
    const { bus, open } = await newDesk();
    const aborted: boolean[] = [];
    const receiver = open(
      ({ failures }, signal) =>
        failures > 0
          ? undefined
          : new Promise((_, reject) => {
              signal.addEventListener("abort", () => {
                aborted.push(true);
                reject(signal.reason);
              });
            }),
      { handleWithinMs: 20 },
    );
    await receiver.ready;
    await bus.handOut(deliveryOf(1001, 0));
    await until(() => bus.settled.length === 1);
    expect(aborted).toEqual([true]);
  });

  it("parks an event that it cannot read, and goes on", async () => {
    const { bus, open } = await newDesk();
    const seen: number[] = [];
    const receiver = open((delivery) => void seen.push(leafOf(delivery)));
    await bus.handOut({ ...deliveryOf(1001, 0), event: new Uint8Array([255, 255]) }, deliveryOf(1001, 1));
    await until(() => bus.settled.length === 2);
    expect(seen).toEqual([1]);
    expect(receiver.parked()).toMatchObject([{ leafIndex: 0n, failures: 1, dossier: "" }]);
    expect(await receiver.tryAgain()).toEqual({ handled: 0, parked: 1 });
  });

  it("asks for everything from an index once, in a new folder only", async () => {
    const { bus, open } = await newDesk();
    const receiver = open(() => {}, { fromLeafIndex: 12n });
    await receiver.ready;
    await bus.handOut(deliveryOf(1001, 12));
    await until(() => bus.settled.length === 1);
    bus.breakOff();
    await until(() => bus.starts.length === 2);
    await receiver.close();
    await open(() => {}, { fromLeafIndex: 12n }).ready;
    expect(bus.starts.map(({ fromLeafIndex }) => fromLeafIndex)).toEqual([12n, undefined, undefined]);
  });

  it("ends at once when the bus refuses the subscription for good, and tries again when it refused only then", async () => {
    const { bus, open } = await newDesk();
    bus.refusal = busError("DELEGATION_MISSING");
    const refused = open(() => {});
    expect(await failureOf(refused.ready)).toMatchObject({ reason: "DELEGATION_MISSING" });
    await refused.close();
    bus.refusal = null;
    const receiver = open(() => {});
    await receiver.ready;
    bus.refusal = busError("DELEGATION_MISSING");
    bus.breakOff();
    await until(() => bus.starts.length >= 4);
    bus.refusal = null;
    await bus.handOut(deliveryOf(1001, 0));
    await until(() => bus.settled.length === 1);
  });

  it("waits at its end for the handler that runs, settles what it did, and begins nothing more", async () => {
    const { bus, open } = await newDesk();
    const begun: number[] = [];
    const finish = Promise.withResolvers<void>();
    const receiver = open(
      (delivery) => {
        begun.push(leafOf(delivery));
        return finish.promise;
      },
      { handlersMax: 1 },
    );
    await bus.handOut(deliveryOf(1001, 0), deliveryOf(1002, 1));
    await until(() => begun.length === 1);
    const closed = receiver.close();
    finish.resolve();
    await closed;
    expect(begun).toEqual([0]);
    await until(() => bus.settled.length === 1);
    expect(bus.settled).toEqual([0n]);
  });
});
