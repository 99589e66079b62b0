import type { DeliveryServiceClient, FetchDeliveriesResponse } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { DeliveryRef } from "./delivery-receiver.ts";
import { CALL_DEADLINE_MS, type CallSettings, unaryCall } from "./unary-call.ts";

/** Which page. */
export interface FetchOptions {
  /** Empty: every shard served there. */
  readonly shard: string;
  /** 1 to 1,000, each delegated to the system. */
  readonly agencies: readonly string[];
  /** Default "main". */
  readonly subscription?: string;
  /** Most deliveries wanted, 1 to 1,000. Default 100. */
  readonly pageSize?: number;
  /** How long to wait for the first delivery if none waits, up to 20,000 milliseconds. Default 0. */
  readonly waitMs?: number;
  /** Makes everything from this log index on unsettled again: for the first call after a loss only. */
  readonly fromLeafIndex?: bigint;
}

/** Deliveries without a stream. Every call rejects with BusCallError. */
export interface PlainDeliveryCalls {
  /**
   * A page of what waits. Settle it within 30 s, and before fetching the next: what is not settled comes again, and of its dossiers
   * nothing else comes before. Deadline unless told: `waitMs` and 10 s.
   */
  fetch(options: FetchOptions, settings?: CallSettings): Promise<FetchDeliveriesResponse>;
  /** Says that deliveries are safe here. May be repeated. */
  settle(
    settled: {
      /** Empty: each delivery names its own, as it came. */
      readonly shard: string;
      readonly subscription?: string;
      /** 1 to 10,000. */
      readonly deliveries: readonly DeliveryRef[];
    },
    settings?: CallSettings,
  ): Promise<void>;
}

export function plainDeliveryCalls(client: DeliveryServiceClient, defaults: CallSettings): PlainDeliveryCalls {
  return {
    fetch({ shard, agencies, subscription = "", pageSize = 0, waitMs = 0, fromLeafIndex }, settings) {
      const request = { shard, agencies: [...agencies], subscription, pageSize, waitMs, fromLeafIndex };
      const deadlineMs = (defaults.deadlineMs ?? CALL_DEADLINE_MS) + waitMs;
      return unaryCall(client.fetchDeliveries.bind(client), request, { deadlineMs, ...settings });
    },
    async settle({ shard, subscription = "", deliveries }, settings = defaults) {
      const named = deliveries.map(({ agency, leafIndex, shard = "" }) => ({ agency, leafIndex, shard }));
      await unaryCall(client.settleDelivery.bind(client), { shard, subscription, deliveries: named }, settings);
    },
  };
}
