import { busError, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { DeliveryServiceService } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { ReceiveDependencies } from "./receive-port.ts";
import { checkSettle } from "./receive-requests.ts";
import { settleDeliveries } from "./settle-deliveries.ts";
import type { Subscription } from "./subscription.ts";

/** DeliveryService/SettleDelivery. */
export function settlePort(on: ReceiveDependencies): HandlerFor<DeliveryServiceService["settleDelivery"]> {
  return unaryHandler(async (request, { identity }) => {
    if (on.draining()) throw busError("DRAINING");
    if (identity === null) throw busError("SYSTEM_UNKNOWN");
    const name = checkSettle(request, on.shard);
    const places = new Map<string, number>();
    for (const [index, { agency }] of request.deliveries.entries()) {
      if (!places.has(agency)) places.set(agency, index);
    }
    const agencies = [...places.keys()];
    const refusal = on.view.refusalFor(identity, agencies, (at) => {
      return `deliveries[${places.get(agencies[at] ?? "")}].agency`;
    });
    if (refusal !== null) throw refusal;
    for (const agency of agencies) on.view.checkName(agency, name, "subscription");
    const subscriptions = new Map<string, Subscription>();
    // A name that this replica has not heard of yet was fetched under at another one.
    for (const agency of agencies) {
      const subscription = on.view.open(agency, name, null);
      subscriptions.set(agency, subscription);
      // Keeps in memory what is read in order to settle, and clears it away later.
      on.view.deskOf(subscription);
    }
    await settleDeliveries(request.deliveries, on, {
      system: identity.systemId,
      receiver: null,
      field: "deliveries",
      subscriptionOf: (agency) => subscriptions.get(agency),
    });
    return {};
  });
}
