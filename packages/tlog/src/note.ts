import { verifyEd25519 } from "#ed25519";
import { encodeBase64 } from "./base64.ts";
import { verifyCosignature } from "./cosignature.ts";
import { TlogFormatError, TlogVerificationError } from "./errors.ts";
import { type SignerKey, signatureType, type VerifierKey } from "./note-key.ts";
import { formatSignatureLine, type NoteSignature, parseNote } from "./note-text.ts";
import { utf8 } from "./text.ts";

/** A signature that holds. `time`: POSIX seconds that a cosignature states. */
export interface VerifiedSignature extends NoteSignature {
  readonly key: VerifierKey;
  readonly time?: number;
}

/** A note of which at least one known key's signature holds, and none of a known key fails. */
export interface OpenedNote {
  readonly text: string;
  /** Those that hold, in the order of the note. */
  readonly verified: readonly VerifiedSignature[];
  /** Those of keys that are not known (or, for ML-DSA, that this platform cannot verify); they say nothing. */
  readonly unknown: readonly NoteSignature[];
}

/**
 * Signs text that ends in a line end with Ed25519 keys (type 0x01), in their order. Throws TlogFormatError for text that no note
 * can carry and for keys that sign only with a time (`cosign` does that).
 */
export async function signNote(text: string, signers: readonly SignerKey[]): Promise<string> {
  if (signers.length === 0) throw new TlogFormatError("A note has at least one signature.");
  const lines: string[] = [];
  for (const signer of signers) {
    if (signer.type !== signatureType.ed25519) {
      throw new TlogFormatError(`The key of ${signer.name} is for cosignatures and cannot sign a note without a time.`);
    }
    lines.push(formatSignatureLine(signer, await signer.sign(utf8(text))));
  }
  const note = `${text}\n${lines.join("")}`;
  if (!text.endsWith("\n") || parseNote(note).text !== text) {
    throw new TlogFormatError("The text of a note ends in a line end and has no control characters.");
  }
  return note;
}

/**
 * Verifies a note. Signatures of unknown (name, id) are left aside; one of a known key that fails, on any line, rejects the whole
 * note, and so does a note without any of a known key. Throws TlogFormatError and TlogVerificationError.
 */
export async function openNote(note: Uint8Array | string, verifiers: readonly VerifierKey[]): Promise<OpenedNote> {
  const { text, signatures } = parseNote(note);
  const known = new Map<string, VerifierKey>();
  for (const key of verifiers) {
    const id = `${key.name}+${key.keyId}`;
    const other = known.get(id);
    if (other !== undefined && encodeBase64(other.publicKey) !== encodeBase64(key.publicKey)) {
      throw new TlogFormatError(
        `Two different keys are known under the name ${key.name} and the same id; give one of them another name.`,
      );
    }
    known.set(id, key);
  }
  const results = await Promise.all(
    signatures.map(async (signature) => {
      const key = known.get(`${signature.name}+${signature.keyId}`);
      return { signature, key, result: key === undefined ? null : await verifyOne(text, signature, key) };
    }),
  );
  const verified: VerifiedSignature[] = [];
  const unknown: NoteSignature[] = [];
  for (const { signature, key, result } of results) {
    if (key === undefined || result === null) unknown.push(signature);
    else if (result === false)
      throw new TlogVerificationError("bad-signature", `The signature of ${key.name} does not hold.`);
    else verified.push({ ...signature, key, ...(typeof result === "number" ? { time: result } : {}) });
  }
  if (verified.length === 0) {
    throw new TlogVerificationError("no-known-signature", "The note has no signature of a known key.");
  }
  return { text, verified, unknown };
}

/** The time of a cosignature or true where it holds; false where it does not; null where this platform cannot tell. */
async function verifyOne(
  text: string,
  { signature }: NoteSignature,
  key: VerifierKey,
): Promise<number | boolean | null> {
  if (key.type === signatureType.ed25519) return verifyEd25519(key.publicKey, utf8(text), signature);
  const found = await verifyCosignature(text, key, signature);
  return found === "unsupported" ? null : (found ?? false);
}
