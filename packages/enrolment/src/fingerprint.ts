import { sha256 } from "@lienthong/tlog";

/** Digits and letters that cannot be mistaken for one another when they are read aloud. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const groups = 5;
const charactersOfGroup = 4;

const encoder = new TextEncoder();

/**
 * SHA-256 over parts, each preceded by its length as 4 bytes big-endian: what a file says, whatever its JSON looks like. The first part
 * names the kind of file, so that one is never taken for another.
 */
export function digestOfParts(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    const bytes = typeof part === "string" ? encoder.encode(part) : part;
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    pieces.push(length, bytes);
  }
  return sha256(Buffer.concat(pieces));
}

/** The first 100 bits of a digest, to be read over the telephone: "7KQ2-M0XD-…". Nobody finds another request with the same. */
export function fingerprintOf(digest: Uint8Array): string {
  const count = groups * charactersOfGroup;
  let bits = 0n;
  for (const byte of digest.subarray(0, 13)) bits = (bits << 8n) | BigInt(byte);
  bits >>= BigInt(13 * 8 - count * 5);
  let text = "";
  for (let at = 0; at < count; at += 1) {
    text = `${alphabet[Number(bits & 31n)]}${text}`;
    bits >>= 5n;
  }
  return (text.match(/.{4}/g) ?? []).join("-");
}

/** A fingerprint as somebody typed it, in the form of `fingerprintOf`; O, I and L are taken for 0 and 1. */
export function normalisedFingerprint(typed: string): string {
  const characters = typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  return (characters.match(/.{1,4}/g) ?? []).join("-");
}
