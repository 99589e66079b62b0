import { DatabaseSync, type StatementSync } from "node:sqlite";
import { parseCheckpoint, parseNote } from "@lienthong/tlog";

/** A witness of the policy that has not signed, and why. */
export interface MissingWitness {
  readonly witness: string;
  /** A sentence. */
  readonly reason: string;
}

/** A checkpoint as it is kept. */
export interface KeptCheckpoint {
  readonly size: number;
  /** With all cosignatures that were collected. */
  readonly note: string;
  /** When it was signed, by this machine's clock, milliseconds since 1970. */
  readonly sealedMs: number;
  /** Whether its cosignatures satisfy the policy's quorum. False where the policy has none. */
  readonly witnessed: boolean;
  readonly missing: readonly MissingWitness[];
}

/** Which checkpoints are wanted. */
export interface CheckpointQuestion {
  readonly minSize: number;
  readonly maxSize: number;
  readonly witnessed: boolean;
  readonly newestFirst: boolean;
  /** 1 and more. */
  readonly limit: number;
}

interface Row {
  size: number;
  note: string;
  sealed_ms: number;
  witnessed: number;
  missing: string;
}

/**
 * Every head that a log signed, with the cosignatures it got: time brackets need the old ones. Also the second place that knows how far the
 * log was signed, by which an old head file that was put back is noticed.
 */
export class KeptCheckpoints {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #exact: StatementSync;

  /** Opens or makes the file; `readOnly`: opens it and changes nothing. Throws if it is not such a file. */
  constructor(path: string, options: { readonly readOnly?: boolean } = {}) {
    const { readOnly = false } = options;
    this.#database = new DatabaseSync(path, { readOnly });
    if (!readOnly) this.#prepareFile();
    this.#insert = this.#database.prepare(
      "INSERT INTO checkpoints (size, note, sealed_ms, witnessed, missing) VALUES (?, ?, ?, 0, '[]') ON CONFLICT (size) DO NOTHING",
    );
    this.#update = this.#database.prepare("UPDATE checkpoints SET note = ?, witnessed = ?, missing = ? WHERE size = ?");
    this.#exact = this.#database.prepare("SELECT * FROM checkpoints WHERE size = ?");
  }

  #prepareFile(): void {
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS checkpoints (
        size INTEGER PRIMARY KEY,
        note TEXT NOT NULL,
        sealed_ms INTEGER NOT NULL,
        witnessed INTEGER NOT NULL,
        missing TEXT NOT NULL
      ) STRICT;
      CREATE INDEX IF NOT EXISTS witnessed_checkpoints ON checkpoints (size) WHERE witnessed = 1;
    `);
  }

  /** Keeps a head that was just signed; does nothing if one of this size is kept. On disk when it returns. */
  record(size: number, note: string, sealedMs: number): void {
    this.#insert.run(size, note, sealedMs);
  }

  /** Adds cosignatures to a kept head. On disk when it returns. */
  cosigned(size: number, note: string, witnessed: boolean, missing: readonly MissingWitness[]): void {
    this.#update.run(note, witnessed ? 1 : 0, JSON.stringify(missing), size);
  }

  /** The checkpoint of a size, or null. */
  ofSize(size: number): KeptCheckpoint | null {
    const row = this.#exact.get(size) as Row | undefined;
    return row === undefined ? null : keptOf(row);
  }

  /** Checkpoints by size. */
  list({ minSize, maxSize, witnessed, newestFirst, limit }: CheckpointQuestion): KeptCheckpoint[] {
    const rows = this.#database
      .prepare(
        `SELECT * FROM checkpoints WHERE size >= ? AND size <= ? ${witnessed ? "AND witnessed = 1" : ""}
         ORDER BY size ${newestFirst ? "DESC" : "ASC"} LIMIT ?`,
      )
      .all(minSize, maxSize, limit) as unknown as Row[];
    return rows.map(keptOf);
  }

  /** The largest, or the largest that is witnessed; null if there is none. */
  newest(witnessed: boolean): KeptCheckpoint | null {
    const all = { minSize: 0, maxSize: Number.MAX_SAFE_INTEGER, newestFirst: true, limit: 1 };
    return this.list({ ...all, witnessed })[0] ?? null;
  }

  /** Largest size that was ever signed; -1 if none. */
  signedSize(): number {
    const found = this.newest(false);
    if (found === null) return -1;
    // The note, not the column: whoever changed a row to hide a head would have to sign another note.
    return Math.max(found.size, parseCheckpoint(parseNote(found.note).text).size);
  }

  close(): void {
    this.#database.close();
  }
}

function keptOf(row: Row): KeptCheckpoint {
  return {
    size: row.size,
    note: row.note,
    sealedMs: row.sealed_ms,
    witnessed: row.witnessed === 1,
    missing: JSON.parse(row.missing) as MissingWitness[],
  };
}
