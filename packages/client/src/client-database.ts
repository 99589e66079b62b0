import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { makeFolderDurablySync } from "@lienthong/chassis/durable-file";

const sqliteBusy = 5;

/**
 * A database of the caller's own, of one process at a time. What a transaction wrote is on the disk when it returns
 * (`synchronous=FULL`): that is the point of it, and costs one fsync, during which the process does nothing else.
 */
export class ClientDatabase {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  /**
   * Opens or creates the file. `schema` makes the tables of `version`.
   * @throws an Error with a sentence if another process has it open, or it was written by another version; SQLite's error if it is
   * damaged. It is never set aside by itself: it may hold the only copy of what was not sent yet.
   */
  constructor(path: string, { schema, version }: { readonly schema: string; readonly version: number }) {
    makeFolderDurablySync(dirname(path));
    this.#database = new DatabaseSync(path, { timeout: 0 });
    try {
      // The exclusive lock dies with its process, so a killed one leaves nothing to be cleared away.
      this.#database.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        BEGIN EXCLUSIVE;
      `);
      const { user_version } = this.#database.prepare("PRAGMA user_version").get() as { user_version: number };
      if (user_version === 0) this.#database.exec(`${schema}; PRAGMA user_version = ${version};`);
      else if (user_version !== version) {
        throw new Error(
          `${path} has version ${user_version}; this client reads version ${version}. Use the client that wrote it.`,
        );
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.close();
      if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error;
      throw new Error(
        `${path} is open in another process; one at a time may use it. Name another directory, or end that one.`,
        {
          cause: error,
        },
      );
    }
  }

  /** A prepared statement, made once. */
  statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  /** All of it, on the disk when this returns, or nothing. */
  transaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
