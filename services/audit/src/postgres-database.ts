import pg from "pg";
import { type Database, DatabaseRefusedError, type Queryable } from "./database.ts";
import type { Sql } from "./sql.ts";

const connectionsMax = 8;
const connectTimeoutMs = 5_000;
/** A question that takes longer is a mistake of ours, and holds a connection that others need. */
const statementTimeoutMs = 120_000;

const int8 = 20;

/** SQLSTATE classes that say nothing about the statement: connection, shutdown, resources (PostgreSQL, appendix A). */
const awayStates = /^(08|57|53)/;

/**
 * A PostgreSQL that somebody serves. `schema` is where unqualified names are looked for.
 * @throws DatabaseRefusedError with a sentence if it cannot be reached; the address is named without its password.
 */
export async function openPostgres(options: { readonly url: string; readonly schema: string }): Promise<Database> {
  const types = {
    getTypeParser: ((oid: number, format?: "text" | "binary") =>
      oid === int8 ? Number : pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({
    connectionString: options.url,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    keepAlive: true,
    application_name: "lienthong audit",
    options: `-c search_path=${options.schema}`,
    types,
  });
  // A connection that breaks while nobody uses it is replaced by the pool; whoever uses one hears of it from its statement. Without
  // a listener either would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));

  const on = (client: Pick<pg.ClientBase, "query">): Queryable => ({
    async query<T extends object>(statement: Sql) {
      const { text, values } = statement.toStatement();
      return (await client.query(text, values)).rows as T[];
    },
    async script(text) {
      await client.query(text);
    },
  });

  const database: Database = {
    kind: "postgresql",
    ...on(pool as unknown as pg.ClientBase),
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        await client.query("begin");
        const result = await work(on(client));
        // Where the answer to this is lost the transaction may have happened: whoever goes on reads where the index stands.
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback").catch((failure: Error) => {
          broken = failure;
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    isAway(error) {
      const { code, message } = error as { code?: unknown; message?: unknown };
      if (typeof code !== "string") return /terminated|timeout|closed|ended|not queryable/i.test(String(message));
      // Codes of the system begin with E (EPIPE has five letters, as a SQLSTATE does); no class of SQLSTATE does.
      return /^E[A-Z_]+$/.test(code) || awayStates.test(code);
    },
    close: () => pool.end(),
  };
  try {
    await database.script("select 1");
  } catch (cause) {
    await pool.end();
    throw new DatabaseRefusedError(
      `The database of the index at ${withoutPassword(options.url)} cannot be used: ${(cause as Error).message}. Check LIENTHONG_DATABASE_URL and that the server runs, or leave it unset for the embedded database.`,
      { cause },
    );
  }
  return database;
}

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password !== "") parsed.password = "***";
    return parsed.toString();
  } catch {
    return "an address that is no URL";
  }
}
