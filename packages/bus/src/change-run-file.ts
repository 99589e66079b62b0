import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { FolderInUseError, type FolderLock, lockFolder } from "@lienthong/chassis/folder-lock";
import type { DataFolder } from "./data-folder.ts";
import { type RunFile, readRunFile, writeRunFile } from "./run-file.ts";

const lockedMsMax = 10_000;

/**
 * Changes run.json while no other process does: services start at the same time, and each adds its own address. `change` is given null where
 * there is no file; what it returns is written, and null removes the file.
 */
export async function changeRunFile(
  folder: DataFolder,
  change: (run: RunFile | null) => RunFile | null,
): Promise<void> {
  const lock = await lockRunFile(folder);
  try {
    const changed = change(readRunFile(folder));
    if (changed === null) await rm(folder.runFile, { force: true });
    else await writeRunFile(folder, changed);
  } finally {
    lock.release();
  }
}

/** The lock ends with its process however that dies, so nobody waits for the dead. */
async function lockRunFile(folder: DataFolder): Promise<FolderLock> {
  const path = join(folder.root, "run");
  await mkdir(path, { recursive: true, mode: 0o700 });
  const deadline = performance.now() + lockedMsMax;
  for (;;) {
    try {
      return lockFolder(path);
    } catch (error) {
      if (!(error instanceof FolderInUseError) || performance.now() > deadline) throw error;
      await wait(10);
    }
  }
}
