import { randomUUID } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { readTextFile } from "./read-text-file.ts";

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

/** The text of a file, or null if there is none. */
export async function readFileIfAny(path: string): Promise<string | null> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

async function writeAside(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return aside;
}

/** Writes a file that only its owner may read. Readers see the old text or the new, whole. A crash leaves the old one. */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  await rename(await writeAside(path, text), path);
}

/**
 * Writes such a file unless there is one, and returns the text that is there afterwards. Of two processes that start at the same
 * moment one wins, and both go on with the same text.
 */
export async function keepPrivateFile(path: string, text: string): Promise<string> {
  const aside = await writeAside(path, text);
  try {
    // A link, not a rename: it fails if the name is taken.
    await link(aside, path);
    return text;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    return await readFile(path, "utf8");
  } finally {
    await unlink(aside);
  }
}

/** Takes everybody else's rights to a file away, e.g. after it was copied from elsewhere. */
export async function makePrivate(path: string): Promise<void> {
  await chmod(path, 0o600);
}
