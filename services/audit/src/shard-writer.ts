import type { FollowedMessage } from "@lienthong/event-store";
import type { Database } from "./database.ts";
import type { FoldedDossier } from "./dossier-fold.ts";
import { foldEvents, type PinnedNames, readMessages } from "./fold-events.ts";
import type { indexSchema, nextSchema } from "./migrate.ts";
import { nothingReadOf, type ShardPosition } from "./rows.ts";
import { expectPosition, readFolds, readPosition, writeBatch } from "./write-batch.ts";

/** Dossiers whose custody is kept in memory, about 1.5 KB each; the others are read from their rows. */
const dossiersKeptMax = 16_384;

/**
 * Events of the shard after which the database counts its rows, the first time; then each time there are twice as many. Why: it finds the rows that a batch
 * changes by their keys only where it knows that there are many; else it reads all rows of the shard for every batch. A served PostgreSQL counts by itself
 * after a minute, the embedded one never.
 */
const countedEventsMin = 512;

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
    const { database, schema, shard, names, registryAt } = this.#on;
    const read = readMessages(shard, messages);
    const registrySize = read.reduce((most, { event }) => {
      const size = event.header.registryHead?.size ?? 0n;
      return size > most ? size : most;
    }, 0n);
    await registryAt(registrySize);
    const codes = new Set(read.flatMap(({ event }) => event.dossier ?? []));
    const dossiers = new Map<string, FoldedDossier>();
    const unknown: string[] = [];
    for (const code of codes) {
      const kept = this.#dossiers.get(code);
      if (kept === undefined) unknown.push(code);
      else dossiers.set(code, kept);
    }
    this.#position = await database.transaction(async (tx) => {
      // Losing the last transactions in a power failure only repeats them: nothing here is unique, so nothing waits for the disk.
      await tx.script(`set local search_path to ${schema}; set local synchronous_commit to off`);
      await expectPosition(tx, this.#position);
      for (const [code, folded] of await readFolds(tx, shard, unknown)) dossiers.set(code, folded);
      const { rows, position } = foldEvents(read, this.#position, dossiers, names);
      await writeBatch(tx, rows, this.#position, position);
      return position;
      // Here the rows and the position become visible together; a crash before leaves the batch to be read again, one after leaves nothing to do.
    });
    this.#keep(dossiers);
    if (this.#position.size >= this.#countAtSize) await this.#countRows();
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
