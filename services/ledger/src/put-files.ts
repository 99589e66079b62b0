import { closeSync, existsSync, fdatasyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolderSync } from "@lienthong/chassis/durable-file";
import type { FileToPut } from "./disk.ts";

/** Puts files as `Disk.putFiles` promises, holding up the thread that it runs on. */
export function putFilesSync(files: readonly FileToPut[]): void {
  const changedFolders = new Set<string>();
  for (const { path, bytes } of files) {
    const folder = dirname(path);
    if (!changedFolders.has(folder)) makeFolder(folder, changedFolders);
    changedFolders.add(folder);
    const aside = `${path}.new`;
    const file = openSync(aside, "w", 0o600);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  }
  // Without this a name may be gone after a power cut, though its bytes are on the disk.
  for (const folder of changedFolders) syncFolderSync(folder);
}

/** Removes folders and all in them. */
export function removeFoldersSync(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
}

/** Makes a folder and those above it; remembers the folders in which a new name stands. */
function makeFolder(path: string, changed: Set<string>): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), changed);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another of the disk's threads made it meanwhile. It syncs the name, and `putFiles` waits for all of them.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  changed.add(dirname(path));
}
