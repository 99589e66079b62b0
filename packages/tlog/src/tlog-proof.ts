import { decodeBase64, encodeBase64 } from "./base64.ts";
import { parseCheckpoint } from "./checkpoint-text.ts";
import { TlogFormatError, TlogVerificationError } from "./errors.ts";
import type { VerifierKey } from "./note-key.ts";
import { noteLengthMax, parseNote } from "./note-text.ts";
import { verifyInclusion } from "./proofs.ts";
import { hashBytes } from "./rfc6962.ts";
import { parseDecimal, textOf } from "./text.ts";
import { checkPolicy, type Policy, type PolicyResult } from "./tlog-policy.ts";

/** A receipt (c2sp.org/tlog-proof): entry `index` is in the tree of the checkpoint. */
export interface TlogProof {
  readonly index: number;
  /** Inclusion proof, nearest sibling first; at most 63 hashes. */
  readonly path: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
  /** Anything its maker added. Nothing vouches for it. */
  readonly extra?: Uint8Array;
}

const header = "c2sp.org/tlog-proof@v1";
const pathLengthMax = 63;
const extraLengthMax = 1_000_000;
const proofLengthMax = noteLengthMax + extraLengthMax + 10_000;

/** The text of a `.tlog-proof` file. Throws TlogFormatError for parts that it cannot carry. */
export function formatTlogProof({ index, path, checkpoint, extra }: TlogProof): string {
  const lines = [header];
  if (extra !== undefined) lines.push(`extra ${encodeBase64(extra)}`);
  lines.push(`index ${index}`, ...path.map(encodeBase64), "", checkpoint);
  const text = lines.join("\n");
  parseTlogProof(text);
  return text;
}

/** Reads a `.tlog-proof` file; nothing is verified. Throws TlogFormatError. */
export function parseTlogProof(input: Uint8Array | string): TlogProof {
  if (input.length > proofLengthMax) throw new TlogFormatError(`The proof is longer than ${proofLengthMax}.`);
  const text = textOf(input, "proof");
  const blank = text.indexOf("\n\n");
  if (blank < 0) throw new TlogFormatError("The proof has no blank line before its checkpoint.");
  const [first, ...lines] = text.slice(0, blank).split("\n");
  if (first !== header) throw new TlogFormatError(`The proof does not begin with the line ${header}.`);

  let extra: Uint8Array | undefined;
  if (lines[0]?.startsWith("extra ")) {
    const found = decodeBase64((lines.shift() as string).slice("extra ".length));
    if (found === null || found.length === 0)
      throw new TlogFormatError("The proof's extra line is not base64 of some bytes.");
    extra = found;
  }
  const indexLine = lines.shift();
  const index = indexLine?.startsWith("index ") ? parseDecimal(indexLine.slice("index ".length)) : null;
  if (index === null)
    throw new TlogFormatError("The proof has no index line with a decimal number without leading zeros.");

  if (lines.length > pathLengthMax) {
    throw new TlogFormatError(`The proof has ${lines.length} hashes; no tree is higher than ${pathLengthMax}.`);
  }
  const path = lines.map((line, i) => {
    const hash = decodeBase64(line);
    if (hash === null || hash.length !== hashBytes) {
      throw new TlogFormatError(`Hash ${i + 1} of the proof is not base64 of ${hashBytes} bytes.`);
    }
    return hash;
  });
  const checkpoint = text.slice(blank + 2);
  parseCheckpoint(parseNote(checkpoint).text);
  return { index, path, checkpoint, ...(extra === undefined ? {} : { extra }) };
}

/** A proof that holds. */
export interface VerifiedTlogProof extends PolicyResult {
  readonly index: number;
}

/**
 * Verifies that the entry of this leaf hash (`leafHash(entry)`) is in the log, at the proof's index, as the policy asks for: log signature,
 * witnesses, inclusion. `logs`: keys of logs known from elsewhere. The answer says whether the quorum holds; all else that fails throws
 * TlogFormatError or TlogVerificationError.
 */
export async function verifyTlogProof(
  proof: TlogProof | Uint8Array | string,
  leafHash: Uint8Array,
  policy: Policy,
  logs: readonly VerifierKey[] = [],
): Promise<VerifiedTlogProof> {
  const read = typeof proof === "string" || proof instanceof Uint8Array ? parseTlogProof(proof) : proof;
  const result = await checkPolicy(read.checkpoint, policy, logs);
  const { size, root } = result.checkpoint;
  if (!verifyInclusion(leafHash, read.index, size, read.path, root)) {
    throw new TlogVerificationError(
      "bad-proof",
      `The proof does not lead from this entry at index ${read.index} to the root that the log signed for size ${size}.`,
    );
  }
  return { ...result, index: read.index };
}
