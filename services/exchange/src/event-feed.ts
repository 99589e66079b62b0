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

/**
 * Follows the shard's stream for everybody in this process: the table of dossier heads, and those who mount themselves. A hole
 * in the stream, or a stream that ends before what was seen, stops the shard.
 */
export function feedEvents(options: {
  connection: NatsConnection;
  streamName: string;
  guard: ShardGuard;
  followers: readonly EventFollower[];
  onEnded(error: Error): void;
}): Follower {
  const { connection, streamName, guard, followers, onEnded } = options;
  const guardFrom = guard.followFrom();
  const starts = followers.map((follower) => follower.followFrom());
  return follow({
    connection,
    streamName,
    fromSequence: Math.min(guardFrom, ...starts),
    onMessages(messages) {
      const batch = messages.map(({ sequence, payload }): FedEvent => {
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
