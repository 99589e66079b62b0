import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A folder that belongs to this process. */
export interface FolderLock {
  /** Gives it back; more than once does no harm. */
  release(): void;
}

/** Another process has the folder. */
export class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";
  readonly folder: string;

  constructor(folder: string, options?: ErrorOptions) {
    super(`The folder ${folder} is in use by another process; stop that one first, or choose another folder.`, options);
    this.folder = folder;
  }
}

/**
 * Takes a folder for this process, by `owner.lock` in it. The lock is the kernel's, held through an exclusive SQLite transaction: it ends
 * with the process however that dies, so a stale one cannot exist and a reused process id cannot fake one.
 * @throws FolderInUseError if another process has it.
 */
export function lockFolder(folder: string): FolderLock {
  const database = new DatabaseSync(join(folder, "owner.lock"));
  try {
    database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (!/locked|busy/i.test(String(cause))) throw cause;
    throw new FolderInUseError(folder, { cause });
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
