import { busError } from "@lienthong/chassis";
import { DeliveryRole, type SettledDelivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { Attendant } from "./delivery-view.ts";
import type { ReceiveDependencies } from "./receive-port.ts";
import { invalid } from "./receive-requests.ts";
import type { Subscription } from "./subscription.ts";

/** Who settles. */
export interface Settler {
  readonly system: string;
  /** The stream it settles on; null for a plain call. */
  readonly receiver: Attendant | null;
  /** Field of the request that holds the deliveries. */
  readonly field: string;
  /** Undefined for an agency that the stream is not for. */
  subscriptionOf(agency: string): Subscription | undefined;
}

/** Settles deliveries in order. Throws a refusal at the first that is none; those before it are settled. */
export async function settleDeliveries(
  deliveries: readonly SettledDelivery[],
  on: Pick<ReceiveDependencies, "shard" | "view" | "notices" | "lastSequence">,
  settler: Settler,
): Promise<void> {
  const touched = new Set<Subscription>();
  try {
    for (const [index, { agency, leafIndex, shard }] of deliveries.entries()) {
      const field = `${settler.field}[${index}]`;
      if (shard !== "" && shard !== on.shard) {
        throw busError("SHARD_UNKNOWN", { field: `${field}.shard`, shard, allowed: on.shard });
      }
      const subscription = settler.subscriptionOf(agency);
      if (subscription === undefined) throw invalid(`${field}.agency`, "an agency that start names");
      if (leafIndex >= BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(field, "the leaf index of a delivery");
      const sequence = Number(leafIndex) + 1;
      const settlement = subscription.settle(sequence);
      if (settlement.kind === "not addressed") {
        // Another replica may have seen, and handed out, what this one has yet to see: then it is handed out again.
        if (sequence > on.view.position && sequence <= (await on.lastSequence())) continue;
        throw invalid(field, `the leaf index of an event addressed to ${agency}`);
      }
      if (settlement.kind === "unchanged") continue;
      touched.add(subscription);
      if (settlement.entry.role === DeliveryRole.DELIVERY_ROLE_RECEIVER) {
        on.notices.settled(subscription, sequence, settler.system);
      }
    }
  } finally {
    on.view.afterSettling(settler.receiver, touched);
  }
}
