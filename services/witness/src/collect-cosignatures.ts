import {
  formatVerifierKey,
  openNote,
  parseCheckpoint,
  parseNote,
  parseSignatureLines,
  parseVerifierKey,
  TlogFormatError,
  TlogVerificationError,
  type VerifierKey,
} from "@lienthong/tlog";
import { formatAddCheckpoint } from "./add-checkpoint-request.ts";

/** A witness to ask. `url`: its submission prefix; `vkey`: its verifier key, as text or read. */
export interface WitnessToAsk {
  readonly name: string;
  readonly url: string;
  readonly vkey: string | VerifierKey;
}

export interface CollectCosignaturesOptions {
  /** The signed checkpoint as it will be published. */
  readonly checkpoint: string;
  /** Consistency proof from a smaller size to the checkpoint's; asked once per size that a witness knows. */
  readonly proofFrom: (oldSize: number) => Promise<readonly Uint8Array[]>;
  readonly witnesses: readonly WitnessToAsk[];
  /** Most time for each witness, all its tries together, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * Sizes that the witnesses are known to be at, by `knownSizeKey`; read and updated. Without it each witness is asked from size 0
   * first, which costs one more request.
   */
  readonly knownSizes?: Map<string, number>;
  /** Ends all asking early; witnesses not heard by then count as not having signed. */
  readonly signal?: AbortSignal;
}

/** A cosignature that holds. `line`: to stand behind the checkpoint; `time`: POSIX seconds. */
export interface CollectedCosignature {
  readonly name: string;
  readonly line: string;
  readonly time: number;
}

/**
 * A witness that did not sign. `ahead`: it has cosigned a larger tree of this log than the one offered, so the log went backwards
 * or has two writers; `inconsistent`: it holds that the trees differ (a fork); `refused`: it does not know the log or its key;
 * `unreachable`: no answer in time; `bad-answer`: one that breaks the protocol or does not verify; `no-proof`: the proof could not be made.
 */
export interface MissingCosignature {
  readonly name: string;
  readonly kind: "ahead" | "inconsistent" | "refused" | "unreachable" | "bad-answer" | "no-proof";
  /** A sentence. */
  readonly reason: string;
  /** With `ahead`: the size that it has cosigned. */
  readonly knownSize?: number;
}

export interface CollectedCosignatures {
  readonly cosignatures: readonly CollectedCosignature[];
  readonly missing: readonly MissingCosignature[];
}

/** Longest answer of a witness that is read: a few signature lines. */
const answerBytesMax = 64 * 1_024;
/** Tries of one witness: another writer of the same log may move it in between. */
const triesMax = 4;

/** Under which `knownSizes` keeps where a witness stands with a log. */
export function knownSizeKey(witness: WitnessToAsk, origin: string): string {
  return `${witness.url} ${origin}`;
}

class NotSigned extends Error {
  readonly kind: MissingCosignature["kind"];
  readonly knownSize: number | undefined;
  constructor(kind: MissingCosignature["kind"], message: string, options?: ErrorOptions & { knownSize?: number }) {
    super(message, options);
    this.kind = kind;
    this.knownSize = options?.knownSize;
  }
}

/**
 * Asks all witnesses at once to cosign a checkpoint (c2sp.org/tlog-witness) and verifies what they answer. Never rejects because of a
 * witness: the ones that did not sign are in the answer with a sentence why. Throws TlogFormatError if the checkpoint itself is malformed.
 */
export async function collectCosignatures(options: CollectCosignaturesOptions): Promise<CollectedCosignatures> {
  const { text } = parseNote(options.checkpoint);
  const { origin, size } = parseCheckpoint(text);
  const proofs = new Map<number, Promise<readonly Uint8Array[]>>();
  const proofFrom = (oldSize: number): Promise<readonly Uint8Array[]> => {
    let proof = proofs.get(oldSize);
    if (proof === undefined) {
      proof = oldSize === 0 || oldSize === size ? Promise.resolve([]) : options.proofFrom(oldSize);
      proofs.set(oldSize, proof);
    }
    return proof;
  };
  const asked = await Promise.all(
    options.witnesses.map(async (witness): Promise<CollectedCosignature | MissingCosignature> => {
      try {
        return await askWitness(witness, { ...options, proofFrom, text, origin, size });
      } catch (error) {
        if (error instanceof NotSigned) {
          const { kind, message: reason, knownSize } = error;
          return { name: witness.name, kind, reason, ...(knownSize === undefined ? {} : { knownSize }) };
        }
        throw error;
      }
    }),
  );
  return {
    cosignatures: asked.filter((answer): answer is CollectedCosignature => "line" in answer),
    missing: asked.filter((answer): answer is MissingCosignature => "reason" in answer),
  };
}

interface Asking extends CollectCosignaturesOptions {
  readonly text: string;
  readonly origin: string;
  readonly size: number;
}

async function askWitness(witness: WitnessToAsk, asking: Asking): Promise<CollectedCosignature> {
  const { origin, size, knownSizes } = asking;
  const key = readKey(witness);
  const sizeKey = knownSizeKey(witness, origin);
  const ends = [AbortSignal.timeout(asking.timeoutMs), ...(asking.signal === undefined ? [] : [asking.signal])];
  const signal = AbortSignal.any(ends);
  let oldSize = Math.min(knownSizes?.get(sizeKey) ?? 0, size);
  for (let tries = 1; ; tries++) {
    const { status, body, contentType } = await post(witness, asking, oldSize, signal);
    if (status === 200) {
      const cosignature = await readCosignature(witness, key, asking.text, body);
      knownSizes?.set(sizeKey, size);
      return cosignature;
    }
    if (status !== 409) throw refusal(witness, status, body, size);
    if (!contentType.startsWith("text/x.tlog.size") || !/^(?:0|[1-9][0-9]{0,15})\n$/.test(body)) {
      throw new NotSigned("bad-answer", `${witness.name} answered 409 without the size that it knows.`);
    }
    const known = Number(body);
    if (known > size) {
      throw new NotSigned(
        "ahead",
        `${witness.name} has cosigned this log at size ${known}, and was now offered ${size}: the log went backwards, or two writers sign for it.`,
        { knownSize: known },
      );
    }
    if (tries === triesMax || known === oldSize) {
      throw new NotSigned("bad-answer", `${witness.name} kept answering 409, the last time with size ${known}.`);
    }
    knownSizes?.set(sizeKey, known);
    oldSize = known;
  }
}

function readKey(witness: WitnessToAsk): VerifierKey {
  try {
    return typeof witness.vkey === "string" ? parseVerifierKey(witness.vkey) : witness.vkey;
  } catch (error) {
    throw new NotSigned("bad-answer", `The key given for ${witness.name} cannot be read: ${(error as Error).message}`);
  }
}

async function post(
  witness: WitnessToAsk,
  asking: Asking,
  oldSize: number,
  signal: AbortSignal,
): Promise<{ status: number; body: string; contentType: string }> {
  let proof: readonly Uint8Array[];
  try {
    proof = await asking.proofFrom(oldSize);
  } catch (error) {
    throw new NotSigned(
      "no-proof",
      `No consistency proof could be made for ${witness.name} from size ${oldSize} to ${asking.size}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  try {
    const response = await fetch(`${witness.url.replace(/\/+$/, "")}/add-checkpoint`, {
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: formatAddCheckpoint({ oldSize, proof, checkpoint: asking.checkpoint }),
      redirect: "error",
      signal,
    });
    const body = await readBody(response);
    if (body === null) {
      throw new NotSigned("bad-answer", `${witness.name} answered with more than ${answerBytesMax} bytes.`);
    }
    return { status: response.status, body, contentType: response.headers.get("content-type") ?? "" };
  } catch (error) {
    if (error instanceof NotSigned) throw error;
    const why = asking.signal?.aborted
      ? "was not waited for any longer"
      : signal.aborted
        ? `gave no answer within ${asking.timeoutMs} ms`
        : `cannot be reached: ${causeOf(error)}`;
    throw new NotSigned("unreachable", `${witness.name} (${witness.url}) ${why}.`, { cause: error });
  }
}

/** `fetch` says only "fetch failed"; why is in the cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text =
    cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code || cause.name : String(cause);
  return text.replace(/\.$/, "");
}

async function readBody(response: Response): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    // Leaving the loop ends the response.
    if (bytes > answerBytesMax) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function refusal(witness: WitnessToAsk, status: number, body: string, size: number): NotSigned {
  const said = body.trim().split("\n")[0]?.slice(0, 300) ?? "";
  const tail = said === "" ? "." : `: ${said}`;
  if (status === 422) {
    return new NotSigned(
      "inconsistent",
      `${witness.name} holds that the tree of ${size} does not continue the one that it cosigned (422)${tail}`,
    );
  }
  if (status === 404) return new NotSigned("refused", `${witness.name} does not know this log (404)${tail}`);
  if (status === 403)
    return new NotSigned("refused", `${witness.name} does not accept the log's signature (403)${tail}`);
  if (status >= 500) return new NotSigned("unreachable", `${witness.name} answered ${status}${tail}`);
  return new NotSigned("bad-answer", `${witness.name} answered ${status}${tail}`);
}

async function readCosignature(
  witness: WitnessToAsk,
  key: VerifierKey,
  text: string,
  body: string,
): Promise<CollectedCosignature> {
  try {
    const lines = parseSignatureLines(body).filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
    // Only the lines of the key asked for count; a witness may add others.
    const opened = await openNote(`${text}\n${lines.map(({ line }) => line).join("")}`, [key]);
    for (const { line, time } of opened.verified)
      if (time !== undefined && time > 0) return { name: witness.name, line, time };
    throw new TlogVerificationError("no-known-signature", "none of its lines states a time");
  } catch (error) {
    if (!(error instanceof TlogFormatError) && !(error instanceof TlogVerificationError)) throw error;
    throw new NotSigned(
      "bad-answer",
      `${witness.name} answered without a cosignature that holds for the key ${formatVerifierKey(key).slice(0, 80)}: ${error.message}`,
      { cause: error },
    );
  }
}
