import { chmod, link, readFile, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolderDurably, replaceDurably, syncFolder, writeAside } from "./durable-file.ts";
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

/** Writes a file that only its owner may read, as `replaceDurably` does; makes its folder if missing. On the disk when it resolves. */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  await makeFolderDurably(dirname(path));
  await replaceDurably(path, text);
}

/**
 * Writes such a file unless there is one, and returns the text that is there afterwards, which no power cut takes back. Of two processes that
 * start at the same moment one wins, and both go on with the same text.
 */
export async function keepPrivateFile(path: string, text: string): Promise<string> {
  await makeFolderDurably(dirname(path));
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
    // Before anybody hears of the text, the loser included: a key that is gone after a power cut cannot be made again.
    await syncFolder(dirname(path));
  }
}

/** Takes everybody else's rights to a file away, e.g. after it was copied from elsewhere. */
export async function makePrivate(path: string): Promise<void> {
  await chmod(path, 0o600);
}
