import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** Prefixes of RFC 8410's DER around the 32 bytes of a public key and of a seed. */
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");

// Importing a key costs a third of a verification, and a log has few keys: the last ones are kept.
const keysKeptMax = 256;
const imported = new Map<string, KeyObject>();

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey).toString("latin1");
  const known = imported.get(name);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: Buffer.concat([publicPrefix, publicKey]), format: "der", type: "spki" });
  if (imported.size >= keysKeptMax) imported.clear();
  imported.set(name, key);
  return key;
}

const privateKeyObject = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: "der", type: "pkcs8" });

/** True if the signature of 64 bytes is that of the message by the public key of 32 bytes (RFC 8032). Runs on the thread pool. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify(null, message, publicKeyObject(publicKey), signature, (error, holds) => {
      if (error === null) resolve(holds);
      else reject(error);
    });
  });
}

/** What signs with a seed of 32 bytes, and the public key that belongs to it. */
export async function openEd25519Seed(
  seed: Uint8Array,
): Promise<{ publicKey: Uint8Array; sign(message: Uint8Array): Promise<Uint8Array> }> {
  const key = privateKeyObject(seed);
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32));
  return { publicKey, sign: async (message) => new Uint8Array(sign(null, message, key)) };
}
