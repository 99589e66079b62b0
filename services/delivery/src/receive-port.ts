import { type BusError, bidiHandler, busError, type HandlerFor, type Logger } from "@lienthong/chassis";
import type { DeliveryServiceService, ReceiveRequest } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { DeliveryView } from "./delivery-view.ts";
import type { EventBytes } from "./event-bytes.ts";
import type { FirstNotices } from "./first-notices.ts";
import { checkLater, checkStart, creditMax, invalid } from "./receive-requests.ts";
import { Receiver } from "./receiver.ts";
import { settleDeliveries } from "./settle-deliveries.ts";

/** What receiving stands on. */
export interface ReceiveDependencies {
  readonly shard: string;
  readonly view: DeliveryView;
  readonly bytes: EventBytes;
  readonly notices: FirstNotices;
  readonly logger: Logger;
  /** Last sequence of the stream, from its leader. */
  lastSequence(): Promise<number>;
  /** No receiver is taken on any more. */
  draining(): boolean;
}

/** DeliveryService/Receive. */
export function receivePort(on: ReceiveDependencies): HandlerFor<DeliveryServiceService["receive"]> {
  return bidiHandler(async (stream, context) => {
    if (on.draining()) throw busError("DRAINING");
    const { identity } = context;
    if (identity === null) throw busError("SYSTEM_UNKNOWN");
    const requests = interruptible(stream.requests);

    const first = await requests.next();
    if (first === undefined && context.drainSignal.aborted) return;
    const start = checkStart(first, on.shard);
    const refusal = on.view.refusalFor(identity, start.agencies, (index) => `start.agencies[${index}]`);
    if (refusal !== null) throw refusal;
    for (const agency of start.agencies) on.view.checkName(agency, start.subscription, "start.subscription");
    if (on.draining()) throw busError("DRAINING");

    const subscriptions = new Map(
      start.agencies.map((agency) => [agency, on.view.open(agency, start.subscription, start.fromSequence)]),
    );
    const receiver = new Receiver(subscriptions, start.credit, {
      bytes: on.bytes,
      logger: on.logger,
      identity,
      send: (response) => stream.send(response),
    });
    receiver.end = requests.interrupt;
    on.view.join(receiver);
    try {
      void receiver.pump().then((sent) => (sent ? undefined : stream.send({ deliveries: [] })));
      for (let request = await requests.next(); request !== undefined; request = await requests.next()) {
        const later = checkLater(request);
        if (later.kind === "settle") {
          await settleDeliveries(later.settle.deliveries, on, {
            system: identity.systemId,
            receiver,
            field: "settle.deliveries",
            subscriptionOf: (agency) => receiver.subscriptions.get(agency),
          });
        } else grant(later.credit.additional, receiver, on);
      }
    } finally {
      on.view.leave(receiver);
    }
  });
}

function grant(additional: number, receiver: Receiver, on: ReceiveDependencies): void {
  if (receiver.credit + additional > creditMax) {
    throw invalid("credit.additional", "10,000 under way in all; settling gives credit back by itself");
  }
  receiver.grant(additional);
  on.view.wakeReceiver(receiver);
}

interface InterruptibleRequests {
  /** The next message; undefined when the caller has sent all or the server drains. Throws what it was interrupted with. */
  next(): Promise<ReceiveRequest | undefined>;
  interrupt(error: BusError): void;
}

/** Lets a stream that waits for its caller be ended from our side. */
function interruptible(requests: AsyncIterable<ReceiveRequest>): InterruptibleRequests {
  const iterator = requests[Symbol.asyncIterator]();
  let interruption: BusError | null = null;
  let rejectNext: (error: BusError) => void = () => {};
  return {
    next() {
      if (interruption !== null) return Promise.reject(interruption);
      // Not a race against one long promise: that would keep a reaction per message for as long as the stream lasts.
      return new Promise((resolve, reject) => {
        rejectNext = reject;
        iterator.next().then((step) => resolve(step.done ? undefined : step.value), reject);
      });
    },
    interrupt(error) {
      interruption = error;
      rejectNext(error);
    },
  };
}
