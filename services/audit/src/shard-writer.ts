import type { FollowedMessage } from "@lienthong/event-store";
import type { Database, Queryable } from "./database.ts";
import type { FoldedDossier } from "./dossier-fold.ts";
import { foldEvents, type IndexedMessage, type PinnedNames, readMessages } from "./fold-events.ts";
import type { indexSchema, nextSchema } from "./migrate.ts";
import { BatchRows, nothingReadOf, type ShardPosition } from "./rows.ts";
import { expectPosition, readFolds, readPosition, writeBatch } from "./write-batch.ts";

/** Dossiers whose custody is kept in memory, about 1.5 KB each; the others are read from their rows. */
const dossiersKeptMax = 16_384;

/**
 * Events of the shard after which the database counts its rows, the first time; then each time there are twice as many. Why: it finds the rows that a batch
 * changes by their keys only where it knows that there are many; else it reads all rows of the shard for every batch. A served PostgreSQL counts by itself
 * after a minute, the embedded one never.
 */
const countedEventsMin = 512;

/** Events are read and folded so many at a time: what was decoded of one is garbage before it is worth moving. */
const foldedAtOnce = 512;

/** What a writer writes through. */
export interface ShardWriterOptions {
  readonly database: Database;
  readonly schema: typeof indexSchema | typeof nextSchema;
  readonly shard: string;
  readonly names: PinnedNames;
  /** Resolves when the registry is read to this size: what events pin is known then. */
  readonly registryAt: (size: bigint) => Promise<void>;
}

/** Writes the rows of one shard, batch by batch. One at a time per shard and schema. */
export class ShardWriter {
  readonly #on: ShardWriterOptions;
  #position: ShardPosition;
  #dossiers = new Map<string, FoldedDossier>();
  /** Size at which rows are counted next. After a start nobody knows when it was done last. */
  #countAtSize = countedEventsMin;

  private constructor(on: ShardWriterOptions, position: ShardPosition) {
    this.#on = on;
    this.#position = position;
  }

  /** Opens it where the rows end. */
  static async open(on: ShardWriterOptions): Promise<ShardWriter> {
    const position = await on.database.transaction(async (tx) => {
      await tx.script(`set local search_path to ${on.schema}`);
      return readPosition(tx, on.shard);
    });
    return new ShardWriter(on, position ?? nothingReadOf(on.shard));
  }

  get position(): ShardPosition {
    return this.#position;
  }

  /**
   * Folds the next messages and writes what comes of them, in one transaction. After a failure nothing of it is written and the writer is of
   * no more use: open another.
   * @throws StreamContradictsError, IndexTakenError, or the driver's error.
   */
  async write(messages: readonly FollowedMessage[]): Promise<void> {
    const { shard, names } = this.#on;
    const dossiers = new Map<string, FoldedDossier>();
    const rows = new BatchRows();
    let position = this.#position;
    for (let from = 0; from < messages.length; from += foldedAtOnce) {
      const read = readMessages(shard, messages.slice(from, from + foldedAtOnce));
      await this.#learnOf(read, dossiers);
      position = foldEvents(read, position, dossiers, names, rows);
    }
    await this.#transaction(async (tx) => {
      await writeBatch(tx, rows, dossiers, this.#position, position);
      // Here the rows and the position become visible together; a crash before leaves the batch to be read again, one after leaves nothing to do.
    });
    this.#position = position;
    this.#keep(dossiers);
    if (this.#position.size >= this.#countAtSize) await this.#countRows();
  }

  /** A transaction on rows that still end where this writer left them. */
  #transaction(work: (tx: Queryable) => Promise<void>): Promise<void> {
    const { database, schema } = this.#on;
    return database.transaction(async (tx) => {
      // Losing the last transactions in a power failure only repeats them: nothing here is unique, so nothing waits for the disk.
      await tx.script(`set local search_path to ${schema}; set local synchronous_commit to off`);
      await expectPosition(tx, this.#position);
      await work(tx);
    });
  }

  /**
   * Makes known what these events build on: their dossiers as they are before them, and what they pin of the registry. Outside of a transaction,
   * because the registry may be waited for: an embedded database would answer nobody meanwhile.
   */
  async #learnOf(read: readonly IndexedMessage[], dossiers: Map<string, FoldedDossier>): Promise<void> {
    let registrySize = 0n;
    const opened = new Set<string>();
    const unknown = new Set<string>();
    for (const { event } of read) {
      const size = event.header.registryHead?.size ?? 0n;
      if (size > registrySize) registrySize = size;
      const code = event.dossier;
      if (code === null || dossiers.has(code) || opened.has(code)) continue;
      const kept = this.#dossiers.get(code);
      if (kept !== undefined) dossiers.set(code, kept);
      // Before its first event there is nothing to be known of a dossier.
      else if (event.header.number === 1n) opened.add(code);
      else unknown.add(code);
    }
    await this.#on.registryAt(registrySize);
    if (unknown.size === 0) return;
    await this.#transaction(async (tx) => {
      for (const [code, folded] of await readFolds(tx, this.#on.shard, [...unknown])) dossiers.set(code, folded);
    });
  }

  async #countRows(): Promise<void> {
    const { database, schema } = this.#on;
    await database.transaction((tx) =>
      tx.script(`set local search_path to ${schema}; analyze event, dossier, handoff, holding`),
    );
    this.#countAtSize = this.#position.size * 2;
  }

  #keep(dossiers: ReadonlyMap<string, FoldedDossier>): void {
    for (const [code, folded] of dossiers) {
      this.#dossiers.delete(code);
      this.#dossiers.set(code, folded);
    }
    for (const code of this.#dossiers.keys()) {
      if (this.#dossiers.size <= dossiersKeptMax) return;
      this.#dossiers.delete(code);
    }
  }
}
