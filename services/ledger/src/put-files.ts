import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
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
  for (const folder of changedFolders) syncFolder(folder);
}

/** Removes folders and all in them. */
export function removeFoldersSync(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
}

/** Makes a folder and those above it; remembers the folders in which a new name stands. */
function makeFolder(path: string, changed: Set<string>): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), changed);
  mkdirSync(path, { mode: 0o700 });
  changed.add(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
