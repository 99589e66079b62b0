import { createPublicKey, verify } from "node:crypto";

/** DER before the 1,312 bytes of a key, up to the BIT STRING's count of unused bits (RFC 9881). */
const publicPrefix = Buffer.from("30820532300b06096086480165030403110382052100", "hex");

/**
 * True if the signature of 2,420 bytes is that of the message by the public key of 1,312 bytes (FIPS 204, ML-DSA-44, empty context);
 * null where this platform cannot tell.
 */
export async function verifyMlDsa44(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | null> {
  if (publicKey.length !== 1_312 || signature.length !== 2_420) return false;
  let key: ReturnType<typeof createPublicKey>;
  try {
    key = createPublicKey({ key: Buffer.concat([publicPrefix, publicKey]), format: "der", type: "spki" });
  } catch {
    // Every string of 1,312 bytes is a key, so what fails here is a Node built on an OpenSSL older than 3.5.
    return null;
  }
  return verify(null, message, key, signature);
}
