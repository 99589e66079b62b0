import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import { type BackOffOptions, backOffMs, pause } from "./back-off.ts";
import { BusCallError } from "./bus-call-error.ts";
import type { DeliveryRef, Receiver } from "./delivery-receiver.ts";
import type { DurableReceiveOptions, ReceiveTrouble } from "./durable-receiver.ts";

/** What a kept subscription stands on. */
export interface KeptSubscriptionHooks {
  readonly backOff: BackOffOptions;
  /** From where to start; undefined: from what is not settled. Asked at each start. */
  fromLeafIndex(): bigint | undefined;
  /** It stands at the server, again and again. */
  onStands(): void;
  /** Takes deliveries in; what it throws ends the stream, and another one is opened. */
  onDeliveries(deliveries: readonly Delivery[]): void;
  onTrouble(trouble: ReceiveTrouble): void;
}

/** A subscription that is opened again whenever its stream ends. */
export class KeptSubscription {
  /** As of DurableReceiver. */
  readonly ready: Promise<void>;
  readonly #options: DurableReceiveOptions;
  readonly #hooks: KeptSubscriptionHooks;
  readonly #closing = new AbortController();
  readonly #over: Promise<void>;
  #receiver: Receiver | null = null;

  constructor(options: DurableReceiveOptions, hooks: KeptSubscriptionHooks) {
    this.#options = options;
    this.#hooks = hooks;
    const stands = Promise.withResolvers<void>();
    this.ready = stands.promise;
    // Whoever does not ask for `ready` is told of troubles.
    this.ready.catch(() => {});
    this.#over = this.#keep(stands);
  }

  /** On the stream that is open now; where there is none, what is settled comes again and is settled then. */
  settle(deliveries: readonly DeliveryRef[]): void {
    this.#receiver?.settle(deliveries);
  }

  /** The stream that is open stays so for settling; when it ends, no other is opened. */
  stopComingBack(): void {
    this.#closing.abort();
  }

  /** Sends what was settled and ends. */
  async close(): Promise<void> {
    this.stopComingBack();
    await this.#receiver?.close();
    await this.#over;
  }

  async #keep(stands: PromiseWithResolvers<void>): Promise<void> {
    const { signal } = this.#closing;
    // Whoever made this has it in hand when the first thing happens.
    await Promise.resolve();
    let stood = false;
    for (let failures = 0; !signal.aborted; ) {
      let error: Error;
      try {
        const receiver = this.#open();
        this.#receiver = receiver;
        receiver.ready.then(
          () => {
            failures = 0;
            stood = true;
            this.#hooks.onStands();
            stands.resolve();
          },
          () => {},
        );
        error = (await receiver.ended) ?? new Error("The bus ended the subscription.");
      } catch (thrown) {
        // No stream can be opened: the caller closed the connection.
        error = thrown as Error;
      }
      if (signal.aborted) break;
      if (!stood && error instanceof BusCallError && error.retry === "terminal") {
        stands.reject(error);
        return;
      }
      failures += 1;
      const asked = error instanceof BusCallError ? (error.retryAfterMs ?? 0) : 0;
      const retryInMs = asked + backOffMs(failures, this.#hooks.backOff);
      this.#hooks.onTrouble({ error, delivery: null, retryInMs });
      await pause(retryInMs, signal);
    }
    stands.reject(new Error("The receiver was closed before its subscription stood."));
  }

  #open(): Receiver {
    const { connection, shard, agencies, subscription = "", credit = 256 } = this.#options;
    const from = this.#hooks.fromLeafIndex();
    const options = { shard, agencies, subscription, credit, ...(from === undefined ? {} : { fromLeafIndex: from }) };
    return connection.delivery.receive(options, (deliveries) => this.#hooks.onDeliveries(deliveries));
  }
}
