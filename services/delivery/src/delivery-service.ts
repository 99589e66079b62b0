import { busError, type CallContext, type GrpcService, grpcService, unaryHandler } from "@lienthong/chassis";
import {
  DeliveryServiceService,
  type FetchDeliveriesRequest,
  type FetchDeliveriesResponse,
  type SettleDeliveryRequest,
  type SettleDeliveryResponse,
} from "@lienthong/contracts/exchange/v1/delivery_service";
import { mergedReceive } from "./merged-receive.ts";
import type { ServedDeliveries } from "./served-deliveries.ts";

const pageSizeDefault = 100;
/** A shard gives up to 2 MiB; a message of more than 4 MiB is refused by many clients. */
const asksNextBelowBytes = 1_048_576;
/** While a page over all shards waits, each is asked in turn for so long. */
const turnMs = 250;

/** DeliveryService over the shards of this process: one of them by its name, or all. */
export function deliveryService(served: ServedDeliveries): GrpcService {
  return grpcService(DeliveryServiceService, {
    receive: mergedReceive(served),
    fetchDeliveries: unaryHandler((request, context) =>
      request.shard === ""
        ? fetchFromAll(request, context, served)
        : served.expect(request.shard, "shard").fetchDeliveries.run(request, context),
    ),
    settleDelivery: unaryHandler((request, context) =>
      request.shard === ""
        ? settleInAll(request, context, served)
        : served.expect(request.shard, "shard").settleDelivery.run(request, context),
    ),
  });
}

async function fetchFromAll(
  request: FetchDeliveriesRequest,
  context: CallContext,
  served: ServedDeliveries,
): Promise<FetchDeliveriesResponse> {
  if (request.fromLeafIndex !== undefined) {
    throw busError("FIELD_INVALID", {
      field: "from_leaf_index",
      allowed: "no index where all shards are meant: name the shard whose log it is an index of",
    });
  }
  const untilMs = performance.now() + request.waitMs;
  const pageSize = request.pageSize || pageSizeDefault;
  for (let waitMs = 0; ; ) {
    const page: FetchDeliveriesResponse = { deliveries: [], unsettledCount: 0n };
    for (const [shard, { fetchDeliveries }] of served.all()) {
      const left = pageSize - page.deliveries.length;
      const bytes = page.deliveries.reduce((sum, { event }) => sum + event.length, 0);
      if (left <= 0 || bytes > asksNextBelowBytes) break;
      // Bad input is refused in the words of the first shard that is asked.
      const part = await fetchDeliveries.run({ ...request, shard, pageSize: left, waitMs }, context);
      page.deliveries.push(...part.deliveries.map((delivery) => ({ ...delivery, shard })));
      page.unsettledCount += part.unsettledCount;
    }
    const remainingMs = untilMs - performance.now();
    if (page.deliveries.length > 0 || remainingMs <= 0 || context.ended) return page;
    waitMs = Math.ceil(Math.min(turnMs, remainingMs / Math.max(1, served.all().length)));
  }
}

async function settleInAll(
  request: SettleDeliveryRequest,
  context: CallContext,
  served: ServedDeliveries,
): Promise<SettleDeliveryResponse> {
  for (const [index, { shard }] of request.deliveries.entries()) {
    if (shard === "") {
      throw busError("FIELD_MISSING", {
        field: `deliveries[${index}].shard`,
        allowed: "the shard of the delivery as it came, or one shard for the whole call",
      });
    }
    served.expect(shard, `deliveries[${index}].shard`);
  }
  for (const [shard, deliveries] of Map.groupBy(request.deliveries, (delivery) => delivery.shard)) {
    const named = deliveries.map((delivery) => ({ ...delivery, shard: "" }));
    await served.expect(shard, "shard").settleDelivery.run({ ...request, shard, deliveries: named }, context);
  }
  return {};
}
