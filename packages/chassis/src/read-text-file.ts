// The door `@lienthong/chassis/read-text-file`: how a file that a person named is read. Imports no server code.
import { constants, open } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

/** Largest file that is read unless told otherwise: 16 MiB. */
export const TEXT_FILE_BYTES_MAX = 16_777_216;

const chunkBytes = 65_536;
const pipeSilentMsMax = 10_000;
const pipeAskedEveryMs = 20;

/** A file that cannot be read, with a code as the system's own errors have one: EFBIG, ETIMEDOUT. */
function fileError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/**
 * The text of a file, in UTF-8. Whatever the path leads to, this ends: opening a pipe does not wait for somebody who writes, a device that never
 * ends is given up at the size, a writer that says nothing after 10 s.
 * @throws the system's error (ENOENT, EACCES, EISDIR, …); EFBIG for more than `bytesMax` bytes; ETIMEDOUT for a silent pipe.
 */
export async function readTextFile(path: string, bytesMax = TEXT_FILE_BYTES_MAX): Promise<string> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for (let silentMs = 0; ; ) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      let count: number;
      try {
        count = (await file.read(chunk, 0, chunkBytes)).bytesRead;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        if (silentMs >= pipeSilentMsMax) throw fileError("ETIMEDOUT", `Nothing was written to ${path} for 10 s.`);
        await wait(pipeAskedEveryMs);
        silentMs += pipeAskedEveryMs;
        continue;
      }
      if (count === 0) break;
      silentMs = 0;
      length += count;
      if (length > bytesMax) throw fileError("EFBIG", `${path} has more than ${bytesMax} bytes.`);
      chunks.push(chunk.subarray(0, count));
    }
    return Buffer.concat(chunks, length).toString("utf8");
  } finally {
    await file.close();
  }
}
