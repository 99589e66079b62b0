import { decodeBase64, encodeBase64 } from "./base64.ts";
import { TlogFormatError } from "./errors.ts";
import { hashBytes } from "./rfc6962.ts";
import { parseDecimal } from "./text.ts";

/** What a checkpoint says: the tree of the log `origin` had this root at this size. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** A checkpoint as read. `extensions`: the lines after the third, of which no log of ours has any. */
export interface ParsedCheckpoint extends Checkpoint {
  readonly extensions: readonly string[];
}

/** The text of a checkpoint (c2sp.org/tlog-checkpoint): three lines, the note's text that is signed. Throws TlogFormatError. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${size}\n${encodeBase64(root)}\n`;
  const parsed = parseCheckpoint(text);
  if (parsed.origin !== origin || parsed.size !== size) {
    throw new TlogFormatError(`The origin of a checkpoint is one line, not ${JSON.stringify(origin)}.`);
  }
  return text;
}

/** Reads the text of a checkpoint, without signatures. Sizes go to 2^53 - 1. Throws TlogFormatError. */
export function parseCheckpoint(text: string): ParsedCheckpoint {
  if (!text.endsWith("\n")) throw new TlogFormatError("The checkpoint does not end in a line end.");
  const lines = text.slice(0, -1).split("\n");
  const [origin, sizeLine, rootLine, ...extensions] = lines;
  if (origin === undefined || sizeLine === undefined || rootLine === undefined) {
    throw new TlogFormatError("A checkpoint has at least three lines: origin, size, root.");
  }
  if (lines.includes("")) throw new TlogFormatError("A line of the checkpoint is empty.");
  const size = parseDecimal(sizeLine);
  if (size === null)
    throw new TlogFormatError("The checkpoint's second line is not a size: a decimal number without leading zeros.");
  const root = decodeBase64(rootLine);
  if (root === null || root.length !== hashBytes) {
    throw new TlogFormatError(`The checkpoint's third line is not base64 of a root of ${hashBytes} bytes.`);
  }
  return { origin, size, root, extensions };
}
