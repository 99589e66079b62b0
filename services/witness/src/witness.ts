import type { Clock } from "@lienthong/chassis";
import {
  cosign,
  emptyRoot,
  hashesEqual,
  type OpenedCheckpoint,
  openCheckpointOf,
  openNote,
  parseCheckpoint,
  parseNote,
  type SignerKey,
  signatureType,
  TlogFormatError,
  TlogVerificationError,
  type VerifierKey,
  verifyConsistency,
} from "@lienthong/tlog";
import { type AddCheckpointRequest, parseAddCheckpoint, sizeContentType } from "./add-checkpoint-request.ts";
import { WitnessError } from "./witness-error.ts";
import { originHash, type WitnessState } from "./witness-state.ts";

export interface WitnessOptions {
  /** Key of type 0x04. */
  readonly signer: SignerKey;
  /** Keys of the logs to witness; a key's name is its log's origin. A log may have several keys. */
  readonly logs: readonly VerifierKey[];
  readonly state: WitnessState;
  readonly clock: Clock;
  /** What an operator should hear: a log that forks or goes back, state that cannot be kept. */
  readonly report?: (event: WitnessReport) => void;
}

/**
 * Something about a log that an operator should hear. `forked`: the log signed two roots for one size; `fork` names the file that proves it.
 * `unproven`: a checkpoint of the log came with a proof that shows nothing, from the log or from anybody who has the checkpoint. `failed`:
 * the witness itself could not.
 */
export interface WitnessReport {
  readonly kind: "forked" | "unproven" | "failed" | "cosigned";
  readonly origin: string;
  readonly size: number;
  readonly message: string;
  readonly fork?: string;
  readonly error?: unknown;
}

/** An answer of the protocol. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 500 | 503;
  readonly body: string;
  readonly contentType: string;
}

/** A witness, whatever it is reached through. */
export interface Witness {
  /** Answers a request to cosign a checkpoint, given its body. Never rejects. */
  addCheckpoint(body: Uint8Array | string): Promise<WitnessAnswer>;
  /** The last checkpoint that was cosigned for the log of that hash (hexadecimal SHA-256 of its origin), or null. */
  checkpoint(hash: string): string | null;
  /** Resolves when nothing is being cosigned. */
  idle(): Promise<void>;
}

interface Remembered {
  readonly size: number;
  readonly root: Uint8Array;
  /** POSIX seconds of its cosignature. */
  readonly time: number;
  readonly note: string;
}

/** How far the clock may have been set back before the witness stops rather than state a time that is not. */
const clockBackSecondsMax = 60;

/**
 * A witness in the sense of c2sp.org/tlog-witness: cosigns a checkpoint of a log it knows only if the tree continues the one it cosigned last, and
 * remembers it before answering. Reads and verifies all that it remembers of these logs first. Throws WitnessError if that is damaged or gone.
 */
export async function createWitness(options: WitnessOptions): Promise<Witness> {
  const { signer, logs, state, clock, report = () => {} } = options;
  const keysOf = new Map<string, VerifierKey[]>();
  for (const key of logs) {
    if (key.type !== signatureType.ed25519) {
      throw new WitnessError("LOG_KEYS_UNUSABLE", { name: key.name });
    }
    keysOf.set(key.name, [...(keysOf.get(key.name) ?? []), key]);
  }
  if (keysOf.size === 0) throw new WitnessError("LOG_KEYS_UNUSABLE", { name: "" });

  const remembered = new Map<string, Remembered | null>();
  for (const origin of keysOf.keys()) remembered.set(origin, await recall(origin));
  const hashes = new Map([...keysOf.keys()].map((origin) => [originHash(origin), origin]));
  const queues = new Map<string, Promise<unknown>>();
  /** Logs whose last write failed: the disk knows whether it was kept. */
  const uncertain = new Set<string>();

  async function recall(origin: string): Promise<Remembered | null> {
    const note = await state.read(origin);
    return note === null ? null : await readRemembered(origin, note, signer, keysOf.get(origin) ?? []);
  }

  /** One after the other per log: what is checked must still be so when it is kept. */
  function inTurn<T>(origin: string, work: () => Promise<T>): Promise<T> {
    const turn = (queues.get(origin) ?? Promise.resolve()).then(work);
    const settled = turn.then(
      () => {},
      () => {},
    );
    queues.set(origin, settled);
    void settled.then(() => {
      if (queues.get(origin) === settled) queues.delete(origin);
    });
    return turn;
  }

  async function cosignNext(request: AddCheckpointRequest, offered: OpenedCheckpoint): Promise<WitnessAnswer> {
    const { origin, size, root, text } = offered;
    if (uncertain.has(origin)) {
      remembered.set(origin, await recall(origin));
      uncertain.delete(origin);
    }
    const last = remembered.get(origin) ?? null;
    const lastSize = last?.size ?? 0;
    if (request.oldSize !== lastSize) return { status: 409, body: `${lastSize}\n`, contentType: sizeContentType };
    if (last !== null && size === last.size && !hashesEqual(root, last.root)) {
      const message = `The witness cosigned another root for size ${size}: the log has forked.`;
      const refused = `${text}\n${offered.note.verified.map(({ line }) => line).join("")}`;
      // The refusal does not depend on the proof being kept.
      const fork = await state.keepFork(origin, { size, cosigned: last.note, refused }).catch(() => null);
      report({ kind: "forked", origin, size, message, ...(fork === null ? {} : { fork }) });
      return plain(422, message);
    }
    const wrong = inconsistency(request, offered, last);
    if (wrong !== null) {
      report({ kind: "unproven", origin, size, message: wrong });
      return plain(422, wrong);
    }
    const now = Math.floor(clock.nowMs() / 1_000);
    const time = Math.max(now, last?.time ?? 0);
    if (time - now > clockBackSecondsMax) {
      const message = `The witness's clock stands ${time - now} s before its last cosignature of ${origin}; set it right.`;
      report({ kind: "failed", origin, size, message });
      return plain(503, message);
    }
    const line = await cosign(text, signer, time);
    const logLines = offered.note.verified.map((signature) => signature.line);
    const note = `${text}\n${[...logLines, line].join("")}`;
    uncertain.add(origin);
    // Durable after this line. Before it nothing was said to anybody; after it the witness will never cosign another tree of this size.
    await state.keep(origin, note);
    uncertain.delete(origin);
    remembered.set(origin, { size, root, time, note });
    report({ kind: "cosigned", origin, size, message: `Cosigned ${origin} at size ${size}.` });
    return { status: 200, body: line, contentType: "text/plain; charset=utf-8" };
  }

  return {
    async addCheckpoint(body) {
      let origin = "";
      let size = 0;
      try {
        const request = parseAddCheckpoint(body);
        ({ origin, size } = parseCheckpoint(parseNote(request.checkpoint).text));
        const keys = keysOf.get(origin);
        if (keys === undefined) return plain(404, `This witness does not know the log ${origin}.`);
        const offered = await openCheckpointOf(request.checkpoint, keys);
        if (request.oldSize > offered.size) {
          return plain(400, `The old size ${request.oldSize} is larger than the checkpoint's, ${offered.size}.`);
        }
        return await inTurn(origin, () => cosignNext(request, offered));
      } catch (error) {
        if (error instanceof TlogFormatError) return plain(400, error.message);
        if (error instanceof TlogVerificationError) return plain(403, error.message);
        report({ kind: "failed", origin, size, message: "A checkpoint could not be cosigned.", error });
        return plain(
          500,
          error instanceof WitnessError ? "The witness's state is not usable." : "The cosignature could not be kept.",
        );
      }
    },
    checkpoint(hash) {
      const origin = hashes.get(hash);
      return origin === undefined ? null : (remembered.get(origin)?.note ?? null);
    },
    async idle() {
      while (queues.size > 0) await Promise.all(queues.values());
    },
  };
}

const plain = (status: WitnessAnswer["status"], message: string): WitnessAnswer => ({
  status,
  body: `${message}\n`,
  contentType: "text/plain; charset=utf-8",
});

/** Why the offered tree does not continue the remembered one; null if it does. */
function inconsistency(
  request: AddCheckpointRequest,
  offered: OpenedCheckpoint,
  last: Remembered | null,
): string | null {
  const { size, root } = offered;
  if (size === 0 && !hashesEqual(root, emptyRoot)) return "A tree of size 0 has the root of the empty tree.";
  const lastSize = last?.size ?? 0;
  if (!verifyConsistency(lastSize, last?.root ?? emptyRoot, size, root, request.proof)) {
    return lastSize === 0
      ? "From size 0 the consistency proof is empty."
      : `The proof does not show that the tree of ${size} begins with the one of ${lastSize} that the witness cosigned.`;
  }
  return null;
}

async function readRemembered(
  origin: string,
  note: string,
  signer: SignerKey,
  logKeys: readonly VerifierKey[],
): Promise<Remembered> {
  const damaged = (why: string, cause?: unknown): WitnessError =>
    new WitnessError("STATE_DAMAGED", { file: `${originHash(origin)}.checkpoint`, why }, { cause });
  try {
    const checkpoint = parseCheckpoint(parseNote(note).text);
    if (checkpoint.origin !== origin) throw damaged(`it is of the log ${checkpoint.origin}.`);
    const opened = await openNote(note, [signer, ...logKeys]);
    const stranger = opened.unknown[0];
    if (stranger !== undefined) {
      throw damaged(
        `it has a signature of ${stranger.name} by a key that is not known. Lines of other witnesses do not belong there; if the log changed its key, name the earlier one too.`,
      );
    }
    const own = opened.verified.find(({ key }) => key === signer);
    if (own?.time === undefined) throw damaged("it lacks the witness's own cosignature.");
    if (opened.verified.length < 2) throw damaged("it lacks the log's signature.");
    return { size: checkpoint.size, root: checkpoint.root, time: own.time, note };
  } catch (error) {
    if (error instanceof TlogFormatError || error instanceof TlogVerificationError) throw damaged(error.message, error);
    throw error;
  }
}
