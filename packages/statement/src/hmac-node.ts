import { createHmac, randomBytes as nodeRandomBytes, timingSafeEqual } from "node:crypto";

/** HMAC-SHA-256 under way: bytes go in in order; `digest` once, 32 bytes. */
export interface HmacSha256 {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** HMAC-SHA-256 with a key (RFC 2104). */
export function hmacSha256(key: Uint8Array): HmacSha256 {
  const hmac = createHmac("sha256", key);
  return { update: (bytes) => void hmac.update(bytes), digest: () => Uint8Array.from(hmac.digest()) };
}

/** Random bytes that nobody can guess. */
export function randomBytes(count: number): Uint8Array {
  return Uint8Array.from(nodeRandomBytes(count));
}

/** Whether two byte strings of one length are the same, in a time that does not tell where they differ. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return timingSafeEqual(a, b);
}
