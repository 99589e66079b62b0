import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** One process per log's folder. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes a folder for this process, or throws. The lock is the kernel's, held through an exclusive SQLite transaction: it ends with the process
 * however that dies, so a stale one cannot exist, and two ledgers can never sign for one log.
 */
export function lockFolder(directory: string, what: string): FolderLock {
  const database = new DatabaseSync(join(directory, "owner.lock"));
  try {
    database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (!/locked|busy/i.test(String(cause))) throw cause;
    throw new Error(`${what} in ${directory} is kept by another process; stop that one first.`, { cause });
  }
  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      database.close();
    },
  };
}
