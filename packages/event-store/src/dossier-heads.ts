import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { DurableHeadValue } from "./durable-head.ts";

/** The newest event of one dossier that this replica has seen. */
export interface DossierHead {
  /** Sequence in the stream. */
  sequence: number;
  /** Number within the dossier. */
  number: number;
  /** RFC 6962 leaf hash, 32 bytes. */
  hash: Uint8Array;
}

/** How far the stream has been folded into the table. */
export type FollowPosition = DurableHeadValue;

/** What was found when the file was opened; log anything but `existing`. */
export type DossierHeadsOrigin =
  | { kind: "existing" }
  | { kind: "created" }
  /** The file was damaged: it was renamed, and the table starts empty, to be refilled by following from sequence 1. */
  | { kind: "rebuilt"; reason: string; setAsidePath: string };

/**
 * Dossier → newest event seen, kept outside NATS by a follower, so that a dossier whose head went back is noticed.
 */
export interface DossierHeads {
  readonly origin: DossierHeadsOrigin;
  /**
   * Adds a batch and moves the position, in one transaction. An entry that is not newer than the stored one is
   * ignored, so a batch may be applied again. Throws if the position would move back in (generation, sequence).
   */
  apply(batch: readonly (DossierHead & { dossier: string })[], position: FollowPosition): void;
  get(dossier: string): DossierHead | null;
  /** Null before the first `apply`: follow from sequence 1. */
  position(): FollowPosition | null;
  close(): void;
}

const schemaVersion = 1;

const schema = `
  CREATE TABLE heads (
    dossier TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32)
  ) STRICT;
  PRAGMA user_version = ${schemaVersion};
`;

/** Opens or creates the database at `path`; a damaged one is renamed and replaced by an empty one (see `origin`). */
export function openDossierHeads(path: string): DossierHeads {
  const existed = existsSync(path);
  try {
    return heads(openChecked(path), { kind: existed ? "existing" : "created" });
  } catch (error) {
    if (!existed || !isDamage(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const setAsidePath = setAside(path);
    return heads(openChecked(path), { kind: "rebuilt", reason, setAsidePath });
  }
}

class DamagedError extends Error {}

/** SQLITE_CORRUPT and SQLITE_NOTADB, or an integrity check that failed; not a full disk or missing rights. */
function isDamage(error: unknown): boolean {
  if (error instanceof DamagedError) return true;
  const code = (error as { errcode?: number }).errcode;
  return code !== undefined && [11, 26].includes(code & 0xff);
}

function openChecked(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA journal_mode = WAL");
    // Not synced on each commit: a power cut loses the newest batches *and* the position that goes with them, in one
    // piece, and the follower hands them over again. Losing the tail is harmless.
    database.exec("PRAGMA synchronous = NORMAL");
    const [check] = database.prepare("PRAGMA quick_check(1)").all() as { quick_check: string }[];
    if (check?.quick_check !== "ok") throw new DamagedError(`integrity check: ${check?.quick_check}`);
    const { user_version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (user_version === 0) database.exec(`BEGIN; ${schema} COMMIT;`);
    else if (user_version !== schemaVersion)
      throw new DamagedError(`schema version ${user_version}, not ${schemaVersion}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Kept for a look at the cause; the write-ahead files belong to the damaged database and go with it. */
function setAside(path: string): string {
  const setAsidePath = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, setAsidePath + suffix);
  }
  return setAsidePath;
}

function heads(database: DatabaseSync, origin: DossierHeadsOrigin): DossierHeads {
  const upsert = database.prepare(
    `INSERT INTO heads (dossier, sequence, number, hash) VALUES (?, ?, ?, ?)
     ON CONFLICT (dossier) DO UPDATE SET sequence = excluded.sequence, number = excluded.number, hash = excluded.hash
     WHERE excluded.sequence > heads.sequence`,
  );
  const select = database.prepare("SELECT sequence, number, hash FROM heads WHERE dossier = ?");
  const move = database.prepare(
    `INSERT INTO position (id, generation, sequence, leaf_hash) VALUES (1, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE
     SET generation = excluded.generation, sequence = excluded.sequence, leaf_hash = excluded.leaf_hash`,
  );
  const selectPosition = database.prepare("SELECT generation, sequence, leaf_hash FROM position WHERE id = 1");

  function position(): FollowPosition | null {
    const row = selectPosition.get() as { generation: number; sequence: number; leaf_hash: Uint8Array } | undefined;
    return row ? { generation: row.generation, sequence: row.sequence, leafHash: row.leaf_hash } : null;
  }

  return {
    origin,
    position,

    apply(batch, next) {
      const before = position();
      if (before && (next.generation - before.generation || next.sequence - before.sequence) < 0) {
        throw new RangeError(
          `The dossier heads stand at generation ${before.generation}, sequence ${before.sequence} and never move back to ` +
            `${next.generation}, ${next.sequence}. Follow the stream from the stored position.`,
        );
      }
      database.exec("BEGIN IMMEDIATE");
      try {
        for (const { dossier, sequence, number, hash } of batch) upsert.run(dossier, sequence, number, hash);
        move.run(next.generation, next.sequence, next.leafHash);
        // A crash before this leaves heads and position as they were; after it, both as they are now.
        database.exec("COMMIT");
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK");
        throw error;
      }
    },

    get(dossier) {
      const row = select.get(dossier) as { sequence: number; number: number; hash: Uint8Array } | undefined;
      return row ? { sequence: row.sequence, number: row.number, hash: row.hash } : null;
    },

    close() {
      if (database.isOpen) database.close();
    },
  };
}
