import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file beside `path`, fsynced, that only its owner may read; answers its name. A crash leaves it there, which costs its space. If the
 * disk does not take it, it is removed: a full disk must not be filled by attempts.
 */
export async function writeAside(path: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, "wx", mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  return aside;
}

/**
 * Puts a file under a name, durably: written aside, fsynced, renamed, folder fsynced. A crash or power cut before the rename leaves the old file;
 * one after it, until this resolves, the old or the new; never a mixture. Readers see the old text or the new, whole. When it rejects, either is there.
 */
export async function replaceDurably(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await rename(await writeAside(path, content, mode), path);
  // Without this the name may still lead to the old file after a power cut.
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The same, holding up the thread. */
export function syncFolderSync(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Folders in which a new name stands after `path` was made; `first` is the topmost one that was missing. */
function foldersToSync(path: string, first: string | undefined): string[] {
  // A folder that was there may have been made by a process that was killed before it could sync the one above.
  const folders = [dirname(path)];
  for (let at = path; first !== undefined && at !== first; ) {
    at = dirname(at);
    folders.push(dirname(at));
  }
  return folders;
}

/** Makes a folder of one's own (absolute path) and the ones above it; durable under its name when it resolves. What is fsynced in a folder whose name is not durable is lost with it. */
export async function makeFolderDurably(path: string): Promise<void> {
  for (const folder of foldersToSync(path, await mkdir(path, { recursive: true, mode: 0o700 })))
    await syncFolder(folder);
}

/** The same, holding up the thread. */
export function makeFolderDurablySync(path: string): void {
  for (const folder of foldersToSync(path, mkdirSync(path, { recursive: true, mode: 0o700 }))) syncFolderSync(folder);
}
