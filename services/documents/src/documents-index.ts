import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { RecordState } from "./document-record.ts";

/** A record as the index knows it. */
export interface IndexedDocument {
  readonly documentId: string;
  readonly dossier: string;
  readonly agency: string;
  readonly state: RecordState;
  readonly stateMs: number;
  readonly createdMs: number;
}

/** A statement that had documents erased. */
export interface Erasure {
  /** Sequence of its event. */
  readonly sequence: number;
  readonly dossier: string;
  /** When it was recorded, real UTC, milliseconds since 1970: what was uploaded later is not meant. */
  readonly wallMs: number;
  /** Empty: all documents of the dossier. */
  readonly documentIds: readonly string[];
}

/** Where the fold of the event stream stands. */
export interface EventPosition {
  readonly sequence: number;
  /** Leaf hash of the event there, 32 bytes. */
  readonly hash: Uint8Array;
}

/** What a batch of events adds. */
export interface EventChanges {
  /** Ids of documents named by events. */
  readonly named: readonly string[];
  readonly erasures: readonly Erasure[];
  readonly position: EventPosition;
}

const schemaVersion = 1;
const schema = `
  CREATE TABLE documents (
    document_id TEXT PRIMARY KEY,
    dossier TEXT NOT NULL,
    agency TEXT NOT NULL,
    state TEXT NOT NULL,
    state_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX documents_by_dossier ON documents (dossier, agency);
  CREATE INDEX documents_by_state ON documents (state, state_ms) WHERE state <> 'erased';
  CREATE TABLE named (document_id TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
  CREATE TABLE erasures (
    sequence INTEGER PRIMARY KEY,
    dossier TEXT NOT NULL,
    wall_ms INTEGER NOT NULL,
    document_ids TEXT NOT NULL
  ) STRICT;
  CREATE TABLE event_position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
  ) STRICT;
  CREATE TABLE record_position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    stream_created TEXT NOT NULL
  ) STRICT;
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * An index of the records of a shard, and of what its events say about documents: which are named at all, and which are to be erased.
 * Folded out of two streams and rebuildable, so nothing here is fsynced: a power cut takes positions and content back together. It
 * finds what to look at; what is done is decided by the streams themselves.
 */
export class DocumentsIndex {
  readonly #path: string;
  #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  /** Why the file that was there is not used; null if it is, or there was none. */
  readonly setAsideReason: string | null;

  /** Opens or creates the file; a damaged one is renamed to `<path>.damaged`. */
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

  /** Null: nothing of the event stream is in yet. */
  eventPosition(): EventPosition | null {
    const row = this.#statement("SELECT sequence, hash FROM event_position").get();
    return row === undefined ? null : { sequence: row.sequence as number, hash: row.hash as Uint8Array };
  }

  /** Last record that is in, and when the stream it came from was made; null for none. */
  recordPosition(): { sequence: number; streamCreated: string } | null {
    const row = this.#statement("SELECT sequence, stream_created FROM record_position").get();
    return row === undefined ? null : { sequence: row.sequence as number, streamCreated: row.stream_created as string };
  }

  /** Adds events up to a position, or none of them. */
  applyEvents({ named, erasures, position }: EventChanges): void {
    const addNamed = this.#statement("INSERT OR IGNORE INTO named VALUES (?)");
    const addErasure = this.#statement("INSERT OR REPLACE INTO erasures VALUES (?, ?, ?, ?)");
    const move = this.#statement("INSERT OR REPLACE INTO event_position VALUES (1, ?, ?)");
    // A crash before the commit leaves content and position where they were: the events are read again.
    this.#atomically(() => {
      for (const documentId of named) addNamed.run(documentId);
      for (const { sequence, dossier, wallMs, documentIds } of erasures) {
        addErasure.run(sequence, dossier, wallMs, JSON.stringify(documentIds));
      }
      move.run(position.sequence, position.hash);
    });
  }

  /** Adds records up to a sequence, or none of them; a record of null is gone. */
  applyRecords(
    records: readonly { documentId: string; record: IndexedDocument | null }[],
    sequence: number,
    streamCreated: string,
  ): void {
    const put = this.#statement("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)");
    const remove = this.#statement("DELETE FROM documents WHERE document_id = ?");
    const move = this.#statement("INSERT OR REPLACE INTO record_position VALUES (1, ?, ?)");
    this.#atomically(() => {
      for (const { documentId, record } of records) {
        if (record === null) remove.run(documentId);
        else {
          const { dossier, agency, state, stateMs, createdMs } = record;
          put.run(documentId, dossier, agency, state, stateMs, createdMs);
        }
      }
      move.run(sequence, streamCreated);
    });
  }

  /** Documents that are taken back, and that an event names all the same. */
  namedButDeleted(): string[] {
    const rows = this.#statement(
      "SELECT document_id FROM documents WHERE state = 'deleted' AND document_id IN (SELECT document_id FROM named)",
    ).all();
    return rows.map((row) => row.document_id as string);
  }

  uploadedBy(agency: string, dossier: string): string[] {
    const rows = this.#statement("SELECT document_id FROM documents WHERE dossier = ? AND agency = ?").all(
      dossier,
      agency,
    );
    return rows.map((row) => row.document_id as string);
  }

  documentsOf(dossier: string): IndexedDocument[] {
    return this.#statement("SELECT * FROM documents WHERE dossier = ?").all(dossier).map(indexed) as IndexedDocument[];
  }

  /** Documents that have been in a state since before an instant, oldest first; those an event names left out if asked. */
  inStateSince(state: RecordState, beforeMs: number, unnamedOnly: boolean, limit: number): IndexedDocument[] {
    const unnamed = unnamedOnly ? "AND document_id NOT IN (SELECT document_id FROM named)" : "";
    const rows = this.#statement(
      `SELECT * FROM documents WHERE state = ? AND state <> 'erased' AND state_ms <= ? ${unnamed} ORDER BY state_ms LIMIT ?`,
    ).all(state, beforeMs, limit);
    return rows.map(indexed) as IndexedDocument[];
  }

  erasures(): Erasure[] {
    return this.#statement("SELECT * FROM erasures ORDER BY sequence")
      .all()
      .map((row) => ({
        sequence: row.sequence as number,
        dossier: row.dossier as string,
        wallMs: row.wall_ms as number,
        documentIds: JSON.parse(row.document_ids as string) as string[],
      }));
  }

  erasureDone(sequence: number): void {
    this.#statement("DELETE FROM erasures WHERE sequence = ?").run(sequence);
  }

  /** Forgets everything, because a stream is not the one that the index was made from. */
  reset(): void {
    this.close();
    removeFiles(this.#path);
    this.#prepared.clear();
    this.#database = openChecked(this.#path);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #atomically(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
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
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -2048");
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

function indexed(row: Record<string, unknown> | undefined): IndexedDocument | null {
  if (row === undefined) return null;
  return {
    documentId: row.document_id as string,
    dossier: row.dossier as string,
    agency: row.agency as string,
    state: row.state as RecordState,
    stateMs: row.state_ms as number,
    createdMs: row.created_ms as number,
  };
}
