import { createHash, hash } from "node:crypto";

/** SHA-256 of some bytes, 32 bytes. `crypto.hash` is the one-shot form and about twice as fast as `createHash`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}

/** One for all, because nothing here waits. */
const joined = new Uint8Array(4_097);

/** SHA-256 of a one-byte prefix and some bytes, without copying long inputs. */
export function sha256Prefixed(prefix: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length < joined.length) {
    joined[0] = prefix;
    joined.set(bytes, 1);
    return hash("sha256", joined.subarray(0, bytes.length + 1), "buffer");
  }
  return createHash("sha256").update(Uint8Array.of(prefix)).update(bytes).digest();
}
