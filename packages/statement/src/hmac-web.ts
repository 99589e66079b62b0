// What hmac-node.ts does, where there is no Node. WebCrypto's HMAC is asynchronous and takes all bytes at once.
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { HmacSha256 } from "./hmac-node.ts";

export type { HmacSha256 };

/** HMAC-SHA-256 with a key (RFC 2104). */
export function hmacSha256(key: Uint8Array): HmacSha256 {
  const mac = hmac.create(sha256, key);
  return { update: (bytes) => void mac.update(bytes), digest: () => mac.digest() };
}

/** Random bytes that nobody can guess. */
export function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** Whether two byte strings of one length are the same, in a time that does not tell where they differ. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= (a[index] as number) ^ (b[index] ?? 0);
  return difference === 0;
}
