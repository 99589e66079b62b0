import type { Sql } from "./sql.ts";

/** A row as both drivers give it: bigint columns as numbers (nothing here passes 2^53), bytea as Uint8Array, arrays as arrays. */
export type Row = Record<string, unknown>;

/** Whatever statements can be put to. */
export interface Queryable {
  /** Rows of one statement. Rejects with the driver's error. */
  query<T extends object = Row>(statement: Sql): Promise<T[]>;
  /** Several statements without parameters, of our own writing only. */
  script(text: string): Promise<void>;
}

/** A PostgreSQL, embedded or served: one dialect, one set of tables. */
export interface Database extends Queryable {
  readonly kind: "postgresql" | "pglite";
  /** All of `work` or none of it. Queries of others do not come between. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Whether the database is away, so that trying again later may help; else the error is about what was asked. */
  isAway(error: unknown): boolean;
  close(): Promise<void>;
}

/** The database cannot be used as it is. The sentence says what to do. */
export class DatabaseRefusedError extends Error {
  override readonly name = "DatabaseRefusedError";
}

/** The embedded database ended by itself; this process cannot open it again, so whoever waits for it waits in vain. */
export class DatabaseEndedError extends Error {
  override readonly name = "DatabaseEndedError";
}
