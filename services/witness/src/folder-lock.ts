import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { WitnessError } from "./witness-error.ts";

export interface FolderLock {
  release(): void;
}

/**
 * One process per folder. The lock is the kernel's, held through an exclusive SQLite transaction: it ends with the process however that
 * dies, so a stale one cannot exist, and two processes never cosign from one state. Throws WitnessError.
 */
export function lockFolder(folder: string): FolderLock {
  const database = new DatabaseSync(join(folder, "owner.lock"));
  try {
    database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (!/locked|busy/i.test(String(cause))) throw cause;
    throw new WitnessError("FOLDER_IN_USE", { folder }, { cause });
  }
  let isReleased = false;
  return {
    release() {
      if (isReleased) return;
      isReleased = true;
      database.close();
    },
  };
}
