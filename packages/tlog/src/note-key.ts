import { openEd25519Seed } from "#ed25519";
import { sha256 } from "#sha256";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { TlogFormatError } from "./errors.ts";
import { concatBytes, utf8 } from "./text.ts";

/** Signature types of c2sp.org/signed-note that this package knows. */
export const signatureType = {
  /** Ed25519 over the note's text. */
  ed25519: 0x01,
  /** Ed25519 over a time and a checkpoint (c2sp.org/tlog-cosignature). */
  cosignature: 0x04,
  /** ML-DSA-44 over a time and a checkpoint's three lines (c2sp.org/tlog-cosignature). Verified, never made. */
  mlDsa44: 0x06,
} as const;

export type SignatureType = (typeof signatureType)[keyof typeof signatureType];

const publicKeyBytes: Readonly<Record<SignatureType, number>> = { 1: 32, 4: 32, 6: 1_312 };
const isSignatureType = (type: number | undefined): type is SignatureType =>
  type !== undefined && type in publicKeyBytes;

/** A public key under the name that it signs notes with. `keyId`: 32 bits, from name, type and key. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: number;
  readonly type: SignatureType;
  readonly publicKey: Uint8Array;
}

/** A private key under the name that it signs notes with. `sign` signs bytes as they are (Ed25519, 64 bytes). */
export interface SignerKey extends VerifierKey {
  readonly type: 0x01 | 0x04;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** True if text can be a key's name: not empty, no white space, no '+', no control characters. */
export function isKeyName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a note may not contain them
  return name !== "" && name.isWellFormed() && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);
}

/** Makes a verifier key; its id is the one that the signed-note specification recommends. Throws TlogFormatError. */
export function verifierKey(name: string, type: SignatureType, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) {
    throw new TlogFormatError(
      `A key's name is not empty and has no white space and no '+'; ${JSON.stringify(name)} cannot be one.`,
    );
  }
  if (publicKey.length !== publicKeyBytes[type]) {
    throw new TlogFormatError(
      `A public key of type 0x0${type} has ${publicKeyBytes[type]} bytes; the one of ${name} has ${publicKey.length}.`,
    );
  }
  const digest = sha256(concatBytes(utf8(name), Uint8Array.of(0x0a, type), publicKey));
  return { name, type, publicKey, keyId: new DataView(digest.buffer, digest.byteOffset).getUint32(0) };
}

/** True if both are the same public key, whatever their names. */
export function samePublicKey(a: VerifierKey, b: VerifierKey): boolean {
  return encodeBase64(a.publicKey) === encodeBase64(b.publicKey);
}

/** True if both would sign the same lines of a note: same name, same id. */
export function sameSigner(a: VerifierKey, b: VerifierKey): boolean {
  return a.name === b.name && a.keyId === b.keyId;
}

const hexOf = (keyId: number): string => keyId.toString(16).padStart(8, "0");

/** A verifier key as text: `<name>+<8 hex digits of the id>+<base64 of type and key>`. */
export function formatVerifierKey(key: VerifierKey): string {
  return `${key.name}+${hexOf(key.keyId)}+${encodeBase64(concatBytes(Uint8Array.of(key.type), key.publicKey))}`;
}

/** Reads a verifier key. Throws TlogFormatError that says which part is wrong. */
export function parseVerifierKey(text: string): VerifierKey {
  const { name, keyId, type, material } = parseKeyText(text, "verifier key");
  if (!isSignatureType(type)) {
    throw new TlogFormatError(
      `The verifier key of ${name} has the unknown type 0x${hexByte(type)}; known are 0x01, 0x04 and 0x06.`,
    );
  }
  const key = verifierKey(name, type, material);
  if (key.keyId !== keyId) {
    throw new TlogFormatError(
      `The verifier key of ${name} says id ${hexOf(keyId)}, but its key has ${hexOf(key.keyId)}: part of it was changed.`,
    );
  }
  return key;
}

const hexByte = (byte: number): string => byte.toString(16).padStart(2, "0");

function parseKeyText(text: string, what: string): { name: string; keyId: number; type: number; material: Uint8Array } {
  // Base64 may contain '+', so only the first two separate.
  const first = text.indexOf("+");
  const second = text.indexOf("+", first + 1);
  if (first < 0 || second < 0) throw new TlogFormatError(`A ${what} has three parts joined by '+': name, id, key.`);
  const name = text.slice(0, first);
  const id = text.slice(first + 1, second);
  const bytes = decodeBase64(text.slice(second + 1));
  if (!isKeyName(name)) throw new TlogFormatError(`The ${what} has no name that a key could have.`);
  if (!/^[0-9a-f]{8}$/.test(id))
    throw new TlogFormatError(`The ${what} of ${name} has an id that is not 8 hexadecimal digits.`);
  if (bytes === null || bytes.length < 1)
    throw new TlogFormatError(`The ${what} of ${name} does not end in base64 of a key.`);
  return { name, keyId: Number.parseInt(id, 16), type: bytes[0] as number, material: bytes.subarray(1) };
}

const signerPrefix = "PRIVATE+KEY+";

/** A signer key as Go's note package writes it: `PRIVATE+KEY+<name>+<id>+<base64 of type and seed>`. A secret. */
export async function formatSignerKey(name: string, type: 0x01 | 0x04, seed: Uint8Array): Promise<string> {
  const { keyId } = await signerOfSeed(name, type, seed);
  return `${signerPrefix}${name}+${hexOf(keyId)}+${encodeBase64(concatBytes(Uint8Array.of(type), seed))}`;
}

/** Reads a signer key. Throws TlogFormatError; its sentences never contain the secret. */
export async function parseSignerKey(text: string): Promise<SignerKey> {
  if (!text.startsWith(signerPrefix)) throw new TlogFormatError(`A signer key begins with ${signerPrefix}.`);
  const { name, keyId, type, material } = parseKeyText(text.slice(signerPrefix.length), "signer key");
  if (type !== signatureType.ed25519 && type !== signatureType.cosignature) {
    throw new TlogFormatError(
      `The signer key of ${name} has the type 0x${hexByte(type)}; this can sign with 0x01 and 0x04.`,
    );
  }
  const key = await signerOfSeed(name, type, material);
  if (key.keyId !== keyId) {
    throw new TlogFormatError(
      `The signer key of ${name} says id ${hexOf(keyId)}, but its key has ${hexOf(key.keyId)}: part of it was changed.`,
    );
  }
  return key;
}

/** A signer key of a seed of 32 bytes. */
export async function signerOfSeed(name: string, type: 0x01 | 0x04, seed: Uint8Array): Promise<SignerKey> {
  if (seed.length !== 32) throw new TlogFormatError(`An Ed25519 seed has 32 bytes, not ${seed.length}.`);
  const { publicKey, sign } = await openEd25519Seed(seed);
  return signerKey(name, type, publicKey, sign);
}

/** A signer key whose private part is elsewhere, in a key file of another form or in hardware: `sign` is Ed25519 over the bytes given. */
export function signerKey(
  name: string,
  type: 0x01 | 0x04,
  publicKey: Uint8Array,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): SignerKey {
  return { ...verifierKey(name, type, publicKey), type, sign };
}

/** A new seed for a signer key, 32 random bytes. */
export function newSeed(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}
