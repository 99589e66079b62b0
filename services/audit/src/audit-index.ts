import { busError, type Logger } from "@lienthong/chassis";
import { createReader, eventStreamName, follow } from "@lienthong/event-store";
import type { NatsConnection } from "@nats-io/nats-core";
import { compareIndexes, type DifferentRow, digestOfIndex } from "./compare-index.ts";
import type { Database } from "./database.ts";
import type { PinnedNames } from "./fold-events.ts";
import { applyMigrations, indexSchema, type Migration, migrate, nextSchema, readMigrations } from "./migrate.ts";
import { indexShard, type ShardIndexer } from "./shard-indexer.ts";
import { ShardWriter } from "./shard-writer.ts";

/** Differing rows that are told. */
const differencesMax = 100;
/** Readers of the present index are kept waiting no longer than the last part of a rebuild takes. */
const nearEvents = 10_000;

/** What an index is made of. */
export interface AuditIndexOptions {
  readonly database: Database;
  /** Role `audit`. */
  readonly connection: NatsConnection;
  readonly names: PinnedNames;
  readonly registryAt: (size: bigint) => Promise<void>;
  readonly logger: Logger;
  /** Told whenever a shard was read further or is not read any more. */
  readonly onChange?: () => void;
}

/** How a rebuild goes, and at its end what it found. */
export interface RebuildProgress {
  readonly events: number;
  readonly eventsTotal: number;
  readonly result: {
    readonly differences: readonly DifferentRow[];
    readonly differenceCount: number;
    readonly digest: Uint8Array;
  } | null;
}

/** The index of every shard that it is told to read. */
export class AuditIndex {
  readonly migration: number;
  readonly #on: AuditIndexOptions;
  readonly #migrations: readonly Migration[];
  readonly #indexers = new Map<string, ShardIndexer>();
  #rebuilding = false;

  private constructor(on: AuditIndexOptions, migrations: readonly Migration[], migration: number) {
    this.#on = on;
    this.#migrations = migrations;
    this.migration = migration;
  }

  /** Brings the tables to this version. Throws DatabaseRefusedError. */
  static async open(on: AuditIndexOptions): Promise<AuditIndex> {
    const migrations = await readMigrations();
    return new AuditIndex(on, migrations, await migrate(on.database, migrations));
  }

  get database(): Database {
    return this.#on.database;
  }

  /** Reads a shard from now on. Asking twice is no error. */
  followShard(shard: string): void {
    if (this.#indexers.has(shard)) return;
    const { connection, logger } = this.#on;
    this.#indexers.set(
      shard,
      indexShard({
        shard,
        connection,
        logger,
        kind: this.#on.database.kind,
        openWriter: () => this.#openWriter(shard, indexSchema),
        onChange: () => this.#on.onChange?.(),
      }),
    );
  }

  /** Shards that are read, by name. */
  indexers(): readonly ShardIndexer[] {
    return [...this.#indexers.values()].toSorted((a, b) => (a.shard < b.shard ? -1 : 1));
  }

  /** Resolves when all that the streams hold now is read, or after this span; never rejects. */
  async catchUp(timeoutMs: number): Promise<void> {
    const { connection } = this.#on;
    const signal = AbortSignal.timeout(timeoutMs);
    await Promise.all(
      this.indexers().map(async ({ shard, stoppedBecause }) => {
        if (stoppedBecause() !== null) return;
        const reader = createReader({ connection, streamName: eventStreamName(shard), timeoutMs });
        const { lastSequence } = await reader.state();
        await this.waitForSize(shard, lastSequence, signal);
      }),
    ).catch(() => {});
  }

  /** Resolves when a shard is read to this size; rejects with why it is not, when it stops or the signal is aborted. */
  async waitForSize(shard: string, size: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const indexer = this.#indexers.get(shard);
      if ((indexer?.position()?.size ?? -1) >= size) return;
      const stopped = indexer?.stoppedBecause();
      if (stopped != null) throw new Error(stopped);
      signal.throwIfAborted();
      indexer?.hurry();
      await new Promise((resume) => setTimeout(resume, 2));
    }
  }

  /**
   * Makes the index anew beside the present one, from the streams' first events; compares the two; puts the new one in its place unless
   * `compareOnly`. Questions are answered from the present one meanwhile, which is read further until the last events are compared.
   */
  async *rebuild(options: {
    readonly compareOnly: boolean;
    readonly signal: AbortSignal;
  }): AsyncGenerator<RebuildProgress> {
    if (this.#rebuilding)
      throw busError("OVERLOADED", { message: "The index is being made anew already; ask again when that is done." });
    this.#rebuilding = true;
    const { signal } = options;
    let paused: string[] = [];
    try {
      await this.database.transaction(async (tx) => {
        await tx.script(
          `drop schema if exists ${nextSchema} cascade; create schema ${nextSchema}; set local search_path to ${nextSchema}`,
        );
        await applyMigrations(tx, this.#migrations);
      });
      const shards = this.indexers().map(({ shard }) => shard);
      const writers = new Map<string, ShardWriter>();
      for (const shard of shards) writers.set(shard, await this.#openWriter(shard, nextSchema));
      const events = () => [...writers.values()].reduce((sum, { position }) => sum + position.size, 0);
      for (let last = false; ; ) {
        if (last) paused = await this.#pause();
        const targets = new Map<string, number>();
        for (const shard of shards) targets.set(shard, await this.#targetOf(shard));
        const eventsTotal = [...targets.values()].reduce((sum, size) => sum + size, 0);
        for (const [shard, writer] of writers) {
          for await (const _ of this.#readInto(writer, shard, targets.get(shard) ?? 0, signal)) {
            yield { events: events(), eventsTotal, result: null };
          }
        }
        if (last) break;
        let behind = 0;
        for (const [shard, { position }] of writers) behind += (await this.#targetOf(shard)) - position.size;
        last = behind < nearEvents;
      }
      const found = await this.database.transaction(async (tx) => {
        await tx.script(`set local search_path to ${nextSchema}`);
        if (this.database.kind === "postgresql") await tx.script("set local statement_timeout to 0");
        const { count, rows } = await compareIndexes(tx, differencesMax);
        return { differences: rows, differenceCount: count, digest: await digestOfIndex(tx) };
      });
      await this.database.transaction(async (tx) => {
        if (options.compareOnly) await tx.script(`drop schema ${nextSchema} cascade`);
        // Whoever asks sees the old tables until here and the new ones afterwards; a crash leaves the old ones, and a rest that the next rebuild drops.
        else await tx.script(`drop schema ${indexSchema} cascade; alter schema ${nextSchema} rename to ${indexSchema}`);
      });
      yield { events: events(), eventsTotal: events(), result: found };
    } finally {
      for (const shard of paused) this.followShard(shard);
      this.#rebuilding = false;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#indexers.values()].map((indexer) => indexer.stop()));
  }

  #openWriter(shard: string, schema: typeof indexSchema | typeof nextSchema): Promise<ShardWriter> {
    const { database, names, registryAt } = this.#on;
    return ShardWriter.open({ database, schema, shard, names, registryAt });
  }

  async #pause(): Promise<string[]> {
    const shards = [...this.#indexers.keys()];
    await Promise.all([...this.#indexers.values()].map((indexer) => indexer.stop()));
    this.#indexers.clear();
    return shards;
  }

  /** How far the new rows of a shard go: as far as the present ones, or to the end of a stream that is shorter. */
  async #targetOf(shard: string): Promise<number> {
    const { lastSequence } = await createReader({
      connection: this.#on.connection,
      streamName: eventStreamName(shard),
    }).state();
    const present = await this.#openWriter(shard, indexSchema);
    return Math.min(lastSequence, present.position.size);
  }

  /** Reads a stream up to a size. Yields after each batch. */
  async *#readInto(writer: ShardWriter, shard: string, size: number, signal: AbortSignal): AsyncGenerator<void> {
    if (writer.position.size >= size) return;
    const ended = Promise.withResolvers<void>();
    ended.promise.catch(() => {});
    let wake = (): void => {};
    let done = false;
    const follower = follow({
      connection: this.#on.connection,
      streamName: eventStreamName(shard),
      fromSequence: writer.position.size + 1,
      async onMessages(messages) {
        const wanted = messages.filter(({ sequence }) => sequence <= size);
        if (wanted.length > 0) await writer.write(wanted);
        if (writer.position.size >= size) done = true;
        wake();
      },
      onGap: (expected, got) =>
        ended.reject(
          new Error(`Event ${expected - 1} is missing from the stream of ${shard}; the next one there is ${got - 1}.`),
        ),
      onError: (error) => ended.reject(error),
    });
    try {
      while (!done) {
        signal.throwIfAborted();
        const written = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([written, ended.promise]);
        yield;
      }
    } finally {
      await follower.stop();
    }
  }
}
