import type { Logger } from "@lienthong/chassis";
import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import type { EventBytes } from "./event-bytes.ts";
import type { Holder, OpenDelivery, Subscription } from "./subscription.ts";

/** Most deliveries in one message, and in one page (contract). */
export const deliveriesPerMessageMax = 1_000;
/**
 * Event bytes after which a batch is full. gRPC takes 16 messages of a stream before it says that the caller does not read, so
 * this bounds what a stalled caller costs to about 4 MiB.
 */
const batchBytesMax = 256 * 1024;
/** Events of a batch that are read from the stream; what they weigh is not known before. */
const unreadPerBatchMax = 64;

/** A delivery that was taken, and from where. */
export interface Taken {
  readonly subscription: Subscription;
  readonly delivery: OpenDelivery;
}

interface WaitingQueue {
  readonly subscription: Subscription;
  /** Sequence of its first delivery. */
  first: number;
  /** How many of them the holder may take now. */
  share: number;
}

/** How much may be taken. */
export interface TakeLimits {
  readonly countMax: number;
  /** How many of a subscription's deliveries the holder may take now. */
  shareOf(subscription: Subscription): number;
}

/** Takes the oldest first over all subscriptions, so that none has to wait for another; as much as fits into one message. */
export function takeBatch(
  holder: Holder,
  subscriptions: Iterable<Subscription>,
  bytes: EventBytes,
  { countMax, shareOf }: TakeLimits,
): Taken[] {
  const batch: Taken[] = [];
  if (countMax <= 0) return batch;
  const nowMs = performance.now();
  let weight = 0;
  let unread = 0;
  let full = false;
  const fits = (delivery: OpenDelivery): boolean => {
    const length = bytes.recent(delivery.sequence)?.length;
    if (length === undefined) unread += 1;
    else weight += length;
    full ||= unread > unreadPerBatchMax || (weight > batchBytesMax && weight !== length);
    return !full;
  };

  const waiting: WaitingQueue[] = [];
  for (const subscription of subscriptions) {
    const first = subscription.firstQueued();
    if (first !== null) waiting.push({ subscription, first, share: shareOf(subscription) });
  }
  const takeFrom = (from: WaitingQueue, count: number, upTo: number): boolean => {
    const most = Math.min(count, from.share, countMax - batch.length);
    const taken = from.subscription.take(holder, most, upTo, nowMs, fits);
    for (const delivery of taken) batch.push({ subscription: from.subscription, delivery });
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

/** A holder's part of a queue that it shares with others who receive, by free credit. */
export function shareOfQueue(holder: Holder, subscription: Subscription, free: number): number {
  if (subscription.receivers.size <= 1) return Number.POSITIVE_INFINITY;
  let others = 0;
  for (const other of subscription.receivers) others += other === holder ? 0 : other.freeCredit;
  return Math.ceil((subscription.queuedCount * free) / (free + others));
}

/** A delivery that was taken, with its event. */
export interface ReadDelivery {
  readonly taken: Taken;
  readonly delivery: Delivery;
}

/** The batch with its events, as far as the holder still has it. Rejects when the stream cannot be read. */
export async function readBatch(
  holder: Holder,
  batch: readonly Taken[],
  bytes: EventBytes,
  logger: Logger,
): Promise<ReadDelivery[]> {
  const events: (Uint8Array | null)[] = batch.map(({ delivery }) => bytes.recent(delivery.sequence) ?? null);
  if (events.includes(null)) {
    await Promise.all(
      batch.map(async ({ delivery }, index) => {
        events[index] ??= await bytes.read(delivery.sequence);
      }),
    );
  }
  return batch.flatMap((taken, index): ReadDelivery[] => {
    const { subscription, delivery } = taken;
    const event = events[index] ?? null;
    // Taken back meanwhile: whoever has it now sends it.
    if (delivery.holder !== holder) return [];
    if (event === null) {
      // It stays under way, so that it is tried again when the others of its time are, and never dropped.
      logger.error(
        { sequence: delivery.sequence, agency: subscription.agency.name },
        "The stream has no readable record of an event that waits for a receiver; compare the stream's replicas.",
      );
      return [];
    }
    const read: Delivery = {
      agency: subscription.agency.name,
      role: delivery.role,
      leafIndex: BigInt(delivery.sequence - 1),
      event,
      redelivered: delivery.handedOut,
      shard: "",
    };
    return [{ taken, delivery: read }];
  });
}

/** Gives back what a holder took and did not send after all. */
export function giveBackUnsent(holder: Holder, batch: readonly Taken[]): void {
  for (const [subscription, taken] of Map.groupBy(batch, ({ subscription }) => subscription)) {
    subscription.takeBackUnsent(taken.map(({ delivery }) => delivery).filter((delivery) => delivery.holder === holder));
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
