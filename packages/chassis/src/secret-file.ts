// The door `@lienthong/chassis/secret-file`: secrets come from files that nobody else may read. Imports no server code.
import { statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { readTextFile } from "./read-text-file.ts";

/** Largest file that is taken for a secret. */
const secretBytesMax = 65_536;

function refusal(path: string, mode: number): Error {
  const shown = (mode & 0o777).toString(8).padStart(3, "0");
  return Object.assign(
    new Error(
      `Others may read or change ${path}, which holds a secret (its mode is ${shown}); allowed is 600 or 400. Take their rights away: chmod 600 ${path}. If they could read it, replace the secret too.`,
    ),
    { code: "SECRET_EXPOSED" },
  );
}

/** Whether a mode gives group or others any right. Windows has no such modes; there folders decide. */
function isOpenToOthers(mode: number): boolean {
  return process.platform !== "win32" && (mode & 0o077) !== 0;
}

/**
 * Throws unless only its owner may read and write the file.
 * @throws the system's error if there is none; an Error with a sentence and the code SECRET_EXPOSED if others have rights to it.
 */
export async function expectPrivate(path: string): Promise<void> {
  const { mode } = await stat(path);
  if (isOpenToOthers(mode)) throw refusal(path, mode);
}

/** The same, holding up the thread. */
export function expectPrivateSync(path: string): void {
  const { mode } = statSync(path);
  if (isOpenToOthers(mode)) throw refusal(path, mode);
}

/**
 * Reads a secret from a file that only its owner may read; one line feed at the end is not part of it.
 * @throws as `expectPrivate` and `readTextFile` do.
 */
export async function readSecretFile(path: string): Promise<string> {
  await expectPrivate(path);
  return (await readTextFile(path, secretBytesMax)).replace(/\r?\n$/, "");
}
