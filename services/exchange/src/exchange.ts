import { join } from "node:path";
import {
  type Clock,
  type Logger,
  laterTimestamp,
  realClock,
  SimulatedClock,
  timestampFromMs,
} from "@lienthong/chassis";
import type { ShardEvent } from "@lienthong/contracts/exchange/v1/event";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { ShardClock } from "@lienthong/contracts/registry/v1/record";
import { type Appender, createAppender, createReader, eventStreamName } from "@lienthong/event-store";
import { readEvent, type SigningKey } from "@lienthong/statement";
import { hashesEqual } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/nats-core";
import { appendDurably } from "./append-durably.ts";
import type { DocumentsCheck } from "./documents-ready.ts";
import { DossierStore } from "./dossier-store.ts";
import { type EventFeed, type EventFollower, feedEvents } from "./event-feed.ts";
import { createPromisePen } from "./promise-pen.ts";
import type { DeliveredProposal } from "./proposal.ts";
import { type FollowedRegistry, registryInForce } from "./registry-in-force.ts";
import type { ServedShard } from "./served-shards.ts";
import {
  draftShardEvent,
  generationFromOf,
  generationOf,
  readShardChain,
  readShardChainTail,
  simulatedTimeOf,
} from "./shard-chain.ts";
import { openShardGuard, ShardStoppedError } from "./shard-guard.ts";
import { WritePath } from "./write-path.ts";

/** What an exchange is made of. */
export interface ExchangeOptions {
  /** Shard it serves; the registry must declare it. */
  readonly shard: string;
  /** Name of this replica, as in its promise key's registry entry. */
  readonly replica: string;
  /** Folder of this replica's heads; its own, on a disk of its own where possible. */
  readonly directory: string;
  /** NATS connection of role `exchange`. */
  readonly connection: NatsConnection;
  readonly registry: FollowedRegistry;
  readonly promiseKey: SigningKey;
  /** Tells whether documents are there; without it, statements that name travelling ones are refused. */
  readonly documents?: DocumentsCheck;
  /** Where a simulated clock begins; only for a shard that the registry declares simulated, and only when it is opened. */
  readonly simulatedStart?: Timestamp;
  /** Real UTC. */
  readonly wallClock?: Clock;
  readonly logger: Logger;
  /** Dossiers kept in memory, about 6 KB each. */
  readonly dossiersCachedMax?: number;
  /** What events are appended through; a test gives one that fails at a chosen moment. Default: one on `connection`. */
  readonly appender?: Appender;
}

/** An exchange that serves one shard. */
export interface Exchange {
  /** For the service that answers calls (exchange-service.ts). */
  readonly served: ServedShard;
  /** The shard's clock. */
  readonly clock: Clock;
  /** Why the shard does not go on; null while it does. */
  stopped(): ShardStoppedError | null;
  /** Begins to follow the stream for these, and for itself. Resolves when all that was there has been read. */
  startFeed(followers: readonly EventFollower[]): Promise<void>;
  /** A receiver settled a handoff for the first time. */
  recordDelivered(notice: Omit<DeliveredProposal, "kind">): Promise<void>;
  /** Moves a simulated clock forward, as an event of the shard. Throws on a real clock. */
  advanceClock(to: Timestamp): Promise<void>;
  /** Takes nothing more, finishes what waits, ends the feed. */
  drain(): Promise<void>;
}

/**
 * What a lost leader was sent is never answered, so it is sent again after this long: with the same expectations, so that only one of the
 * two can be stored. Shorter than an election, or the next leader would wait for us.
 */
const appendTimeoutMs = 2_000;
const dossiersCachedDefault = 8_192;

/** Makes an exchange: compares its heads with the stream, opens the shard if it is new. */
export async function createExchange(options: ExchangeOptions): Promise<Exchange> {
  const { shard, replica, connection, registry, logger, wallClock = realClock } = options;
  const declared = registry.state.shard(shard)?.record;
  if (declared === undefined)
    throw new Error(`The registry declares no shard '${shard}'; the registrar must add it first.`);
  const reader = createReader({ connection, streamName: eventStreamName(shard) });
  const { appender = createAppender({ connection, timeoutMs: appendTimeoutMs }) } = options;
  const chain = await readShardChain(shard, reader);
  const generation = generationOf(chain);
  const guard = openShardGuard({
    directory: join(options.directory, replica),
    shard,
    generation,
    generationFrom: generationFromOf(chain),
    reader,
    onStopped: (error) => logger.error({ err: error }, error.message),
    onHeadsUnwritten: (error) =>
      logger.error(
        { err: error },
        "The table of dossier heads cannot be written; it is kept in memory and tried again.",
      ),
  });
  await guard.compareWithStream().catch((error: unknown) => {
    // A stopped shard still answers, with the reason.
    if (!(error instanceof ShardStoppedError)) throw error;
  });

  const isSimulated = declared.clock === ShardClock.SHARD_CLOCK_SIMULATED;
  const lastRecorded = async (): Promise<Timestamp | undefined> => {
    const { lastSequence } = await reader.state();
    const last = lastSequence === 0 ? null : await reader.atSequence(lastSequence);
    return last === null ? undefined : readEvent(last.payload).header.recordedTime;
  };
  const clock = isSimulated ? new SimulatedClock(await simulatedNow()) : wallClock;

  async function simulatedNow(): Promise<Timestamp> {
    const told = simulatedTimeOf(chain) ?? options.simulatedStart;
    if (told === undefined)
      throw new Error(`Shard '${shard}' has a simulated clock and needs to be told where it starts.`);
    const recorded = await lastRecorded();
    return recorded === undefined ? told : laterTimestamp(told, recorded);
  }

  const about = () => ({
    shard,
    generation,
    replica,
    registryHead: registry.state.head,
    recordedTime: clock.now(),
    wallTime: timestampFromMs(wallClock.nowMs()),
  });

  async function appendShardEvent(event: ShardEvent): Promise<void> {
    for (;;) {
      const present = await readShardChainTail(shard, reader);
      if (event.what?.$case === "opened" && present.number > 0n) return;
      const draft = draftShardEvent(present, event, about());
      const { appended } = await appendDurably([draft], { appender, reader }, async (why) => {
        logger.warn({ why }, "an event of the shard is appended again");
      });
      const stored = appended[0];
      if (stored === undefined) continue; // another replica was first: read the end again
      await guard.commit(stored.sequence, draft.hash);
      return;
    }
  }

  const opened = chain.events[0];
  if (guard.stopped() === null && opened === undefined) {
    const entry = registry.state.shard(shard);
    await appendShardEvent({
      what: {
        $case: "opened",
        value: {
          network: registry.state.network,
          shardEntry: entry?.entryHash ?? new Uint8Array(0),
          origin: declared.origin,
          clock: declared.clock,
          simulatedStartTime: isSimulated ? clock.now() : undefined,
        },
      },
    });
  } else if (opened?.body.$case === "shard" && opened.body.shard.what?.$case === "opened") {
    const what = opened.body.shard.what.value;
    if (!hashesEqual(what.network, registry.state.network)) {
      guard.stop(
        "its first event names another network than the registry's: stream and registry do not belong together.",
      );
    }
    if (what.clock !== declared.clock) guard.stop("its first event declares another clock than the registry does.");
  } else if (opened !== undefined) {
    guard.stop("its first event does not open a shard.");
  }

  const dossiers = new DossierStore({
    shard,
    reader,
    guard,
    dossiersMax: options.dossiersCachedMax ?? dossiersCachedDefault,
  });
  const inForce = registryInForce(registry, shard);
  let feed: EventFeed | null = null;
  const writePath = new WritePath({
    shard,
    generation,
    replica,
    clock,
    wallClock,
    appender,
    reader,
    dossiers,
    guard,
    promises: createPromisePen({
      key: options.promiseKey,
      network: registry.state.network,
      origin: declared.origin,
      promiseDelayMs: Number(declared.promiseDelay?.seconds ?? 0n) * 1_000,
    }),
    registry: inForce,
    onDrafted: (drafts) =>
      feed?.drafted(drafts.map(({ subject, event: { bytes, hash, event } }) => ({ subject, bytes, hash, event }))) ??
      (() => {}),
    onAppended: (appended) => {
      feed?.appended(
        appended.map(({ sequence, draft: { event: draft } }) => {
          const { bytes, hash, event } = draft;
          return { sequence, bytes, hash, event };
        }),
      );
    },
    log: (message, details = {}) => logger.warn(details, message),
  });
  const watching = distrustAfterReconnect(connection, writePath);

  const clockFollower: EventFollower = {
    followFrom: () => guard.followFrom(),
    applyEvents(batch) {
      if (!(clock instanceof SimulatedClock)) return;
      for (const { event } of batch) {
        const what = event.body.$case === "shard" ? event.body.shard.what : undefined;
        if (what?.$case === "clockAdvanced" && what.value.to !== undefined) clock.advanceTo(what.value.to);
      }
    },
  };

  return {
    served: {
      name: shard,
      record: declared,
      generation,
      clock,
      writePath,
      dossiers,
      documents: options.documents ?? null,
      eventCount: () => feed?.position() ?? 0,
    },
    clock,
    stopped: () => guard.stopped(),

    async startFeed(followers) {
      if (guard.stopped() !== null) return;
      feed = feedEvents({
        connection,
        streamName: eventStreamName(shard),
        guard,
        followers: [clockFollower, ...followers],
        onEnded: (error) => {
          if (!(error instanceof ShardStoppedError)) guard.stop(`the follower of the stream ended: ${error.message}`);
        },
      });
      await feed.caughtUp;
    },

    async recordDelivered(notice) {
      const outcome = await writePath.submit({ kind: "delivered", ...notice });
      if (outcome.kind === "refused") throw outcome.error;
    },

    async advanceClock(to) {
      if (!(clock instanceof SimulatedClock))
        throw new Error(`Shard '${shard}' runs on the real clock; it cannot be moved.`);
      await appendShardEvent({ what: { $case: "clockAdvanced", value: { to } } });
      clock.advanceTo(to);
    },

    async drain() {
      await writePath.drain();
      await feed?.stop();
      watching.stop();
      await guard.close();
    },
  };
}

/** A server that was away may have come back as another: everything known is compared again. */
function distrustAfterReconnect(connection: NatsConnection, writePath: WritePath): { stop(): void } {
  let stopped = false;
  void (async () => {
    for await (const status of connection.status()) {
      if (stopped) return;
      if (status.type === "reconnect" || status.type === "disconnect") writePath.distrust();
    }
  })();
  return {
    stop() {
      stopped = true;
    },
  };
}
