const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

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
  let key: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
  try {
    // "raw-public" is newer than the types know.
    key = await crypto.subtle.importKey("raw-public" as "raw", own(publicKey), "ML-DSA-44", false, ["verify"]);
  } catch {
    return null;
  }
  return crypto.subtle.verify("ML-DSA-44", key, own(signature), own(message));
}
