import { type Checkpoint, formatCheckpoint, type ParsedCheckpoint, parseCheckpoint } from "./checkpoint-text.ts";
import { TlogFormatError, TlogVerificationError } from "./errors.ts";
import { type OpenedNote, openNote, signNote } from "./note.ts";
import { type SignerKey, sameSigner, signatureType, type VerifierKey } from "./note-key.ts";
import { parseNote } from "./note-text.ts";

/** A checkpoint whose log signature holds. */
export interface OpenedCheckpoint extends ParsedCheckpoint {
  /** What was signed. */
  readonly text: string;
  /** The note's signatures: which hold, which are of unknown keys. */
  readonly note: OpenedNote;
}

/** Signs a checkpoint with the log's key, whose name must be the origin: the note as it is published. */
export async function signCheckpoint(checkpoint: Checkpoint, logSigner: SignerKey): Promise<string> {
  if (logSigner.name !== checkpoint.origin) {
    throw new TlogFormatError(`The key of ${logSigner.name} cannot sign for the log ${checkpoint.origin}.`);
  }
  return signNote(formatCheckpoint(checkpoint), [logSigner]);
}

/**
 * Verifies that a checkpoint is of the log whose key is given: signed by it, and with the key's name as origin. `others` are keys
 * whose signatures are verified too where they stand (witnesses). Throws TlogFormatError and TlogVerificationError.
 */
export async function openCheckpoint(
  note: Uint8Array | string,
  logVerifier: VerifierKey,
  others: readonly VerifierKey[] = [],
): Promise<OpenedCheckpoint> {
  return openCheckpointOf(note, [logVerifier], others);
}

/** As `openCheckpoint`, for one of several logs: the one that the origin names. */
export async function openCheckpointOf(
  note: Uint8Array | string,
  logVerifiers: readonly VerifierKey[],
  others: readonly VerifierKey[] = [],
): Promise<OpenedCheckpoint> {
  const checkpoint = parseCheckpoint(parseNote(note).text);
  // Keys of other logs are unknown here: their signatures, good or bad, say nothing about this one.
  const logs = logVerifiers.filter(({ name }) => name === checkpoint.origin);
  if (logs.length === 0) {
    throw new TlogVerificationError(
      "other-origin",
      `The checkpoint is of the log ${checkpoint.origin}, which is not one of those trusted.`,
    );
  }
  const opened = await openNote(note, [...logs, ...others]);
  const signed = opened.verified.find(({ key }) => logs.some((log) => sameSigner(log, key)));
  if (signed === undefined) {
    throw new TlogVerificationError(
      "no-known-signature",
      `The checkpoint of ${checkpoint.origin} has no signature of its log.`,
    );
  }
  if (signed.key.type === signatureType.mlDsa44 && checkpoint.extensions.length > 0) {
    throw new TlogVerificationError(
      "bad-signature",
      "The checkpoint has extension lines, which its signature does not cover.",
    );
  }
  return { ...checkpoint, text: opened.text, note: opened };
}
