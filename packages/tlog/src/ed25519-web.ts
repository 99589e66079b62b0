/** RFC 8410's DER around a seed of 32 bytes: WebCrypto imports private keys in no shorter form. */
const privatePrefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

// WebCrypto takes bytes on an ArrayBuffer of their own, not on a shared one.
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

/** True if the signature of 64 bytes is that of the message by the public key of 32 bytes (RFC 8032). */
export async function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const key = await crypto.subtle.importKey("raw", own(publicKey), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, own(signature), own(message));
}

/** What signs with a seed of 32 bytes, and the public key that belongs to it. */
export async function openEd25519Seed(
  seed: Uint8Array,
): Promise<{ publicKey: Uint8Array; sign(message: Uint8Array): Promise<Uint8Array> }> {
  const der = new Uint8Array(privatePrefix.length + seed.length);
  der.set(privatePrefix);
  der.set(seed, privatePrefix.length);
  const exportable = await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", exportable);
  const publicKey = Uint8Array.from(atob((x as string).replaceAll("-", "+").replaceAll("_", "/")), (c) =>
    c.charCodeAt(0),
  );
  const key = await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
  return { publicKey, sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, own(message))) };
}
