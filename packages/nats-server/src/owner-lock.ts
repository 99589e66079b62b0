import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FolderInUseError, type FolderLock, lockFolder } from "@lienthong/chassis/folder-lock";
import { NatsServerError } from "./errors.ts";

export interface OwnerLock {
  release(): Promise<void>;
}

/** One process per data folder. `owner.pid` only tells people who the owner is. */
export async function acquireOwnerLock(dataDirectory: string): Promise<OwnerLock> {
  const pidFile = join(dataDirectory, "owner.pid");
  let lock: FolderLock;
  try {
    lock = lockFolder(dataDirectory);
  } catch (cause) {
    if (!(cause instanceof FolderInUseError)) throw cause;
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
      lock.release();
    },
  };
}
