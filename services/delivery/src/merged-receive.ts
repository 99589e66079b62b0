import { type BidiHandler, type BidiStream, bidiHandler, busError, type CallContext } from "@lienthong/chassis";
import type {
  ReceiveRequest,
  ReceiveResponse,
  ReceiveStart,
  SettledDelivery,
} from "@lienthong/contracts/exchange/v1/delivery_service";
import type { ServedDeliveries, ShardDeliveries } from "./served-deliveries.ts";

const creditDefault = 256;

/** DeliveryService/Receive over the shards of this process: one of them by its name, or all, those opened later too. */
export function mergedReceive(served: ServedDeliveries): BidiHandler<ReceiveRequest, ReceiveResponse> {
  return bidiHandler(async (stream, context) => {
    const requests = stream.requests[Symbol.asyncIterator]();
    const first = await requests.next();
    if (first.done) return;
    const start = first.value.what?.$case === "start" ? first.value.what.value : null;
    if (start === null || start.shard !== "") {
      const deliveries = start === null ? served.all()[0]?.[1] : served.expect(start.shard, "start.shard");
      if (deliveries === undefined)
        throw busError("FIELD_MISSING", { field: "start", allowed: "start as the first message" });
      await deliveries.receive.run(
        { requests: startingWith(first.value, requests), send: (m) => stream.send(m) },
        context,
      );
      return;
    }
    if (start.fromLeafIndex !== undefined) {
      throw busError("FIELD_INVALID", {
        field: "start.from_leaf_index",
        allowed: "no index where all shards are meant: name the shard whose log it is an index of",
      });
    }
    await receiveFromAll(start, requests, stream, context, served);
  });
}

/** What one shard of a merged stream is told. */
interface Part {
  readonly tell: (request: ReceiveRequest) => void;
  readonly end: () => void;
}

async function receiveFromAll(
  start: ReceiveStart,
  requests: AsyncIterator<ReceiveRequest>,
  stream: BidiStream<ReceiveRequest, ReceiveResponse>,
  context: CallContext,
  served: ServedDeliveries,
): Promise<void> {
  const parts = new Map<string, Part>();
  const running = new Set<Promise<void>>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const shards = served.all();
  // What may be under way in all is shared; a shard that joins later gets a share as large.
  const credit = Math.max(1, Math.floor((start.credit || creditDefault) / Math.max(1, shards.length)));
  let stands = false;

  const join = (shard: string, deliveries: ShardDeliveries): void => {
    const queue = requestQueue();
    parts.set(shard, queue);
    queue.tell({ what: { $case: "start", value: { ...start, shard, credit } } });
    const send = async (response: ReceiveResponse): Promise<void> => {
      // That the subscription stands is said once.
      if (response.deliveries.length === 0 && stands) return;
      stands = true;
      await stream.send({ deliveries: response.deliveries.map((delivery) => ({ ...delivery, shard })) });
    };
    const run = deliveries.receive.run({ requests: queue.requests, send }, context).catch((error: unknown) => {
      failed.reject(error);
    });
    running.add(run);
  };
  const steerAll = async (): Promise<void> => {
    for (let step = await requests.next(); step.done !== true; step = await requests.next()) steer(step.value, parts);
  };
  const unlisten = served.listen(join);
  try {
    for (const [shard, deliveries] of shards) join(shard, deliveries);
    // Raced once, not at each message: a promise keeps everybody who waits for it, and a stream may stay for weeks.
    await Promise.race([steerAll(), failed.promise]);
    for (const part of parts.values()) part.end();
    await Promise.race([Promise.all(running), failed.promise]);
  } finally {
    unlisten();
    for (const part of parts.values()) part.end();
  }
}

/** Passes a later message on to the shards it is about. */
function steer(request: ReceiveRequest, parts: ReadonlyMap<string, Part>): void {
  const { what } = request;
  if (what?.$case === "settle") {
    const bySize = Map.groupBy(what.value.deliveries, (delivery) => delivery.shard);
    for (const [shard, deliveries] of bySize) {
      partOf(shard, what.value.deliveries, parts).tell({
        what: { $case: "settle", value: { deliveries: deliveries.map((delivery) => ({ ...delivery, shard: "" })) } },
      });
    }
    return;
  }
  // Whatever else: a grant of credit, or a message that each of them refuses in the same words.
  for (const part of parts.values()) part.tell(request);
}

function partOf(shard: string, deliveries: readonly SettledDelivery[], parts: ReadonlyMap<string, Part>): Part {
  const part = parts.get(shard);
  if (part !== undefined) return part;
  const index = deliveries.findIndex((delivery) => delivery.shard === shard);
  throw busError("SHARD_UNKNOWN", {
    field: `settle.deliveries[${index}].shard`,
    allowed: `the shard of the delivery as it came: ${[...parts.keys()].join(", ")}`,
  });
}

/** Messages for one shard: told now, read when it gets there. */
function requestQueue(): Part & { readonly requests: AsyncIterable<ReceiveRequest> } {
  const waiting: ReceiveRequest[] = [];
  let ended = false;
  let wake: (() => void) | null = null;
  const notify = (): void => {
    wake?.();
    wake = null;
  };
  return {
    tell(request) {
      waiting.push(request);
      notify();
    },
    end() {
      ended = true;
      notify();
    },
    requests: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const next = waiting.shift();
          if (next !== undefined) yield next;
          else if (ended) return;
          else {
            await new Promise<void>((resume) => {
              wake = resume;
            });
          }
        }
      },
    },
  };
}

async function* startingWith(
  first: ReceiveRequest,
  rest: AsyncIterator<ReceiveRequest>,
): AsyncGenerator<ReceiveRequest> {
  yield first;
  for (let step = await rest.next(); !step.done; step = await rest.next()) yield step.value;
}
