import { asBusError, type BusError, type Logger, type PeerIdentity } from "@lienthong/chassis";
import type { Delivery, ReceiveResponse } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { EventBytes } from "./event-bytes.ts";
import type { Holder, OpenDelivery, Subscription } from "./subscription.ts";

/** Most deliveries in one message (contract). */
export const deliveriesPerMessageMax = 1_000;
/**
 * Event bytes after which a message is full. gRPC takes 16 messages of a stream before it says that the caller does not read, so
 * this bounds what a stalled caller costs to about 4 MiB.
 */
const messageBytesMax = 256 * 1024;
/** Events of a message that are read from the stream; what they weigh is not known before. */
const unreadPerMessageMax = 64;
const retryPauseMs = 500;

/** What a receiver stands on. */
export interface ReceiverDependencies {
  readonly bytes: EventBytes;
  readonly logger: Logger;
  readonly identity: PeerIdentity;
  send(response: ReceiveResponse): Promise<void>;
}

interface Taken {
  readonly subscription: Subscription;
  readonly delivery: OpenDelivery;
}

interface WaitingQueue {
  readonly subscription: Subscription;
  /** Sequence of its first delivery. */
  first: number;
  /** How many of them this connection may take now. */
  share: number;
}

/** One stream: takes deliveries out of its subscriptions as far as its credit and its caller's reading allow. */
export class Receiver implements Holder {
  readonly identity: PeerIdentity;
  /** By agency. */
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly #dependencies: ReceiverDependencies;
  #credit: number;
  #underWayCount = 0;
  #sending = false;
  #ended = false;
  #retry: NodeJS.Timeout | null = null;
  /** Ends the stream with this refusal; set by the port. */
  end: (error: BusError) => void = () => {};
  /** When the registry was last asked whether it may receive, on the monotonic clock. */
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
        const deliveries = await this.#messageOf(batch);
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

  /** The oldest first over all agencies, so that none has to wait for another. */
  #takeBatch(): Taken[] {
    const free = this.#credit - this.#underWayCount;
    const batch: Taken[] = [];
    if (free <= 0) return batch;
    const { bytes } = this.#dependencies;
    const countMax = Math.min(free, deliveriesPerMessageMax);
    const nowMs = performance.now();
    let weight = 0;
    let unread = 0;
    let full = false;
    const fits = (delivery: OpenDelivery): boolean => {
      const length = bytes.recent(delivery.sequence)?.length;
      if (length === undefined) unread += 1;
      else weight += length;
      full ||= unread > unreadPerMessageMax || (weight > messageBytesMax && weight !== length);
      return !full;
    };

    const waiting: WaitingQueue[] = [];
    for (const subscription of this.subscriptions.values()) {
      const first = subscription.firstQueued();
      if (first !== null) waiting.push({ subscription, first, share: this.#shareOf(subscription, free) });
    }
    const takeFrom = (from: WaitingQueue, count: number, upTo: number): boolean => {
      const most = Math.min(count, from.share, countMax - batch.length);
      const taken = from.subscription.take(this, most, upTo, nowMs, fits);
      for (const delivery of taken) batch.push({ subscription: from.subscription, delivery });
      this.#underWayCount += taken.length;
      from.share -= taken.length;
      from.first = from.subscription.firstQueued() ?? Number.POSITIVE_INFINITY;
      return taken.length > 0;
    };
    while (waiting.length > 0 && batch.length < countMax && !full) {
      const { oldest, next } = twoOldest(waiting);
      const from = waiting[oldest] as WaitingQueue;
      // Where the oldest wait for somebody else's settlement, what can go goes one by one.
      const tookSome = takeFrom(from, countMax, next) || (!full && takeFrom(from, 1, Number.POSITIVE_INFINITY));
      if (tookSome && from.share > 0 && from.first !== Number.POSITIVE_INFINITY) continue;
      waiting[oldest] = waiting.at(-1) as WaitingQueue;
      waiting.pop();
    }
    return batch;
  }

  /** Its part of a queue that it shares with other connections, by free credit. */
  #shareOf(subscription: Subscription, free: number): number {
    if (subscription.receivers.size <= 1) return Number.POSITIVE_INFINITY;
    let others = 0;
    for (const other of subscription.receivers) others += other === this ? 0 : other.freeCredit;
    return Math.ceil((subscription.queuedCount * free) / (free + others));
  }

  async #messageOf(batch: readonly Taken[]): Promise<Delivery[]> {
    const { bytes, logger } = this.#dependencies;
    const events: (Uint8Array | null)[] = batch.map(({ delivery }) => bytes.recent(delivery.sequence) ?? null);
    if (events.includes(null)) {
      try {
        await Promise.all(
          batch.map(async ({ delivery }, index) => {
            events[index] ??= await bytes.read(delivery.sequence);
          }),
        );
      } catch (error) {
        logger.warn(
          { err: error },
          "Events that wait for a receiver could not be read; they are read again in a moment.",
        );
        if (!this.#ended) this.#pause(batch);
        return [];
      }
    }
    return batch.flatMap(({ subscription, delivery }, index): Delivery[] => {
      const event = events[index] ?? null;
      // Taken back meanwhile: whoever has it now sends it.
      if (delivery.holder !== this) return [];
      if (event === null) {
        // It stays under way, so that it is tried again when the others of its time are, and never dropped.
        logger.error(
          { sequence: delivery.sequence, agency: subscription.agency.name },
          "The stream has no readable record of an event that waits for a receiver; compare the stream's replicas.",
        );
        return [];
      }
      return [
        {
          agency: subscription.agency.name,
          role: delivery.role,
          leafIndex: BigInt(delivery.sequence - 1),
          event,
          redelivered: delivery.handedOut,
        },
      ];
    });
  }

  #pause(batch: readonly Taken[]): void {
    const bySubscription = Map.groupBy(batch, ({ subscription }) => subscription);
    for (const [subscription, taken] of bySubscription) {
      subscription.takeBackUnsent(taken.map(({ delivery }) => delivery).filter((delivery) => delivery.holder === this));
    }
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.pump();
    }, retryPauseMs);
  }
}

/** Place of the queue that has waited longest, and where the next one begins. */
function twoOldest(waiting: readonly WaitingQueue[]): { oldest: number; next: number } {
  let oldest = 0;
  let first = Number.POSITIVE_INFINITY;
  let next = Number.POSITIVE_INFINITY;
  for (let at = 0; at < waiting.length; at++) {
    const candidate = (waiting[at] as WaitingQueue).first;
    if (candidate < first) {
      next = first;
      first = candidate;
      oldest = at;
    } else if (candidate < next) next = candidate;
  }
  return { oldest, next };
}
