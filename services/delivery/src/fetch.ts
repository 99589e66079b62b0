import { asBusError, type BusError, busError, type Logger, type PeerIdentity } from "@lienthong/chassis";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { Attendant } from "./delivery-view.ts";
import type { EventBytes } from "./event-bytes.ts";
import type { FetchDesk } from "./fetch-desk.ts";
import type { Subscription } from "./subscription.ts";
import { giveBackUnsent, type ReadDelivery, readBatch, shareOfQueue, type Taken, takeBatch } from "./take-batch.ts";

/** Event bytes of a page: with what is around them far below the 4 MiB that clients take in one message unless told otherwise. */
const pageBytesMax = 2 * 1024 * 1024;

/** What a fetch stands on. */
export interface FetchDependencies {
  readonly bytes: EventBytes;
  readonly logger: Logger;
  readonly identity: PeerIdentity;
  /** Desk of one of its subscriptions. */
  deskOf(subscription: Subscription): FetchDesk;
}

/**
 * One call that fetches a page. It holds the page's deliveries until they are settled or taken back, so that what follows of
 * their dossiers waits: the bus cannot know that the next call comes from the same process.
 */
export class Fetch implements Attendant {
  readonly identity: PeerIdentity;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly agenciesField = "agencies";
  authorisedAtMs = performance.now();
  readonly #pageSize: number;
  readonly #dependencies: FetchDependencies;
  readonly #done = Promise.withResolvers<void>();
  #page: ReadDelivery[] = [];
  #pageBytes = 0;
  #taking = false;
  #ended = false;

  constructor(subscriptions: ReadonlyMap<string, Subscription>, pageSize: number, dependencies: FetchDependencies) {
    this.identity = dependencies.identity;
    this.subscriptions = subscriptions;
    this.#pageSize = pageSize;
    this.#dependencies = dependencies;
    // Whoever ends it before anybody waits for the page is heard all the same.
    this.#done.promise.catch(() => {});
  }

  get freeCredit(): number {
    return this.#ended || this.#taking ? 0 : this.#pageSize;
  }

  release(from: Subscription): void {
    this.#dependencies.deskOf(from).underWayCount -= 1;
  }

  /** Takes a page if something waits. Never rejects. */
  async pump(): Promise<void> {
    if (this.#ended || this.#taking) return;
    this.#taking = true;
    try {
      for (let full = false; !full; ) {
        const batch = this.#takeBatch();
        if (batch.length === 0) break;
        full = await this.#add(batch);
        if (this.#ended) return;
        // Others get their turn.
        await new Promise((resume) => setImmediate(resume));
        if (this.#ended) return;
      }
      if (this.#page.length > 0) this.finish();
    } catch (error) {
      this.end(asBusError(error));
    } finally {
      this.#taking = false;
    }
  }

  /** Ends it with the page as it is. */
  finish(): void {
    this.#ended = true;
    this.#done.resolve();
  }

  /** Ends it with a refusal; what was taken goes to others. */
  end(error: BusError): void {
    this.close();
    this.#done.reject(error);
  }

  /** Takes nothing more and gives back what it has, because nobody was told of it. */
  close(): void {
    this.#ended = true;
    giveBackUnsent(
      this,
      this.#page.map(({ taken }) => taken),
    );
    this.#page = [];
  }

  /** The page, once something was there or `finish` was called. Rejects with the refusal it was ended with. */
  async page(): Promise<Delivery[]> {
    await this.#done.promise;
    // What was taken back meanwhile goes to somebody else.
    return this.#page.filter(({ taken }) => taken.delivery.holder === this).map(({ delivery }) => delivery);
  }

  #takeBatch(): Taken[] {
    const free = this.#pageSize - this.#page.length;
    const { bytes, deskOf } = this.#dependencies;
    const batch = takeBatch(this, this.subscriptions.values(), bytes, {
      countMax: free,
      shareOf: (subscription) => Math.min(shareOfQueue(this, subscription, free), deskOf(subscription).room),
    });
    for (const { subscription } of batch) deskOf(subscription).underWayCount += 1;
    return batch;
  }

  /** Adds a batch to the page; true if the page is full. */
  async #add(batch: readonly Taken[]): Promise<boolean> {
    const { bytes, logger } = this.#dependencies;
    let read: ReadDelivery[];
    try {
      read = await readBatch(this, batch, bytes, logger);
    } catch (error) {
      giveBackUnsent(this, batch);
      if (this.#ended || this.#page.length > 0) return true;
      throw busError("STORE_UNAVAILABLE", {}, { cause: error });
    }
    if (this.#ended) {
      giveBackUnsent(this, batch);
      return true;
    }
    for (const [index, one] of read.entries()) {
      const weight = this.#pageBytes + one.delivery.event.length;
      if (weight > pageBytesMax && this.#page.length > 0) {
        giveBackUnsent(
          this,
          read.slice(index).map(({ taken }) => taken),
        );
        return true;
      }
      this.#page.push(one);
      this.#pageBytes = weight;
    }
    return this.#page.length >= this.#pageSize;
  }
}
