import { sign, verify } from "node:crypto";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import type { SigningKey, VerifyingKey } from "@lienthong/statement";

/** Types of the signed digests; part of the signed bytes (DSSE v1), so that no such signature passes for a statement or an entry. */
export const fileTypes = {
  request: "application/vnd.lienthong.enrolment-request.v1",
  approval: "application/vnd.lienthong.enrolment-approval.v1",
} as const;

/** One of the types. */
export type FileType = (typeof fileTypes)[keyof typeof fileTypes];

/** A signature over the digest of a file's content. */
export interface FileSignature {
  /** Lower-case hexadecimal key id. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

function encoded(type: FileType, digest: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${digest.length} `), digest]);
}

function digestName(algorithm: SignatureAlgorithm): string | null {
  return algorithm === SignatureAlgorithm.SIGNATURE_ALGORITHM_ED25519 ? null : "sha256";
}

export function signFile(key: SigningKey, type: FileType, digest: Uint8Array): FileSignature {
  const signature = new Uint8Array(sign(digestName(key.algorithm), encoded(type, digest), key.key));
  return { keyId: Buffer.from(key.keyId).toString("hex"), signature };
}

/** Never throws for a bad signature. */
export function isFileSignature(key: VerifyingKey, type: FileType, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(digestName(key.algorithm), encoded(type, digest), key.key, signature);
  } catch {
    return false;
  }
}
