import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "@lienthong/chassis";
import { createReader, eventStreamName, type Follower, follow } from "@lienthong/event-store";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/nats-core";
import { type Database, DatabaseEndedError } from "./database.ts";
import { StreamContradictsError } from "./fold-events.ts";
import type { ShardPosition } from "./rows.ts";
import type { ShardWriter } from "./shard-writer.ts";
import { IndexTakenError } from "./write-batch.ts";

const retryPauseMsMax = 5_000;
/**
 * After a batch of n events the next one is gathered for n times this long: one event is written at once, a busy stream about once in
 * `gatherMsMax`. Why: a transaction costs the same for one event as for hundreds, and a dossier that moved three times meanwhile is written once.
 */
const gatherMsPerEvent = 10;
/** By kind of database: how long events are gathered, and how many one transaction has at most. The embedded one never gives memory back. */
const batches = {
  postgresql: { gatherMsMax: 4_000, eventsMax: 16_384 },
  pglite: { gatherMsMax: 2_000, eventsMax: 4_096 },
} satisfies Record<Database["kind"], { gatherMsMax: number; eventsMax: number }>;
/** What the store has is asked for this often: under load, each message by itself costs the server far more. */
const restMs = 1_000;
/** A new leader may need a moment before it shows all that its predecessor had committed. */
const shorterStreamGraceMs = 5_000;

/** What an indexer works with. */
export interface ShardIndexerOptions {
  readonly shard: string;
  /** Role `audit`. */
  readonly connection: NatsConnection;
  /** Kind of database that the rows are in. */
  readonly kind: Database["kind"];
  /** Opens the rows where they end. */
  readonly openWriter: () => Promise<ShardWriter>;
  readonly logger: Logger;
  /** Told after each batch, and when it stops for good. */
  readonly onChange: () => void;
}

/** Reads a shard's stream into the index, for as long as it runs. */
export interface ShardIndexer {
  readonly shard: string;
  /** How far the rows go; null before the first look. */
  position(): ShardPosition | null;
  /** Why it reads no further, in a sentence that says what to do; null while it reads. */
  stoppedBecause(): string | null;
  /** Somebody waits for what was read since: writes it now instead of gathering more. */
  hurry(): void;
  /** Ends after the batch under way. */
  stop(): Promise<void>;
}

const cure =
  "Find out with `lienthong ledger fsck` which of the two is right; if it is the stream, run `lienthong audit rebuild`.";

/** Starts an indexer. A database or server that is away is waited for; a stream that contradicts the index stops it. */
export function indexShard(options: ShardIndexerOptions): ShardIndexer {
  const { shard, connection, logger, onChange } = options;
  const { gatherMsMax, eventsMax } = batches[options.kind];
  const streamName = eventStreamName(shard);
  const ending = new AbortController();
  let writer: ShardWriter | null = null;
  let stopped: string | null = null;
  let endGathering: () => void = () => {};
  let follower: Follower | null = null;

  function gather(gatherMs: number): Promise<void> {
    if (ending.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, gatherMs);
      endGathering = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function stopFor(reason: string): void {
    stopped = reason;
    logger.error({ shard, reason }, "The index reads this shard no further.");
    onChange();
  }

  async function run(): Promise<void> {
    for (let pauseMs = 100; !ending.signal.aborted; pauseMs = Math.min(pauseMs * 2, retryPauseMsMax)) {
      const before = writer?.position.size ?? 0;
      try {
        writer = await options.openWriter();
        await compareWithStream(writer.position);
        onChange();
        await followFrom(writer);
      } catch (error) {
        if (ending.signal.aborted) return;
        if (error instanceof StreamContradictsError) return stopFor(`${error.message} ${cure}`);
        if (error instanceof DatabaseEndedError) return stopFor(error.message);
        if (error instanceof IndexTakenError) return stopFor(error.message);
        logger.warn({ err: error, shard }, "The index was interrupted; it goes on where its rows end.");
      }
      if ((writer?.position.size ?? 0) > before) pauseMs = 100;
      await wait(pauseMs, undefined, { signal: ending.signal }).catch(() => {});
    }
  }

  /** The rows must be a prefix of the stream; a stream that was put back from a copy, or begun anew, may be longer than they are. */
  async function compareWithStream({ size, lastHash }: ShardPosition): Promise<void> {
    if (size === 0) return;
    const reader = createReader({ connection, streamName });
    const deadlineMs = performance.now() + shorterStreamGraceMs;
    for (;;) {
      const { lastSequence } = await reader.state();
      if (lastSequence >= size) break;
      if (performance.now() > deadlineMs) {
        throw new StreamContradictsError(
          `The stream of ${shard} ends at event ${lastSequence - 1}, and the index has read ${size} events of it: events are missing from the stream.`,
        );
      }
      await wait(100, undefined, { signal: ending.signal });
    }
    const last = await reader.atSequence(size);
    if (last === null || !hashesEqual(leafHash(last.payload), lastHash)) {
      throw new StreamContradictsError(
        `Event ${size - 1} in the stream of ${shard} is ${last === null ? "missing" : "not the one that the index has read there"}.`,
      );
    }
  }

  /** Resolves when stopped; rejects with why it ended. */
  async function followFrom(into: ShardWriter): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const following = follow({
      connection,
      streamName,
      fromSequence: into.position.size + 1,
      restMs,
      handoverMessagesMax: eventsMax,
      async onMessages(messages) {
        await into.write(messages);
        onChange();
        // Half of what a batch may be came at once: more is waiting already.
        if (messages.length < eventsMax / 2) {
          await gather(Math.min(gatherMsMax, messages.length * gatherMsPerEvent));
        }
      },
      onGap: (expected, got) =>
        ended.reject(
          new StreamContradictsError(
            got < expected
              ? `The stream of ${shard} ends before event ${expected - 1}, which the index has read: events are missing from the stream.`
              : `Event ${expected - 1} is missing from the stream of ${shard}; the next one there is ${got - 1}.`,
          ),
        ),
      onError: (error) => ended.reject(error),
    });
    follower = following;
    ending.signal.addEventListener("abort", () => ended.resolve(), { once: true });
    try {
      await ended.promise;
    } finally {
      follower = null;
      await following.stop();
    }
  }

  const running = run();
  return {
    shard,
    position: () => writer?.position ?? null,
    stoppedBecause: () => stopped,
    hurry() {
      endGathering();
      follower?.hurry();
    },
    async stop() {
      ending.abort();
      endGathering();
      await running;
    },
  };
}
