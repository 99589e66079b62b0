import { decodeBase64, encodeBase64 } from "./base64.ts";
import { TlogFormatError } from "./errors.ts";
import { isKeyName, type VerifierKey } from "./note-key.ts";
import { concatBytes, textOf } from "./text.ts";

/** Longest note that is read, in UTF-16 units or bytes. */
export const noteLengthMax = 1_000_000;

/** Most signature lines that are read. The specification asks for at least 16. */
export const noteSignaturesMax = 100;

/** A signature line: who says to have signed, and what. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  readonly signature: Uint8Array;
  /** The line as it stands in the note, its line end included. */
  readonly line: string;
}

/** A note in its parts; nothing is verified. `text` ends in a line end. */
export interface ParsedNote {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Takes a note apart (c2sp.org/signed-note) without verifying anything. Throws TlogFormatError. */
export function parseNote(note: Uint8Array | string): ParsedNote {
  if (note.length > noteLengthMax) throw new TlogFormatError(`The note is longer than ${noteLengthMax}.`);
  const all = textOf(note, "note");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a note may not contain them
  if (/[\u0000-\u0009\u000b-\u001f]/.test(all)) throw new TlogFormatError("The note contains a control character.");
  const blank = all.lastIndexOf("\n\n");
  if (blank < 0) throw new TlogFormatError("The note has no blank line between text and signatures.");
  return { text: all.slice(0, blank + 1), signatures: parseSignatureLines(all.slice(blank + 2)) };
}

/** Reads signature lines, at least one. Throws TlogFormatError. */
export function parseSignatureLines(lines: string): NoteSignature[] {
  if (!lines.endsWith("\n")) throw new TlogFormatError("The note does not end in a signature line with a line end.");
  const parts = lines.slice(0, -1).split("\n");
  if (parts.length > noteSignaturesMax) {
    throw new TlogFormatError(`The note has ${parts.length} signature lines; at most ${noteSignaturesMax} are read.`);
  }
  return parts.map(parseSignatureLine);
}

function parseSignatureLine(line: string): NoteSignature {
  const parts = line.split(" ");
  const [dash, name, text] = parts;
  if (parts.length !== 3 || dash !== "\u2014" || name === undefined || text === undefined || !isKeyName(name)) {
    throw new TlogFormatError(
      "A signature line is not an em dash, a key's name and base64 with one space between them.",
    );
  }
  const bytes = decodeBase64(text);
  if (bytes === null || bytes.length < 5) {
    throw new TlogFormatError(`The signature line of ${name} does not end in base64 of a key id and a signature.`);
  }
  return {
    name,
    keyId: new DataView(bytes.buffer).getUint32(0),
    signature: bytes.subarray(4),
    line: `${line}\n`,
  };
}

/** A signature line, its line end included. */
export function formatSignatureLine(key: Pick<VerifierKey, "name" | "keyId">, signature: Uint8Array): string {
  const id = new Uint8Array(4);
  new DataView(id.buffer).setUint32(0, key.keyId);
  return `\u2014 ${key.name} ${encodeBase64(concatBytes(id, signature))}\n`;
}

/** The note with more signature lines behind its own. Throws TlogFormatError if either is malformed. */
export function addSignatureLines(note: string, lines: readonly string[]): string {
  parseNote(note);
  for (const line of lines) parseSignatureLines(line);
  return note + lines.join("");
}
