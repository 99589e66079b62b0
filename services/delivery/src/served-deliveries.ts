import { type BidiHandler, busError, type UnaryHandler } from "@lienthong/chassis";
import type {
  FetchDeliveriesRequest,
  FetchDeliveriesResponse,
  ReceiveRequest,
  ReceiveResponse,
  SettleDeliveryRequest,
  SettleDeliveryResponse,
} from "@lienthong/contracts/exchange/v1/delivery_service";
import type { Deliveries } from "./delivery.ts";

/** What answers for one shard. */
export interface ShardDeliveries {
  readonly receive: BidiHandler<ReceiveRequest, ReceiveResponse>;
  readonly fetchDeliveries: UnaryHandler<FetchDeliveriesRequest, FetchDeliveriesResponse>;
  readonly settleDelivery: UnaryHandler<SettleDeliveryRequest, SettleDeliveryResponse>;
}

/** The shards whose deliveries one address hands out: a new one joins while the others go on. */
export class ServedDeliveries {
  readonly #shards = new Map<string, ShardDeliveries>();
  readonly #listeners = new Set<(shard: string, deliveries: ShardDeliveries) => void>();

  add(shard: string, deliveries: Deliveries): void {
    const { implementation } = deliveries.service;
    const ports = implementation as unknown as ShardDeliveries;
    this.#shards.set(shard, ports);
    for (const listener of this.#listeners) listener(shard, ports);
  }

  /** All of them, in the order in which they were added. */
  all(): [shard: string, deliveries: ShardDeliveries][] {
    return [...this.#shards];
  }

  /** Throws SHARD_UNKNOWN, naming the field and what is served. */
  expect(shard: string, field: string): ShardDeliveries {
    const found = this.#shards.get(shard);
    if (found === undefined) throw busError("SHARD_UNKNOWN", { field, allowed: [...this.#shards.keys()].join(", ") });
    return found;
  }

  /** Told of every shard that is added from now on, until the returned function is called. */
  listen(listener: (shard: string, deliveries: ShardDeliveries) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
