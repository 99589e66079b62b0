import { asBusError, type BusError, type Logger, type PeerIdentity } from "@lienthong/chassis";
import type { ReceiveResponse } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { Attendant } from "./delivery-view.ts";
import type { EventBytes } from "./event-bytes.ts";
import type { Subscription } from "./subscription.ts";
import {
  deliveriesPerMessageMax,
  giveBackUnsent,
  type ReadDelivery,
  readBatch,
  shareOfQueue,
  type Taken,
  takeBatch,
} from "./take-batch.ts";

const retryPauseMs = 500;

/** What a receiver stands on. */
export interface ReceiverDependencies {
  readonly bytes: EventBytes;
  readonly logger: Logger;
  readonly identity: PeerIdentity;
  send(response: ReceiveResponse): Promise<void>;
}

/** One stream: takes deliveries out of its subscriptions as far as its credit and its caller's reading allow. */
export class Receiver implements Attendant {
  readonly identity: PeerIdentity;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly agenciesField = "start.agencies";
  readonly #dependencies: ReceiverDependencies;
  #credit: number;
  #underWayCount = 0;
  #sending = false;
  #ended = false;
  #retry: NodeJS.Timeout | null = null;
  /** Ends the stream with this refusal; set by the port. */
  end: (error: BusError) => void = () => {};
  authorisedAtMs = performance.now();

  constructor(subscriptions: ReadonlyMap<string, Subscription>, credit: number, dependencies: ReceiverDependencies) {
    this.identity = dependencies.identity;
    this.subscriptions = subscriptions;
    this.#credit = credit;
    this.#dependencies = dependencies;
  }

  get credit(): number {
    return this.#credit;
  }

  /** Deliveries that it may be given now, none while its caller does not read. */
  get freeCredit(): number {
    return this.#ended || this.#sending || this.#retry !== null ? 0 : this.#credit - this.#underWayCount;
  }

  grant(additional: number): void {
    this.#credit += additional;
  }

  release(): void {
    this.#underWayCount -= 1;
  }

  /** Sends what there is, message by message, until nothing waits or the credit is used up. Never rejects. */
  async pump(): Promise<boolean> {
    if (this.#ended || this.#sending || this.#retry !== null) return false;
    this.#sending = true;
    let sent = false;
    try {
      for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) {
        const deliveries = (await this.#read(batch)).map(({ delivery }) => delivery);
        if (this.#ended) return sent;
        sent ||= deliveries.length > 0;
        // Until the caller has read enough, nothing more is taken: what waits stays with the subscription, for others too.
        if (deliveries.length > 0) await this.#dependencies.send({ deliveries });
        // Others get their turn, and what arrives meanwhile shares the next message.
        await new Promise((resume) => setImmediate(resume));
        if (this.#ended || this.#retry !== null) return sent;
      }
      return sent;
    } catch (error) {
      // A store that cannot be read: the stream ends, the receiver comes again, and nothing was settled by it.
      this.end(asBusError(error));
      return sent;
    } finally {
      this.#sending = false;
    }
  }

  /** Takes nothing more; gives back what it has. */
  close(): void {
    this.#ended = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    for (const subscription of this.subscriptions.values()) subscription.takeBackFrom(this);
  }

  #takeBatch(): Taken[] {
    const free = this.#credit - this.#underWayCount;
    const batch = takeBatch(this, this.subscriptions.values(), this.#dependencies.bytes, {
      countMax: Math.min(free, deliveriesPerMessageMax),
      shareOf: (subscription) => shareOfQueue(this, subscription, free),
    });
    this.#underWayCount += batch.length;
    return batch;
  }

  async #read(batch: readonly Taken[]): Promise<ReadDelivery[]> {
    const { bytes, logger } = this.#dependencies;
    try {
      return await readBatch(this, batch, bytes, logger);
    } catch (error) {
      logger.warn(
        { err: error },
        "Events that wait for a receiver could not be read; they are read again in a moment.",
      );
      if (!this.#ended) this.#pause(batch);
      return [];
    }
  }

  #pause(batch: readonly Taken[]): void {
    giveBackUnsent(this, batch);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.pump();
    }, retryPauseMs);
  }
}
