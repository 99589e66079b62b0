import { join } from "node:path";
import type { Clock, Logger } from "@lienthong/chassis";
import { createReader, eventStreamName, type Follower, follow, shardToken } from "@lienthong/event-store";
import { readEvent } from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { type Collected, Collector } from "./collector.ts";
import { assertDocumentStreams } from "./document-streams.ts";
import { DocumentsIndex } from "./documents-index.ts";
import { createDossierTrails } from "./dossier-trails.ts";
import { EventFold, type FedEvent } from "./follow-events.ts";
import { followRecords } from "./follow-records.ts";
import { createPartStore } from "./part-store.ts";
import { createRecordStore } from "./record-store.ts";
import type { ShardDocuments } from "./served-documents.ts";

/** What the documents of a shard are kept with. */
export interface DocumentsOptions {
  readonly shard: string;
  /** NATS connection of role `documents`. */
  readonly connection: NatsConnection;
  /** Folder of `documents-<shard>.sqlite`, this replica's own. */
  readonly directory: string;
  /** Real UTC. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** Unfinished uploads are collected after so long without progress; 24 h. */
  readonly unfinishedMs?: number;
  /** Complete documents that no event names are taken back after so long; 7 days. */
  readonly unnamedMs?: number;
  /** Bytes of documents that were taken back go after so long; 24 h. Must be far longer than a statement takes to become durable. */
  readonly graceMs?: number;
  /** How often all that is looked for; 10 min. */
  readonly collectEveryMs?: number;
}

/** The documents of a shard. */
export interface Documents {
  /** For the service that answers calls (document-service.ts). */
  readonly served: ShardDocuments;
  /** Checks streams and index, and reads the records. Before everything else. */
  start(): Promise<void>;
  /** First sequence that `applyEvents` must be given. After `start`. */
  followFrom(): number;
  /** Events of the shard in order from `followFrom`; those seen before are passed over. Throws at a hole. */
  applyEvents(batch: readonly FedEvent[]): void;
  /** Follows the event stream by itself, where nobody else feeds it. Resolves when all that was there has been read. */
  followEvents(): Promise<void>;
  /** Collects now. */
  collect(): Promise<Collected>;
  /** Ends following and collecting, closes the index. May be called again. */
  drain(): Promise<void>;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const positionEveryMs = 1_000;

/** Makes the documents of one shard. The records' and the parts' streams are the truth; the folder holds an index of them. */
export async function createDocuments(options: DocumentsOptions): Promise<Documents> {
  const { shard, connection, clock, logger } = options;
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const eventReader = createReader({ connection, streamName: eventStreamName(shard) });
  const records = createRecordStore(connection, shard);
  const parts = await createPartStore(connection, shard);
  const trails = createDossierTrails(connection, shard);
  const index = new DocumentsIndex(join(options.directory, `documents-${shardToken(shard)}.sqlite`));
  if (index.setAsideReason !== null) {
    logger.warn(
      { reason: index.setAsideReason },
      "The index of documents was damaged; it is built anew from the streams.",
    );
  }
  const collector = new Collector({
    shard,
    connection,
    index,
    records,
    parts,
    trails,
    clock,
    logger,
    unfinishedMs: options.unfinishedMs ?? dayMs,
    unnamedMs: options.unnamedMs ?? 7 * dayMs,
    graceMs: options.graceMs ?? dayMs,
  });
  let fold: EventFold | null = null;
  let recordFollower: Follower | null = null;
  let eventFollower: Follower | null = null;
  const timers: NodeJS.Timeout[] = [];
  const working = new Set<Promise<unknown>>();
  let draining: Promise<void> | null = null;

  function started(): EventFold {
    if (fold === null) throw new Error("The documents have not been started: await start() first.");
    return fold;
  }

  /** Work that nobody waits for. What fails is done again by the next round of collecting. */
  function inBackground(what: string, work: () => Promise<unknown>): void {
    if (draining !== null) return;
    const done = work()
      .catch((error: unknown) => logger.warn({ err: error }, `${what} failed; it is tried again.`))
      .finally(() => working.delete(done));
    working.add(done);
  }

  /** Taken back and named may be seen in either order: whichever comes second finds the other. */
  function restoreNamedDocuments(): void {
    const documentIds = index.namedButDeleted();
    if (documentIds.length > 0) inBackground("Restoring documents", () => collector.restore(documentIds));
  }

  async function checkIndexBelongsToEvents(): Promise<void> {
    const position = index.eventPosition();
    if (position === null) return;
    const stored = await eventReader.atSequence(position.sequence);
    if (stored !== null && hashesEqual(leafHash(stored.payload), position.hash)) return;
    logger.warn(
      { sequence: position.sequence },
      "The index of documents was made from another event stream than the one that is there; it is built anew.",
    );
    index.reset();
  }

  async function drainOnce(): Promise<void> {
    for (const timer of timers) clearInterval(timer);
    await eventFollower?.stop();
    await recordFollower?.stop();
    await Promise.all(working);
    fold?.write();
    index.close();
  }

  return {
    served: {
      shard,
      records,
      parts,
      trails,
      clock,
      uploadedBy: (agency, dossier) => index.uploadedBy(agency, dossier),
    },

    async start() {
      await assertDocumentStreams(manager, shard);
      await checkIndexBelongsToEvents();
      recordFollower = await followRecords({
        shard,
        connection,
        index,
        logger,
        onDeleted: restoreNamedDocuments,
        onEnded: (error) =>
          logger.error({ err: error }, "The documents' records are no longer followed; start the service again."),
      });
      fold = new EventFold(index, {
        onNamed: restoreNamedDocuments,
        onUnwritten: (error) =>
          logger.error({ err: error }, "The index of documents cannot be written; it is tried again every second."),
        onErasure: () => inBackground("Erasing documents", () => collector.erase()),
      });
      const { collectEveryMs = 600_000 } = options;
      timers.push(
        setInterval(() => started().write(), positionEveryMs).unref(),
        setInterval(() => inBackground("Collecting documents", () => collector.collect()), collectEveryMs).unref(),
      );
      if (index.erasures().length > 0) inBackground("Erasing documents", () => collector.erase());
    },

    followFrom: () => started().position + 1,

    applyEvents(batch) {
      // What comes while we end is read again at the next start.
      if (draining === null) started().apply(batch);
    },

    async followEvents() {
      eventFollower = follow({
        connection,
        streamName: eventStreamName(shard),
        fromSequence: started().position + 1,
        onMessages: (messages) =>
          started().apply(
            messages.map(({ sequence, payload }) => {
              const bytes = Uint8Array.from(payload);
              return { sequence, bytes, hash: leafHash(bytes), event: readEvent(bytes) };
            }),
          ),
        onGap: (expected, got) =>
          logger.error(
            { expected, got },
            "The event stream is shorter than, or different from, what was followed; documents follow it no longer.",
          ),
        onError: (error) =>
          logger.error({ err: error }, "The event stream is no longer followed; start the service again."),
      });
      await eventFollower.caughtUp;
    },

    collect: () => collector.collect(),

    drain() {
      draining ??= drainOnce();
      return draining;
    },
  };
}
