import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Puts a file under a name, durably: written aside, fsynced, renamed, folder fsynced. A crash before the rename leaves the old file (and one
 * beside it that the next write overwrites); a crash after it leaves the new one. Never a mixture.
 */
export async function replaceDurably(path: string, text: string): Promise<void> {
  const aside = `${path}.new`;
  const file = await open(aside, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  // Without this the name may still lead to the old file after a power cut.
  await syncFolder(dirname(path));
}

/** Makes a folder of one's own and the ones above it; durable under its name when it resolves. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let at = path; ; at = dirname(at)) {
    await syncFolder(dirname(at));
    if (at === first) return;
  }
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
