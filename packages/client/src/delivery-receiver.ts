import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { ServiceErrorLike } from "@lienthong/chassis/status";
import {
  type Delivery,
  DeliveryRole,
  type DeliveryServiceClient,
  type ReceiveRequest,
  type ReceiveResponse,
  type SettledDelivery,
} from "@lienthong/contracts/exchange/v1/delivery_service";
import { callError } from "./bus-call-error.ts";
import { type PlainDeliveryCalls, plainDeliveryCalls } from "./plain-deliveries.ts";
import type { CallSettings } from "./unary-call.ts";

/** A subscription. */
export interface ReceiveOptions {
  readonly shard: string;
  /** 1 to 1,000, each delegated to the system. */
  readonly agencies: readonly string[];
  /** Connections under one name share, different names each get all. Default "main". */
  readonly subscription?: string;
  /** Deliveries under way and not yet settled, 1 to 10,000. Default 256. */
  readonly credit?: number;
  /** Hands out again everything at or after this log index, settled or not. */
  readonly fromLeafIndex?: bigint;
}

/** A delivery as far as settling needs it. */
export type DeliveryRef = Pick<Delivery, "agency" | "leafIndex"> & Partial<Pick<Delivery, "role" | "shard">>;

/** A subscription under way. */
export interface Receiver {
  /** Resolves when the subscription stands at the server; rejects if it ends before. */
  readonly ready: Promise<void>;
  /**
   * Says that deliveries are safe here, and gives their credit back. An offer of custody is settled at once, because its sender waits to
   * see it delivered; news, known by its `role`, waits up to 20 ms for company.
   */
  settle(deliveries: readonly DeliveryRef[]): void;
  /** Grants more deliveries under way. 1 to 10,000. */
  grant(additional: number): void;
  /**
   * Waits for the batch that is being handled, sends what is settled, and ends the subscription, all within 2 s; what was not settled
   * comes again. A handler must not wait for it.
   */
  close(): Promise<void>;
  /** Resolves when it is over: with null after `close`, else with why (BusCallError, or what `onDeliveries` threw). Never rejects. */
  readonly ended: Promise<Error | null>;
}

/** What the delivery service is asked. */
export interface DeliveryCalls extends PlainDeliveryCalls {
  /**
   * Receives what is addressed to the agencies. `onDeliveries` is called with 1 to 1,000 deliveries at a time, in order, and not again
   * before the promise it returns resolves. What it throws ends the subscription.
   */
  receive(options: ReceiveOptions, onDeliveries: (deliveries: Delivery[]) => void | Promise<void>): Receiver;
}

const settledPerMessageMax = 10_000;
/** How long settled news waits, in milliseconds, and how much of it at most. */
const newsWaitMs = 20;
const newsWaitingMax = 64;
/** How long the server may take to end an ended subscription before it is cut off, in milliseconds. */
const closeWithinMs = 2_000;

export function deliveryCalls(client: DeliveryServiceClient, defaults: CallSettings): DeliveryCalls {
  return {
    ...plainDeliveryCalls(client, defaults),
    receive(options, onDeliveries) {
      return new DuplexReceiver(client.receive(), options, onDeliveries);
    },
  };
}

class DuplexReceiver implements Receiver {
  readonly ready: Promise<void>;
  readonly ended: Promise<Error | null>;
  readonly #call: ClientDuplexStream<ReceiveRequest, ReceiveResponse>;
  #settled: SettledDelivery[] = [];
  #flushScheduled = false;
  #newsTimer: NodeJS.Timeout | null = null;
  /** No further deliveries are handed to the handler. */
  #closing = false;
  /** Nothing more is sent. */
  #sentAll = false;
  #over = false;
  #handled: Promise<void> = Promise.resolve();

  constructor(
    call: ClientDuplexStream<ReceiveRequest, ReceiveResponse>,
    { shard, agencies, subscription = "", credit = 0, fromLeafIndex }: ReceiveOptions,
    onDeliveries: (deliveries: Delivery[]) => void | Promise<void>,
  ) {
    this.#call = call;
    // The loop below hears of an error as well; this keeps one that comes after the loop from ending the process.
    call.on("error", () => {});
    const stands = Promise.withResolvers<void>();
    this.ready = stands.promise;
    // Whoever does not ask for `ready` learns the same from `ended`.
    this.ready.catch(() => {});
    call.write({
      what: { $case: "start", value: { shard, agencies: [...agencies], subscription, credit, fromLeafIndex } },
    });
    this.ended = this.#run(onDeliveries, stands.resolve).then((why) => {
      this.#over = true;
      stands.reject(why ?? new Error("The subscription was closed before it stood."));
      return why;
    });
  }

  settle(deliveries: readonly DeliveryRef[]): void {
    if (this.#over || this.#sentAll) return;
    let isNews = true;
    for (const { agency, leafIndex, role, shard = "" } of deliveries) {
      this.#settled.push({ agency, leafIndex, shard });
      isNews &&= role === DeliveryRole.DELIVERY_ROLE_SENDER || role === DeliveryRole.DELIVERY_ROLE_COPY;
    }
    if (this.#flushScheduled || this.#settled.length === 0) return;
    if (isNews && this.#settled.length < newsWaitingMax) {
      this.#newsTimer ??= setTimeout(() => this.#flush(), newsWaitMs);
      return;
    }
    this.#flushScheduled = true;
    setImmediate(() => this.#flush());
  }

  grant(additional: number): void {
    if (!this.#over && !this.#closing) this.#call.write({ what: { $case: "credit", value: { additional } } });
  }

  async close(): Promise<void> {
    const cutOff = setTimeout(() => this.#call.cancel(), closeWithinMs);
    if (!this.#closing) {
      this.#closing = true;
      // What is being handled may still be settled: it is safe with the receiver, and need not come again.
      await Promise.race([this.#handled, this.ended]);
      this.#flush();
      this.#sentAll = true;
      if (!this.#over) this.#call.end();
    }
    await this.ended;
    clearTimeout(cutOff);
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#newsTimer !== null) clearTimeout(this.#newsTimer);
    this.#newsTimer = null;
    const settled = this.#settled;
    this.#settled = [];
    if (this.#over || this.#sentAll) return;
    for (let start = 0; start < settled.length; start += settledPerMessageMax) {
      const deliveries = settled.slice(start, start + settledPerMessageMax);
      this.#call.write({ what: { $case: "settle", value: { deliveries } } });
    }
  }

  async #run(
    onDeliveries: (deliveries: Delivery[]) => void | Promise<void>,
    stands: () => void,
  ): Promise<Error | null> {
    try {
      // Iterating reads no further while a batch is handled, so that flow control reaches the server.
      for await (const { deliveries } of this.#call as AsyncIterable<ReceiveResponse>) {
        stands();
        if (deliveries.length === 0 || this.#closing) continue;
        const handled = Promise.withResolvers<void>();
        this.#handled = handled.promise;
        try {
          await onDeliveries(deliveries);
          handled.resolve();
        } catch (thrown) {
          handled.resolve();
          this.#call.cancel();
          return thrown instanceof Error ? thrown : new Error(String(thrown));
        }
      }
      return null;
    } catch (error) {
      return this.#closing ? null : callError(error as ServiceErrorLike);
    }
  }
}
