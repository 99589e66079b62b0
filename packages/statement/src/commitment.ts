import { equalInConstantTime, hmacSha256, randomBytes } from "#hmac";

/** Bytes of a salt. */
export const saltBytes = 32;

/** A salt: random, made by the author, one for each commitment. 32 bytes. */
export function newSalt(): Uint8Array {
  return randomBytes(saltBytes);
}

/** A commitment under way: bytes go in as they come, in order. */
export interface CommitmentHasher {
  update(bytes: Uint8Array): void;
  /** The commitment, 32 bytes. Once; nothing can be added afterwards. */
  digest(): Uint8Array;
}

/**
 * Commits to bytes of a kind without showing them: HMAC-SHA-256(salt, kind ‖ 0x00 ‖ bytes). The kind is part of what is committed to, so
 * that a receipt cannot pass for an application form.
 * @throws RangeError for a salt that has not 32 bytes.
 */
export function commitmentHasher(salt: Uint8Array, kind: string): CommitmentHasher {
  if (salt.length !== saltBytes) throw new RangeError(`A salt has ${saltBytes} bytes; this one has ${salt.length}.`);
  const hmac = hmacSha256(salt);
  hmac.update(new TextEncoder().encode(kind));
  hmac.update(new Uint8Array(1));
  return hmac;
}

/** The commitment to bytes that are all at hand. 32 bytes. */
export function commitmentTo(salt: Uint8Array, kind: string, bytes: Uint8Array): Uint8Array {
  const hasher = commitmentHasher(salt, kind);
  hasher.update(bytes);
  return hasher.digest();
}

/** Whether two commitments are the same, in a time that does not tell where they differ. */
export function commitmentsEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && equalInConstantTime(a, b);
}
