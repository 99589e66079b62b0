import { busError, type CallContext, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { DeliveryServiceService } from "@lienthong/contracts/exchange/v1/delivery_service";
import { Fetch } from "./fetch.ts";
import type { ReceiveDependencies } from "./receive-port.ts";
import { checkFetch } from "./receive-requests.ts";

/** A wait ends so long before the caller's deadline, so that an empty page arrives in time. */
const answerAheadMs = 250;

/** DeliveryService/FetchDeliveries. */
export function fetchPort(on: ReceiveDependencies): HandlerFor<DeliveryServiceService["fetchDeliveries"]> {
  return unaryHandler(async (request, context) => {
    if (on.draining()) throw busError("DRAINING");
    const { identity } = context;
    if (identity === null) throw busError("SYSTEM_UNKNOWN");
    const asked = checkFetch(request, on.shard);
    const refusal = on.view.refusalFor(identity, asked.agencies, (index) => `agencies[${index}]`);
    if (refusal !== null) throw refusal;
    for (const agency of asked.agencies) on.view.checkName(agency, asked.subscription, "subscription");

    const subscriptions = new Map(
      asked.agencies.map((agency) => [agency, on.view.open(agency, asked.subscription, asked.fromSequence)]),
    );
    const fetch = new Fetch(subscriptions, asked.pageSize, {
      bytes: on.bytes,
      logger: on.logger,
      identity,
      deskOf: (subscription) => on.view.deskOf(subscription),
    });
    on.view.joinFetch(fetch);
    const stopWaiting = waitFor(fetch, asked.waitMs, context);
    try {
      const deliveries = await fetch.page();
      // Nobody is told of this page: it need not wait 30 s for somebody who settles it.
      if (context.ended) fetch.close();
      let unsettledCount = 0;
      for (const subscription of subscriptions.values()) unsettledCount += subscription.waitingCount;
      return { deliveries, unsettledCount: BigInt(unsettledCount) };
    } finally {
      stopWaiting();
      on.view.leaveFetch(fetch);
    }
  });
}

/** Takes what waits; if that is nothing, ends the fetch when its time is over, or its caller gone. */
function waitFor(fetch: Fetch, waitMs: number, context: CallContext): () => void {
  const { signal, drainSignal, deadlineMs } = context;
  const untilDeadlineMs = deadlineMs === null ? waitMs : deadlineMs - Date.now() - answerAheadMs;
  const finish = () => fetch.finish();
  const drain = () => fetch.end(busError("DRAINING"));
  let timer: NodeJS.Timeout | null = null;
  let over = false;
  signal.addEventListener("abort", finish, { once: true });
  drainSignal.addEventListener("abort", drain, { once: true });
  void fetch.pump().then(() => {
    if (!over) timer = setTimeout(finish, Math.max(0, Math.min(waitMs, untilDeadlineMs)));
  });
  return () => {
    over = true;
    if (timer !== null) clearTimeout(timer);
    signal.removeEventListener("abort", finish);
    drainSignal.removeEventListener("abort", drain);
  };
}
