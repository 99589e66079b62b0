import { setTimeout as delay } from "node:timers/promises";
import type { Receiver } from "@lienthong/client";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { SystemConnection } from "./play-options.ts";

/** How the systems of a play receive. */
export interface SystemDeliveriesOptions {
  readonly shard: string;
  /** Name of the subscription; what it does not settle is what people find under the same name later. */
  readonly subscription: string;
  /** Hand out again everything from this log index on; absent: only what is not settled. */
  readonly fromLeafIndex?: bigint;
  /**
   * What a system does with a delivery: whether it settles it (what it does not is handed out again to whoever subscribes next), and
   * whether somebody will ask for it with `delivered`.
   */
  consider(delivery: Delivery): { readonly settle: boolean; readonly keep: boolean };
  /** How long a delivery may take from the durable statement on. */
  readonly deliveredWithinMs: number;
}

const agenciesPerSubscriptionMax = 1_000;
const creditPerSubscription = 4_096;
const reopeningsMax = 5;
const reopenAfterMs = 200;
const quietForMs = 150;
const quietWithinMs = 2_000;

/** A delivery that did not come, or a subscription that ended for good. */
export class DeliveryMissingError extends Error {
  override readonly name = "DeliveryMissingError";
}

interface Awaited {
  readonly resolve: (delivery: Delivery) => void;
  readonly reject: (error: Error) => void;
}

/** The receiving sides of all systems of a play: they settle what comes, and hand it to whoever waits for it. */
export class SystemDeliveries {
  readonly #options: SystemDeliveriesOptions;
  readonly #receivers = new Set<Receiver>();
  /** Came before anybody asked. */
  readonly #arrived = new Map<string, Delivery>();
  readonly #awaited = new Map<string, Awaited>();
  #taken = 0;
  #failed: Error | null = null;
  #closing = false;

  constructor(options: SystemDeliveriesOptions) {
    this.#options = options;
  }

  /** Subscribes for these agencies, each system for its own. Resolves when every subscription stands. */
  async open(agencies: Iterable<string>, connectionFor: (agency: string) => SystemConnection): Promise<void> {
    const served = Map.groupBy([...new Set(agencies)].sort(), connectionFor);
    const subscriptions: Promise<void>[] = [];
    for (const [connection, all] of served) {
      for (let start = 0; start < all.length; start += agenciesPerSubscriptionMax) {
        subscriptions.push(this.#subscribe(connection, all.slice(start, start + agenciesPerSubscriptionMax)));
      }
    }
    await Promise.all(subscriptions);
  }

  /**
   * Waits until a system was handed this event for this agency.
   * @throws DeliveryMissingError if that takes longer than allowed, or a subscription ended.
   */
  delivered(agency: string, leafIndex: bigint): Promise<Delivery> {
    const key = keyOf({ agency, leafIndex });
    const arrived = this.#arrived.get(key);
    if (arrived !== undefined) {
      this.#arrived.delete(key);
      return Promise.resolve(arrived);
    }
    if (this.#failed !== null) return Promise.reject(this.#failed);
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>();
    const { deliveredWithinMs } = this.#options;
    const timer = setTimeout(() => {
      this.#awaited.delete(key);
      reject(
        new DeliveryMissingError(
          `Log entry ${leafIndex} was not delivered to ${agency} within ${deliveredWithinMs} ms; is the delivery service running, and does the system speak for this agency?`,
        ),
      );
    }, deliveredWithinMs);
    this.#awaited.set(key, {
      resolve: (delivery) => {
        clearTimeout(timer);
        resolve(delivery);
      },
      reject: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    });
    return promise;
  }

  /**
   * Waits until nothing has come for a while, so that notices nobody waits for (an acknowledgement, "delivered") are settled, too, and do
   * not lie in people's inboxes. Those that come still later only lie there.
   */
  async quiet(): Promise<void> {
    const giveUpMs = performance.now() + quietWithinMs;
    for (let taken = -1; taken !== this.#taken && performance.now() < giveUpMs; ) {
      taken = this.#taken;
      await delay(quietForMs);
    }
  }

  /** Sends what is settled and ends all subscriptions. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#receivers].map((receiver) => receiver.close()));
  }

  async #subscribe(connection: SystemConnection, agencies: readonly string[]): Promise<void> {
    const receiver = this.#receive(connection, agencies);
    await receiver.ready;
    void this.#keepOpen(connection, agencies, receiver);
  }

  #receive(connection: SystemConnection, agencies: readonly string[], again = false): Receiver {
    const { shard, subscription, fromLeafIndex } = this.#options;
    const receiver = connection.delivery.receive(
      {
        shard,
        agencies,
        subscription,
        credit: creditPerSubscription,
        // What was settled before a break was handed on already.
        ...(again || fromLeafIndex === undefined ? {} : { fromLeafIndex }),
      },
      (deliveries) => this.#take(deliveries, receiver),
    );
    this.#receivers.add(receiver);
    return receiver;
  }

  async #keepOpen(connection: SystemConnection, agencies: readonly string[], first: Receiver): Promise<void> {
    let receiver = first;
    for (let reopenings = 0; ; reopenings++) {
      const why = await receiver.ended;
      this.#receivers.delete(receiver);
      if (this.#closing) return;
      if (reopenings >= reopeningsMax) {
        this.#fail(
          new DeliveryMissingError(
            `A subscription for ${agencies.length} agencies ended ${reopenings + 1} times; the last time: ${why?.message ?? "the server ended it"}`,
            { cause: why },
          ),
        );
        return;
      }
      await delay(reopenAfterMs * (reopenings + 1));
      if (this.#closing) return;
      receiver = this.#receive(connection, agencies, true);
    }
  }

  #take(deliveries: readonly Delivery[], receiver: Receiver): void {
    const settled: Delivery[] = [];
    for (const delivery of deliveries) {
      const { settle, keep } = this.#options.consider(delivery);
      if (settle) settled.push(delivery);
      const key = keyOf(delivery);
      const awaited = this.#awaited.get(key);
      this.#awaited.delete(key);
      if (awaited !== undefined) awaited.resolve(delivery);
      else if (keep) this.#arrived.set(key, delivery);
    }
    this.#taken += deliveries.length;
    receiver.settle(settled);
  }

  #fail(error: Error): void {
    this.#failed = error;
    for (const { reject } of this.#awaited.values()) reject(error);
    this.#awaited.clear();
  }
}

function keyOf({ agency, leafIndex }: Pick<Delivery, "agency" | "leafIndex">): string {
  return `${agency} ${leafIndex}`;
}
