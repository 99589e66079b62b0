import { createHash, hash } from "node:crypto";

/**
 * SHA-256 of some bytes, 32 bytes. `crypto.hash` is the one-shot form; asked for a buffer, it makes memory outside the heap for each, which
 * costs more than hashing 1 KB. A string of one character per byte, and an array small enough to lie in the heap, take half the time.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  const characters = hash("sha256", bytes, "binary");
  const digest = new Uint8Array(32);
  for (let index = 0; index < 32; index++) digest[index] = characters.charCodeAt(index);
  return digest;
}

/** One for all, because nothing here waits. */
const joined = new Uint8Array(4_097);

/** SHA-256 of a one-byte prefix and some bytes, without copying long inputs. */
export function sha256Prefixed(prefix: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length < joined.length) {
    joined[0] = prefix;
    joined.set(bytes, 1);
    return sha256(joined.subarray(0, bytes.length + 1));
  }
  return createHash("sha256").update(Uint8Array.of(prefix)).update(bytes).digest();
}
