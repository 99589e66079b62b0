import type { Database } from "./database.ts";
import { indexSchema } from "./migrate.ts";
import { openPglite } from "./pglite-database.ts";
import { openPostgres } from "./postgres-database.ts";

/** Opens the database of an index: the one that `url` names, else the embedded one in `directory`. Throws DatabaseRefusedError. */
export function openDatabase(options: {
  /** "postgres://…"; undefined or empty: embedded. */
  readonly url: string | undefined;
  readonly directory: string;
}): Promise<Database> {
  const { url, directory } = options;
  if (url === undefined || url === "") return openPglite({ directory, schema: indexSchema });
  return openPostgres({ url, schema: indexSchema });
}
