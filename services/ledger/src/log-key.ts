import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { type SignerKey, signatureType, signerKey } from "@lienthong/tlog";

/** The key of a log out of a PKCS#8 PEM file: Ed25519, under the log's origin. Throws for a key of another kind. */
export function logSigner(origin: string, pem: string): SignerKey {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "ed25519") {
    throw new Error(`The key of the log ${origin} is of the kind ${key.asymmetricKeyType}; a log signs with Ed25519.`);
  }
  // The last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the raw key (RFC 8410).
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" }).subarray(-32);
  return signerKey(origin, signatureType.ed25519, Uint8Array.from(publicKey), async (message) =>
    sign(null, message, key),
  );
}
