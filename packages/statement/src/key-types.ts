import type { KeyObject } from "node:crypto";
import type { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { sha256 } from "@lienthong/tlog";

/** A public key ready to verify with. Importing one costs 30 to 50 µs: keep it. */
export interface VerifyingKey {
  readonly keyId: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly key: KeyObject;
  /** Of an Ed25519 key, where Node runs: its 32 bytes (RFC 8032). */
  readonly point?: Uint8Array;
}

/** A private key ready to sign with. */
export interface SigningKey {
  readonly keyId: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly key: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

/** A public key that cannot be used as its registry entry says. */
export class KeyRefusedError extends Error {
  override readonly name = "KeyRefusedError";
}

/** Key id of a key: SHA-256 of its SubjectPublicKeyInfo in DER, 32 bytes. */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey);
}
