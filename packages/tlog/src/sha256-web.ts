// For places without node:crypto. WebCrypto hashes only asynchronously, and a tree needs many small hashes, so it is @noble/hashes: audited,
// without dependencies, and what browsers' libraries of this field use.
import { sha256 as hash } from "@noble/hashes/sha2.js";

/** SHA-256 of some bytes, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash(bytes);
}

/** SHA-256 of a one-byte prefix and some bytes. */
export function sha256Prefixed(prefix: number, bytes: Uint8Array): Uint8Array {
  return hash.create().update(Uint8Array.of(prefix)).update(bytes).digest();
}
