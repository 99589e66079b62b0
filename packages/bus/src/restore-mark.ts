import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolderDurably, replaceDurably, syncFolder } from "@lienthong/chassis";
import { BackupRefusedError } from "./backup-error.ts";

/** In a data folder while a backup is being put back into it; nothing starts on such a folder. */
const markName = "restoring.json";

/** Throws where a restore was begun on the folder and did not end: what lies there is a part. */
export function expectRestored(root: string): void {
  if (!existsSync(join(root, markName))) return;
  throw new BackupRefusedError(
    `A backup was being restored to ${root}, and that did not end: what lies there is a part. Run the same "lienthong restore" again; it begins anew.`,
  );
}

/**
 * Marks an empty folder, or one on which a restore was cut off, which is cleared first. Throws BackupRefusedError where anything else lies there: what is
 * restored is never mixed with what was.
 */
export async function markRestoring(root: string, seal: string): Promise<void> {
  await makeFolderDurably(root);
  const mark = join(root, markName);
  const found = (await readdir(root)).filter((name) => name !== "lost+found");
  if (!found.includes(markName)) {
    if (found.length > 0)
      throw new BackupRefusedError(
        `${root} is not empty (${found.slice(0, 3).join(", ")}); a backup is restored to an empty folder only. Name another one.`,
      );
  } else {
    // The mark goes last, so that a crash in here leaves a folder that still says what it is.
    for (const name of found) if (name !== markName) await rm(join(root, name), { recursive: true, force: true });
  }
  await replaceDurably(mark, `${JSON.stringify({ seal, began: new Date().toISOString() })}\n`);
}

/** From here on the folder is a data folder like any other. */
export async function markRestored(root: string): Promise<void> {
  await rm(join(root, markName), { force: true });
  await syncFolder(root);
}
