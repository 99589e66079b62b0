// Verifying where there is no Node: WebCrypto, and by hand what it is lax or silent about. Node and this must agree on every key
// and every signature; a test holds them against each other.
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { ecdsaSignatureFromDer, rsaModulusBits } from "./der.ts";
import { KeyRefusedError, keyIdOf, type SigningKey, type VerifyingKey } from "./key-types.ts";
import { type PayloadType, preAuthenticationEncoding } from "./pre-authentication-encoding.ts";

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
type Algorithm = Parameters<typeof crypto.subtle.importKey>[2];

/** What stands for Node's key object here: imported at the first use, because WebCrypto imports asynchronously. */
interface WebKey {
  readonly publicKey: Uint8Array;
  imported: Promise<CryptoKey | null> | null;
}

/** Everything before the key itself in a SubjectPublicKeyInfo; DER leaves no choice there (RFC 8410, RFC 5480). */
const ed25519Prefix = Uint8Array.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]);
const p256Prefix = Uint8Array.from([
  ...[0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1],
  ...[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0, 4],
]);

/** Checks that a public key (SPKI, DER) is what its algorithm says. Throws KeyRefusedError. A point off its curve verifies nothing. */
export function importVerifyingKey(algorithm: SignatureAlgorithm, publicKey: Uint8Array): VerifyingKey {
  if (!isKeyOf(algorithm, publicKey)) {
    throw new KeyRefusedError(
      `The public key is not what its algorithm ${algorithm} asks for: a SubjectPublicKeyInfo in DER's one form, a P-256 point uncompressed.`,
    );
  }
  const key: WebKey = { publicKey: Uint8Array.from(publicKey), imported: null };
  // The contract's type is Node's; nobody outside this file looks into it.
  return { keyId: keyIdOf(publicKey), algorithm, key: key as unknown as VerifyingKey["key"] };
}

/** Verifies. Never throws for a bad signature. */
export async function verifyPayload(
  { algorithm, key }: VerifyingKey,
  type: PayloadType,
  payload: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const raw =
    algorithm === SignatureAlgorithm.SIGNATURE_ALGORITHM_ECDSA_P256_SHA256
      ? ecdsaSignatureFromDer(signature)
      : Uint8Array.from(signature);
  if (raw === null) return false;
  const web = key as unknown as WebKey;
  web.imported ??= importKey(algorithm, web.publicKey);
  const imported = await web.imported;
  if (imported === null) return false;
  try {
    const encoded = Uint8Array.from(preAuthenticationEncoding(type, payload));
    return await crypto.subtle.verify(algorithmOf(algorithm), imported, raw, encoded);
  } catch {
    return false;
  }
}

/** WebCrypto cannot do it at once. */
export function verifyPayloadSync(
  _key: VerifyingKey,
  _type: PayloadType,
  _payload: Uint8Array,
  _signature: Uint8Array,
): boolean {
  throw new Error("Signatures are verified asynchronously here; use verifyPayload.");
}

const signsElsewhere = () => new Error("Nothing is signed here; sign where Node runs.");

/** Signing is Node's. */
export function signPayload(_key: SigningKey, _type: PayloadType, _payload: Uint8Array): Uint8Array {
  throw signsElsewhere();
}

/** Signing is Node's. */
export function importSigningKey(_pem: string): SigningKey {
  throw signsElsewhere();
}

/** Signing is Node's. */
export function generateSigningKey(_kind: "ed25519" | "p256" | "rsa"): SigningKey {
  throw signsElsewhere();
}

/** Signing is Node's. */
export function exportSigningKey(_key: SigningKey): string {
  throw signsElsewhere();
}

function isKeyOf(algorithm: SignatureAlgorithm, publicKey: Uint8Array): boolean {
  switch (algorithm) {
    case SignatureAlgorithm.SIGNATURE_ALGORITHM_ED25519:
      return publicKey.length === ed25519Prefix.length + 32 && startsWith(publicKey, ed25519Prefix);
    case SignatureAlgorithm.SIGNATURE_ALGORITHM_ECDSA_P256_SHA256:
      return publicKey.length === p256Prefix.length + 64 && startsWith(publicKey, p256Prefix);
    case SignatureAlgorithm.SIGNATURE_ALGORITHM_RSA_PKCS1_SHA256: {
      const bits = rsaModulusBits(publicKey);
      return bits !== null && bits >= 2_048 && bits <= 4_096;
    }
    default:
      return false;
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

function algorithmOf(algorithm: SignatureAlgorithm): Algorithm & { name: string } {
  switch (algorithm) {
    case SignatureAlgorithm.SIGNATURE_ALGORITHM_ED25519:
      return { name: "Ed25519" };
    case SignatureAlgorithm.SIGNATURE_ALGORITHM_ECDSA_P256_SHA256:
      return { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    default:
      return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  }
}

async function importKey(algorithm: SignatureAlgorithm, publicKey: Uint8Array): Promise<CryptoKey | null> {
  try {
    return await crypto.subtle.importKey("spki", Uint8Array.from(publicKey), algorithmOf(algorithm), false, ["verify"]);
  } catch {
    return null;
  }
}
