import { join } from "node:path";
import {
  type BusError,
  busError,
  type Clock,
  type GrpcService,
  grpcService,
  type Logger,
  type PeerIdentity,
} from "@lienthong/chassis";
import { DeliveryServiceService } from "@lienthong/contracts/exchange/v1/delivery_service";
import { createReader, eventStreamName, shardToken } from "@lienthong/event-store";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/nats-core";
import { DeliveryView, type FedEvent } from "./delivery-view.ts";
import { EventBytes } from "./event-bytes.ts";
import { fetchPort } from "./fetch-port.ts";
import { FirstNotices, type FirstSettledNotice } from "./first-notices.ts";
import { type ReceiveDependencies, receivePort } from "./receive-port.ts";
import { settlePort } from "./settle-port.ts";
import { SettledStream } from "./settled-stream.ts";
import { ViewStore } from "./view-store.ts";

/** What the deliveries of a shard are made from. */
export interface DeliveryOptions {
  readonly shard: string;
  /** NATS connection of role `delivery`. */
  readonly connection: NatsConnection;
  /** Folder of `delivery-<shard>.sqlite`, this replica's own. */
  readonly directory: string;
  /** Numbers the epochs of subscriptions that start again. Spans are measured on the process's monotonic clock. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** Why a system may not receive for an agency; null if it may. May throw the refusal as well. Asked at the start of a stream and every 2 s after. */
  authorise(identity: PeerIdentity, agency: string): BusError | null;
  /**
   * A receiver settled a handoff for the first time. Told at least once; told again every second while it rejects, until the
   * handoff ends or "delivered" is in the stream.
   */
  onFirstSettled(notice: FirstSettledNotice): void | Promise<void>;
  /** How long a delivery may be under way before it is handed out again; 30 s by contract. */
  readonly ackWaitMs?: number;
  /** How often settled positions are written to the SETTLED stream; 1 s. */
  readonly publishEveryMs?: number;
  /** How often the view is written to its store, at the latest; 100 ms. */
  readonly writeEveryMs?: number;
  /** Events applied after which it is written at once; 2,000. */
  readonly unwrittenEventsMax?: number;
  /** How often an open stream's delegations are looked up again; 2 s: a change of vendor takes effect within 5. */
  readonly authoriseEveryMs?: number;
  /** How long draining waits for notices that are under way, and for the SETTLED stream; 5 s. */
  readonly drainWaitMs?: number;
  /** Event bytes kept in memory; 16 MiB. */
  readonly recentBytesMax?: number;
}

/** Who waits for what in a shard. */
export interface Deliveries {
  /** Reads what was settled, and checks that the store belongs to this stream. Before everything else. */
  start(): Promise<void>;
  /** First sequence that `applyEvents` must be given. After `start`. */
  followFrom(): number;
  /** Events of the shard, own and others', in order from `followFrom`; those seen before are passed over. Throws at a hole. */
  applyEvents(batch: readonly FedEvent[]): void;
  /** DeliveryService. */
  readonly service: GrpcService;
  /** Ends open streams with DRAINING, writes what was settled, closes the store. May be called again. */
  drain(): Promise<void>;
  /** Events addressed to an agency that a subscription ("main" unless named) has not settled. */
  waitingCount(agency: string, subscription?: string): number;
}

/** Makes the deliveries of one shard. Nothing in them is a source of truth: stream and SETTLED stream give all of it again. */
export function createDelivery(options: DeliveryOptions): Deliveries {
  const { shard, connection, logger, ackWaitMs = 30_000, authoriseEveryMs = 2_000, drainWaitMs = 5_000 } = options;
  const reader = createReader({ connection, streamName: eventStreamName(shard) });
  const bytes = new EventBytes(reader, options.recentBytesMax);
  const store = new ViewStore(join(options.directory, `delivery-${shardToken(shard)}.sqlite`));
  if (store.setAsideReason !== null) {
    logger.warn({ reason: store.setAsideReason }, "The delivery store was damaged; it is built anew from the stream.");
  }

  let parts: { view: DeliveryView; notices: FirstNotices; settledStream: SettledStream } | null = null;
  const started = () => {
    if (parts === null) throw new Error("The deliveries have not been started: await start() first.");
    return parts;
  };
  const timers: NodeJS.Timeout[] = [];
  let draining: Promise<void> | null = null;
  let publishing: Promise<void> | null = null;

  async function checkStoreBelongsToStream(): Promise<void> {
    const position = store.position();
    if (position === null) return;
    const stored = await reader.atSequence(position.sequence);
    if (stored !== null && hashesEqual(leafHash(stored.payload), position.hash)) return;
    logger.warn(
      { sequence: position.sequence },
      "The delivery store was made from another stream than the one that is there; it is built anew.",
    );
    store.reset();
  }

  function publish(): Promise<void> {
    publishing ??= (async () => {
      const { view, settledStream } = started();
      try {
        await settledStream.publish(view.changedSubscriptions());
      } catch (error) {
        logger.warn({ err: error }, "Settled positions could not be written; until they are, a crash hands out again.");
      } finally {
        publishing = null;
      }
    })();
    return publishing;
  }

  function every(periodMs: number, work: () => void): void {
    const guarded = () => {
      try {
        work();
      } catch (error) {
        logger.error({ err: error }, "Periodic work of the deliveries failed; it is tried again.");
      }
    };
    timers.push(setInterval(guarded, periodMs).unref());
  }

  async function drainOnce(): Promise<void> {
    for (const timer of timers) clearInterval(timer);
    if (parts === null) {
      store.close();
      return;
    }
    const { view, notices, settledStream } = parts;
    for (const receiver of [...view.receivers]) receiver.end(busError("DRAINING"));
    const deadline = performance.now() + drainWaitMs;
    await Promise.race([notices.settle(), new Promise((resume) => setTimeout(resume, drainWaitMs).unref())]);
    // A conflict is cured by the other replica's message, which arrives in a moment.
    do {
      await publish();
      if (view.changedSubscriptions().length === 0) break;
      await new Promise((resume) => setTimeout(resume, 20));
    } while (performance.now() < deadline && !connection.isClosed());
    await settledStream.stop();
    view.write();
    store.close();
  }

  const on: ReceiveDependencies = {
    shard,
    bytes,
    logger,
    get view() {
      return started().view;
    },
    get notices() {
      return started().notices;
    },
    lastSequence: async () => (await reader.state()).lastSequence,
    draining: () => draining !== null || parts === null,
  };

  return {
    service: grpcService(DeliveryServiceService, {
      receive: receivePort(on),
      fetchDeliveries: fetchPort(on),
      settleDelivery: settlePort(on),
    }),

    async start() {
      await checkStoreBelongsToStream();
      const view = new DeliveryView({
        store,
        bytes,
        clock: options.clock,
        logger,
        unwrittenEventsMax: options.unwrittenEventsMax ?? 2_000,
        authorise: options.authorise,
      });
      const notices = new FirstNotices(view.handoffs, logger, options.onFirstSettled);
      const settledStream = new SettledStream({
        shard,
        connection,
        logger,
        onSettled: (agency, subscription, state, sequence) =>
          view.settledElsewhere(agency, subscription, state, sequence),
      });
      await settledStream.start();
      const { lastSequence } = await reader.state();
      for (const subscription of view.allSubscriptions()) {
        if (!subscription.doubtBeyond(lastSequence)) continue;
        logger.warn(
          { agency: subscription.agency.name, subscription: subscription.name, lastSequence },
          "More is settled than the stream holds: it came back shorter. What is beyond its end is handed out.",
        );
      }
      parts = { view, notices, settledStream };
      every(Math.max(5, Math.min(1_000, ackWaitMs / 4)), () => {
        view.takeBackOlder(ackWaitMs);
        view.clearDesertedDesks(ackWaitMs);
      });
      every(options.writeEveryMs ?? 100, () => view.write());
      every(Math.min(1_000, authoriseEveryMs), () => view.authoriseAgain(authoriseEveryMs));
      every(options.publishEveryMs ?? 1_000, () => {
        notices.tellAgain();
        void publish();
      });
    },
    followFrom: () => started().view.position + 1,
    applyEvents(batch) {
      // What comes while we end is read again at the next start.
      if (draining === null) started().view.apply(batch);
    },
    drain() {
      draining ??= drainOnce();
      return draining;
    },
    waitingCount: (agency, subscription) => started().view.waitingCount(agency, subscription),
  };
}
