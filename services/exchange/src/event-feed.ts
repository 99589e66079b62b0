import { follow } from "@lienthong/event-store";
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

/** An event that this process is about to append. */
export interface DraftedEvent extends Omit<FedEvent, "sequence"> {
  readonly subject: string;
}

/** Somebody who follows the stream in this process. */
export interface EventFollower {
  /** First sequence it needs. */
  followFrom(): number;
  /** Events from there on, in order, each once per run. */
  applyEvents(batch: FedEvent[]): void;
}

/** Events that this process appended and has not read back yet: at most so many are remembered. */
const unconfirmedMax = 4_096;

/** The shard's stream, followed for everybody in this process. */
export interface EventFeed {
  /**
   * Told of events before they are appended: the stream is often faster than its acknowledgement, and what it brings need not be decoded
   * again if it is one of these, byte for byte. Returns how to forget them.
   */
  drafted(events: readonly DraftedEvent[]): () => void;
  /**
   * Told of events that this process has just made durable, in the order of their sequence. If they are the next ones, the followers have
   * them at once, without waiting for the stream to bring them back; when it does, they are compared with it, byte for byte.
   */
  appended(events: readonly FedEvent[]): void;
  /** Last sequence that the followers have. */
  position(): number;
  /** Resolves when all that was there at the start has been read. */
  readonly caughtUp: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Follows the shard's stream for everybody in this process: the table of dossier heads, and those who mount themselves. A hole
 * in the stream, a stream that ends before what was seen, or other bytes than were appended, stop the shard.
 */
export function feedEvents(options: {
  connection: NatsConnection;
  streamName: string;
  guard: ShardGuard;
  followers: readonly EventFollower[];
  onEnded(error: Error): void;
}): EventFeed {
  const { connection, streamName, guard, followers, onEnded } = options;
  const guardFrom = guard.followFrom();
  const starts = followers.map((follower) => follower.followFrom());
  const fromSequence = Math.min(guardFrom, ...starts);
  /** Last sequence that the followers have. */
  let position = fromSequence - 1;
  /** Last sequence that the stream has brought. */
  let readTo = fromSequence - 1;
  /** Own events that the stream has not brought yet, whether the followers have them or not. */
  const unconfirmed = new Map<number, FedEvent>();
  /** Own events that are being appended, by subject; drafts of one dossier in their order. */
  const drafts = new Map<string, DraftedEvent[]>();
  let isLive = false;
  let ended = false;

  function apply(batch: FedEvent[]): void {
    const unseen = batch.filter((fed) => fed.sequence >= guardFrom);
    const last = unseen.at(-1);
    if (last !== undefined) {
      const heads = unseen.flatMap(({ sequence, hash, event }) =>
        event.dossier === null ? [] : [{ dossier: event.dossier, sequence, number: Number(event.header.number), hash }],
      );
      guard.remember(heads, last.sequence, last.hash);
    }
    for (const [index, follower] of followers.entries()) {
      const from = starts[index] as number;
      const wanted = from <= (batch[0]?.sequence ?? 0) ? batch : batch.filter((fed) => fed.sequence >= from);
      if (wanted.length > 0) follower.applyEvents(wanted);
    }
    position = batch.at(-1)?.sequence ?? position;
  }

  /** Own events that are the next ones now. */
  function applyNextOwn(): void {
    const batch: FedEvent[] = [];
    for (let next = unconfirmed.get(position + 1); next !== undefined; ) {
      batch.push(next);
      next = unconfirmed.get(next.sequence + 1);
    }
    if (batch.length > 0) apply(batch);
  }

  const follower = follow({
    connection,
    streamName,
    fromSequence,
    onMessages(messages) {
      const fresh: FedEvent[] = [];
      for (const { sequence, subject, payload } of messages) {
        const own = unconfirmed.get(sequence);
        unconfirmed.delete(sequence);
        if (own !== undefined && Buffer.compare(own.bytes, payload) !== 0) {
          throw new Error(`event ${sequence} in the stream is not the one that was appended there.`);
        }
        readTo = sequence;
        if (sequence <= position) continue;
        if (own !== undefined) {
          fresh.push(own);
          continue;
        }
        const draft = drafts.get(subject)?.find(({ bytes }) => Buffer.compare(bytes, payload) === 0);
        if (draft !== undefined) {
          fresh.push({ sequence, bytes: draft.bytes, hash: draft.hash, event: draft.event });
          continue;
        }
        // Payloads are windows into network buffers, which they would keep alive.
        const bytes = Uint8Array.from(payload);
        fresh.push({ sequence, bytes, hash: leafHash(bytes), event: readEvent(bytes) });
      }
      if (fresh.length > 0) apply(fresh);
      applyNextOwn();
    },
    onCaughtUp() {
      isLive = true;
    },
    onGap(expected, got) {
      ended = true;
      onEnded(
        guard.stop(
          got < expected
            ? `the stream ends at event ${got}, but event ${expected - 1} was seen before: accepted events are missing.`
            : `event ${expected} is missing from the stream; the next one there is ${got}.`,
        ),
      );
    },
    onError(error) {
      ended = true;
      onEnded(error);
    },
  });

  return {
    drafted(events) {
      for (const draft of events) {
        const others = drafts.get(draft.subject);
        if (others === undefined) drafts.set(draft.subject, [draft]);
        else others.push(draft);
      }
      // A dossier is in one round at a time, so all that is kept of a subject is this round's.
      return () => {
        for (const { subject } of events) drafts.delete(subject);
      };
    },
    appended(events) {
      // What is not remembered is read from the stream: this saves time and decides nothing.
      if (!isLive || ended) return;
      for (const fed of events) {
        // The stream can be faster than the acknowledgement of the append.
        if (fed.sequence > readTo && unconfirmed.size < unconfirmedMax) unconfirmed.set(fed.sequence, fed);
      }
      try {
        applyNextOwn();
      } catch (error) {
        ended = true;
        onEnded(error as Error);
      }
    },
    position: () => position,
    caughtUp: follower.caughtUp,
    async stop() {
      ended = true;
      await follower.stop();
    },
  };
}
