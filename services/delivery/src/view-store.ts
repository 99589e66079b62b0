import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type IndexEntry, indexAfter, packEntries, unpackEntries } from "./index-entry.ts";

/** A handoff that has not ended, as it is kept. */
export interface StoredHandoff {
  /** Sequence of the forward event. */
  readonly sequence: number;
  /** Its hash, 32 bytes. */
  readonly forward: Uint8Array;
  readonly dossier: string;
  /** Branches not answered yet: id, receiver, and whether "delivered" is in the stream. */
  readonly branches: readonly (readonly [branch: string, receiver: string, delivered: boolean])[];
}

/** One step of the write-behind. */
export interface ViewChanges {
  readonly agencies: readonly { readonly id: number; readonly name: string }[];
  readonly entries: readonly { readonly agency: number; readonly entries: readonly IndexEntry[] }[];
  readonly handoffs: readonly StoredHandoff[];
  /** Sequences of forwards whose handoffs have all ended. */
  readonly ended: readonly number[];
  /** Who has to do with a dossier, as text; null: it has ended. */
  readonly parties: readonly { readonly dossier: string; readonly text: string | null }[];
  readonly position: number;
  /** Leaf hash of the event at the position, 32 bytes. */
  readonly hash: Uint8Array;
}

const schemaVersion = 2;
/** Entries of one agency in one row; a page of the index is read in a few rows. */
const entriesPerRowMax = 512;
const cacheKib = 8_192;

const schema = `
  CREATE TABLE agencies (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE addressed (
    agency INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    count INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (agency, last_sequence)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE handoffs (
    sequence INTEGER PRIMARY KEY,
    forward BLOB NOT NULL UNIQUE CHECK (length(forward) = 32),
    dossier TEXT NOT NULL,
    branches TEXT NOT NULL
  ) STRICT;
  CREATE TABLE parties (dossier TEXT PRIMARY KEY, parties TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
  ) STRICT;
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * What the view has folded out of the stream so far: per agency the events addressed to it, the handoffs that have not
 * ended, and who has to do with each open dossier. Rebuildable, so nothing here is fsynced: a power cut takes position and content back together.
 */
export class ViewStore {
  readonly #path: string;
  #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  /** Why the file that was there is not used; null if it is, or there was none. */
  readonly setAsideReason: string | null;

  /** Opens or creates the file; a damaged one is renamed to `<path>.damaged` and the view is built anew. */
  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    let reason: string | null = null;
    try {
      this.#database = openChecked(path);
    } catch (error) {
      if (!isDamage(error)) throw error;
      reason = error instanceof Error ? error.message : String(error);
      removeFiles(`${path}.damaged`);
      for (const suffix of fileSuffixes) {
        if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged${suffix}`);
      }
      this.#database = openChecked(path);
    }
    this.setAsideReason = reason;
  }

  /** Last sequence that is in the view and its leaf hash; null for an empty view. */
  position(): { sequence: number; hash: Uint8Array } | null {
    const row = this.#statement("SELECT sequence, hash FROM position WHERE id = 1").get();
    return row === undefined ? null : { sequence: row.sequence as number, hash: row.hash as Uint8Array };
  }

  /** Every agency, and how many events are addressed to it. */
  agencies(): { id: number; name: string; count: number }[] {
    return this.#statement(
      `SELECT id, name, coalesce((SELECT sum(count) FROM addressed WHERE agency = id), 0) AS count FROM agencies`,
    ).all() as { id: number; name: string; count: number }[];
  }

  /** Makes the changes, position included, or none of them. */
  write(changes: ViewChanges): void {
    const database = this.#database;
    const addAgency = this.#statement("INSERT INTO agencies (id, name) VALUES (?, ?)");
    const addEntries = this.#statement("INSERT INTO addressed VALUES (?, ?, ?, ?)");
    const putHandoff = this.#statement("INSERT OR REPLACE INTO handoffs VALUES (?, ?, ?, ?)");
    const endHandoff = this.#statement("DELETE FROM handoffs WHERE sequence = ?");
    const putParties = this.#statement("INSERT OR REPLACE INTO parties VALUES (?, ?)");
    const endDossier = this.#statement("DELETE FROM parties WHERE dossier = ?");
    const move = this.#statement("INSERT OR REPLACE INTO position VALUES (1, ?, ?)");
    database.exec("BEGIN IMMEDIATE");
    try {
      for (const { id, name } of changes.agencies) addAgency.run(id, name);
      for (const { agency, entries } of changes.entries) {
        for (let start = 0; start < entries.length; start += entriesPerRowMax) {
          const row = entries.slice(start, start + entriesPerRowMax);
          addEntries.run(agency, (row.at(-1) as IndexEntry).sequence, row.length, packEntries(row));
        }
      }
      for (const { sequence, forward, dossier, branches } of changes.handoffs) {
        putHandoff.run(sequence, forward, dossier, JSON.stringify(branches));
      }
      for (const sequence of changes.ended) endHandoff.run(sequence);
      for (const { dossier, text } of changes.parties) {
        if (text === null) endDossier.run(dossier);
        else putParties.run(dossier, text);
      }
      move.run(changes.position, changes.hash);
      // A crash before this leaves view and position where they were: the events between are handed over again.
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Entries of an agency after a sequence, in order. */
  entriesAfter(agency: number, sequence: number, limit: number): IndexEntry[] {
    const found: IndexEntry[] = [];
    const rows = this.#statement(
      "SELECT entries FROM addressed WHERE agency = ? AND last_sequence > ? ORDER BY last_sequence LIMIT ?",
    ).all(agency, sequence, limit) as { entries: Uint8Array }[];
    for (const row of rows) {
      const entries = unpackEntries(row.entries);
      found.push(...entries.slice(indexAfter(entries, sequence)));
      if (found.length >= limit) return found.slice(0, limit);
    }
    return found;
  }

  /** The entry of an agency at a sequence; null if that event is not addressed to it. */
  entry(agency: number, sequence: number): IndexEntry | null {
    const entries = this.#rowWith(agency, sequence);
    const entry = entries[indexAfter(entries, sequence - 1)];
    return entry?.sequence === sequence ? entry : null;
  }

  /** How many entries an agency has after a sequence. */
  countAfter(agency: number, sequence: number): number {
    const { count } = this.#statement(
      "SELECT coalesce(sum(count), 0) AS count FROM addressed WHERE agency = ? AND last_sequence > ?",
    ).get(agency, sequence) as { count: number };
    return count - indexAfter(this.#rowWith(agency, sequence + 1), sequence);
  }

  handoffByForward(forward: Uint8Array): StoredHandoff | null {
    return storedHandoff(this.#statement("SELECT * FROM handoffs WHERE forward = ?").get(forward));
  }

  handoffBySequence(sequence: number): StoredHandoff | null {
    return storedHandoff(this.#statement("SELECT * FROM handoffs WHERE sequence = ?").get(sequence));
  }

  /** Who has to do with an open dossier, as it was written; null if it has ended or is not known. */
  parties(dossier: string): string | null {
    const row = this.#statement("SELECT parties FROM parties WHERE dossier = ?").get(dossier);
    return row === undefined ? null : (row.parties as string);
  }

  /** Forgets everything, because the stream is not the one that the view was made from. */
  reset(): void {
    this.close();
    removeFiles(this.#path);
    this.#prepared.clear();
    this.#database = openChecked(this.#path);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #rowWith(agency: number, sequence: number): IndexEntry[] {
    const row = this.#statement(
      "SELECT entries FROM addressed WHERE agency = ? AND last_sequence >= ? ORDER BY last_sequence LIMIT 1",
    ).get(agency, sequence);
    return row === undefined ? [] : unpackEntries(row.entries as Uint8Array);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

const fileSuffixes = ["", "-wal", "-shm"];

class DamagedError extends Error {}

/** SQLITE_CORRUPT and SQLITE_NOTADB, or content we did not write; not a full disk or missing rights. */
function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return error instanceof DamagedError || (code !== undefined && [11, 26].includes(code & 0xff));
}

function openChecked(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    // Never synced: after a power loss it may be damaged, which is noticed, and it is made anew from the streams. Its checkpoints would
    // make the event stream's own syncs wait.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -${cacheKib}`);
    const { user_version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (user_version === 0) database.exec(`BEGIN; ${schema} COMMIT;`);
    else if (user_version !== schemaVersion) {
      throw new DamagedError(`It has schema version ${user_version}, not ${schemaVersion}.`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function removeFiles(path: string): void {
  for (const suffix of fileSuffixes) rmSync(path + suffix, { force: true });
}

function storedHandoff(row: Record<string, unknown> | undefined): StoredHandoff | null {
  if (row === undefined) return null;
  return {
    sequence: row.sequence as number,
    forward: row.forward as Uint8Array,
    dossier: row.dossier as string,
    branches: JSON.parse(row.branches as string) as StoredHandoff["branches"],
  };
}
