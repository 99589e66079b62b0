import { decodeBase64, encodeBase64, hashBytes, TlogFormatError } from "@lienthong/tlog";

/** Most hashes that a consistency proof of a request has. */
export const proofHashesMax = 63;

/** What a log asks of a witness: cosign this checkpoint, which begins with the tree of `oldSize` that you cosigned last. */
export interface AddCheckpointRequest {
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
}

/** The body of a POST to `add-checkpoint` (c2sp.org/tlog-witness). */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpointRequest): string {
  return [`old ${oldSize}`, ...proof.map(encodeBase64), "", checkpoint].join("\n");
}

/** Reads such a body; the checkpoint is not read further. Throws TlogFormatError. */
export function parseAddCheckpoint(input: Uint8Array | string): AddCheckpointRequest {
  const body = typeof input === "string" ? input : textOf(input);
  const blank = body.indexOf("\n\n");
  if (blank < 0) throw new TlogFormatError("The request has no blank line before its checkpoint.");
  const [first, ...lines] = body.slice(0, blank).split("\n");
  const size = /^old (0|[1-9][0-9]{0,15})$/.exec(first as string);
  const oldSize = size === null ? Number.NaN : Number(size[1]);
  if (!Number.isSafeInteger(oldSize)) {
    throw new TlogFormatError(
      "The request does not begin with a line `old <size>`, a decimal number without leading zeros.",
    );
  }
  if (lines.length > proofHashesMax) {
    throw new TlogFormatError(`The request has ${lines.length} hashes; a proof has at most ${proofHashesMax}.`);
  }
  const proof = lines.map((line, i) => {
    const hash = decodeBase64(line);
    if (hash === null || hash.length !== hashBytes) {
      throw new TlogFormatError(`Hash ${i + 1} of the request is not base64 of ${hashBytes} bytes.`);
    }
    return hash;
  });
  return { oldSize, proof, checkpoint: body.slice(blank + 2) };
}

// ignoreBOM: otherwise a byte order mark would vanish from what is verified.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new TlogFormatError("The request is not UTF-8 text.");
  }
}

/** Content type of an answer 409, whose body is the size that the witness cosigned last. */
export const sizeContentType = "text/x.tlog.size";
