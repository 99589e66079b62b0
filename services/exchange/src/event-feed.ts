import { type Follower, follow } from "@lienthong/event-store";
import { type ReadEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/nats-core";
import type { ShardGuard } from "./shard-guard.ts";

/** An event of the stream, decoded once for all who follow in this process. */
export interface FedEvent {
  readonly sequence: number;
  /** Own copy of the stored bytes. */
  readonly bytes: Uint8Array;
  /** Leaf hash, 32 bytes. */
  readonly hash: Uint8Array;
  readonly event: ReadEvent;
}

/** Somebody who follows the stream in this process. */
export interface EventFollower {
  /** First sequence it needs. */
  followFrom(): number;
  /** Events from there on, in order, each once per run. */
  applyEvents(batch: FedEvent[]): void;
}

/** Events that this process appended and has not read back yet: at most so many are remembered. */
const appendedMax = 4_096;

/** What this process appended itself: its followers need not decode and hash it again, only compare it with what the stream holds. */
export class AppendedEvents {
  readonly #bySequence = new Map<number, FedEvent>();
  /** The stream was read up to here: it can be faster than the acknowledgement of the append. */
  #readTo = 0;

  /** Remembers an event that has just become durable. */
  add(fed: FedEvent): void {
    // What is forgotten is decoded again: this saves work and decides nothing.
    if (fed.sequence > this.#readTo && this.#bySequence.size < appendedMax) this.#bySequence.set(fed.sequence, fed);
  }

  /** The event at a sequence if these are its bytes, and forgets it. */
  take(sequence: number, bytes: Uint8Array): FedEvent | undefined {
    this.#readTo = sequence;
    const fed = this.#bySequence.get(sequence);
    if (fed === undefined) return undefined;
    this.#bySequence.delete(sequence);
    return Buffer.compare(fed.bytes, bytes) === 0 ? fed : undefined;
  }
}

/**
 * Follows the shard's stream for everybody in this process: the table of dossier heads, and those who mount themselves. A hole
 * in the stream, or a stream that ends before what was seen, stops the shard.
 */
export function feedEvents(options: {
  connection: NatsConnection;
  streamName: string;
  guard: ShardGuard;
  appended: AppendedEvents;
  followers: readonly EventFollower[];
  onEnded(error: Error): void;
}): Follower {
  const { connection, streamName, guard, appended, followers, onEnded } = options;
  const guardFrom = guard.followFrom();
  const starts = followers.map((follower) => follower.followFrom());
  return follow({
    connection,
    streamName,
    fromSequence: Math.min(guardFrom, ...starts),
    onMessages(messages) {
      const batch = messages.map(({ sequence, payload }): FedEvent => {
        const own = appended.take(sequence, payload);
        if (own !== undefined) return own;
        // Payloads are windows into network buffers, which they would keep alive.
        const bytes = Uint8Array.from(payload);
        return { sequence, bytes, hash: leafHash(bytes), event: readEvent(bytes) };
      });
      const unseen = batch.filter((fed) => fed.sequence >= guardFrom);
      const last = unseen.at(-1);
      if (last !== undefined) {
        const heads = unseen.flatMap(({ sequence, hash, event }) =>
          event.dossier === null
            ? []
            : [{ dossier: event.dossier, sequence, number: Number(event.header.number), hash }],
        );
        guard.remember(heads, last.sequence, last.hash);
      }
      for (const [index, follower] of followers.entries()) {
        const from = starts[index] as number;
        const wanted = from <= (batch[0]?.sequence ?? 0) ? batch : batch.filter((fed) => fed.sequence >= from);
        if (wanted.length > 0) follower.applyEvents(wanted);
      }
    },
    onGap(expected, got) {
      onEnded(
        guard.stop(
          got < expected
            ? `the stream ends at event ${got}, but event ${expected - 1} was seen before: accepted events are missing.`
            : `event ${expected} is missing from the stream; the next one there is ${got}.`,
        ),
      );
    },
    onError: onEnded,
  });
}
