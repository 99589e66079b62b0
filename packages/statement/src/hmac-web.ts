// What hmac-node.ts does, where there is no Node. WebCrypto's HMAC is asynchronous and takes all bytes at once, so the construction
// itself (RFC 2104) stands here, over the hash that trees are made with.
import { sha256 } from "@lienthong/tlog";
import type { HmacSha256 } from "./hmac-node.ts";

export type { HmacSha256 };

const blockBytes = 64;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** HMAC-SHA-256 with a key (RFC 2104). The bytes are held until `digest`. */
export function hmacSha256(key: Uint8Array): HmacSha256 {
  const short = key.length > blockBytes ? sha256(key) : key;
  const pad = (fill: number) => Uint8Array.from({ length: blockBytes }, (_, index) => (short[index] ?? 0) ^ fill);
  const parts: Uint8Array[] = [pad(0x36)];
  return {
    update: (bytes) => void parts.push(Uint8Array.from(bytes)),
    digest: () => Uint8Array.from(sha256(joined([pad(0x5c), sha256(joined(parts))]))),
  };
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
