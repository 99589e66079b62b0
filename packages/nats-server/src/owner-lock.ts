import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { NatsServerError } from "./errors.ts";

export interface OwnerLock {
  release(): Promise<void>;
}

/**
 * One process per data folder. The lock is the kernel's, held through an exclusive SQLite transaction on `owner.lock`:
 * it ends with the process however that dies, so a stale lock cannot exist and a reused process id cannot fake one.
 * `owner.pid` only tells people who the owner is.
 */
export async function acquireOwnerLock(dataDirectory: string): Promise<OwnerLock> {
  const pidFile = join(dataDirectory, "owner.pid");
  const database = new DatabaseSync(join(dataDirectory, "owner.lock"));
  try {
    database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (!/locked|busy/i.test(String(cause))) {
      throw cause;
    }
    const owner = (await readFile(pidFile, "utf8").catch(() => "")).trim();
    throw new NatsServerError(
      "DATA_FOLDER_IN_USE",
      `The data folder ${dataDirectory} is in use by process ${owner === "" ? "(unknown)" : owner}; stop that one first, or choose another data folder.`,
      { cause },
    );
  }
  await writeFile(pidFile, `${process.pid}\n`);
  let isReleased = false;
  return {
    async release() {
      if (isReleased) {
        return;
      }
      isReleased = true;
      // The note goes first: afterwards it could be the next owner's.
      await rm(pidFile, { force: true });
      database.close();
    },
  };
}
