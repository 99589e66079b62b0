import { setTimeout as wait } from "node:timers/promises";
import {
  decodeBundle,
  entriesPath,
  hashesInTile,
  leafHash,
  newBundles,
  parseCheckpoint,
  parseNote,
  tilePath,
  tileWidth,
} from "@lienthong/tlog";
import { CliError, EXIT } from "../exit-codes.ts";
import type { Messages } from "../messages/messages.ts";

/** Where a log is read, and as whom. */
export interface LogAddress {
  /** Its address over HTTP, with or without a slash at the end. */
  readonly url: string;
  /** Bearer token with which entries may be read; absent: only hashes are. */
  readonly token?: string | undefined;
}

const requestMsMax = 30_000;
/** Most bytes of one answer: a full bundle of the largest entries. */
const answerBytesMax = 256 * 65_537;
const attemptsMax = 3;

/** A part of a log: entries, or where they may not be read their hashes. */
export type LogPart = { readonly entries: readonly Uint8Array[] } | { readonly hashes: readonly Uint8Array[] };

/** A log over HTTP (C2SP tlog-tiles), as anybody serves it. */
export class LogOverHttp {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #messages: Messages;
  readonly #signal: AbortSignal;

  constructor({ url, token }: LogAddress, messages: Messages, signal: AbortSignal) {
    this.#base = url.replace(/\/+$/, "");
    this.#token = token;
    this.#messages = messages;
    this.#signal = signal;
    if (!/^https?:\/\/[^/]/.test(url)) throw new CliError(EXIT.usage, messages.verify.logUrlOdd(url));
  }

  /** The newest checkpoint, a signed note, and the size that it states. */
  async checkpoint(): Promise<{ note: string; size: number }> {
    const bytes = await this.#get("checkpoint", "");
    if (bytes === null) throw this.#unreachable("checkpoint", "404");
    const note = new TextDecoder().decode(bytes);
    try {
      return { note, size: parseCheckpoint(parseNote(note).text).size };
    } catch (error) {
      throw this.#unreachable("checkpoint", (error as Error).message);
    }
  }

  /** All leaves of a tree of that size, in order, in parts of up to 256. */
  async *leaves(size: number): AsyncGenerator<LogPart> {
    for (const { index, width } of newBundles(0, size)) {
      const entries = this.#token === undefined ? null : await this.#entries(index, width);
      yield entries === null ? { hashes: await this.#hashes(index, width) } : { entries };
    }
  }

  /** Leaf hashes of a tree of that size. */
  async leafHashes(size: number): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for await (const part of this.leaves(size)) {
      hashes.push(...("hashes" in part ? part.hashes : part.entries.map(leafHash)));
    }
    return hashes;
  }

  async #entries(index: number, width: number): Promise<Uint8Array[]> {
    const read = (bytes: Uint8Array, held: number) => decodeBundle(bytes, held).slice(0, width);
    return this.#part((held) => entriesPath({ index, width: held }), width, read, this.#token ?? "");
  }

  async #hashes(index: number, width: number): Promise<Uint8Array[]> {
    const read = (bytes: Uint8Array, held: number) => hashesInTile(bytes, held).slice(0, width);
    return this.#part((held) => tilePath({ level: 0, index, width: held }), width, read, "");
  }

  /** A partial tile may be gone once the full one is there: then it is cut out of that. */
  async #part(
    pathOf: (width: number) => string,
    width: number,
    read: (bytes: Uint8Array, width: number) => Uint8Array[],
    token: string,
  ): Promise<Uint8Array[]> {
    for (const held of width === tileWidth ? [width] : [width, tileWidth]) {
      const bytes = await this.#get(pathOf(held), token);
      if (bytes === null) continue;
      try {
        return read(bytes, held);
      } catch (error) {
        throw new CliError(EXIT.refused, this.#messages.verify.logPartOdd(pathOf(held), (error as Error).message));
      }
    }
    throw this.#unreachable(pathOf(width), "404");
  }

  /** The bytes under a path; null where there are none. */
  async #get(path: string, token: string): Promise<Uint8Array | null> {
    const url = `${this.#base}/${path}`;
    let last = "";
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      try {
        const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(requestMsMax)]);
        const headers: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };
        const answer = await fetch(url, { headers, signal, redirect: "error" });
        if (answer.status === 404) {
          await answer.body?.cancel();
          return null;
        }
        if (answer.status === 401 || answer.status === 403) {
          await answer.body?.cancel();
          throw new CliError(EXIT.refused, this.#messages.verify.tokenRefused(url));
        }
        if (answer.ok) return await bodyOf(answer);
        last = String(answer.status);
        await answer.body?.cancel();
      } catch (error) {
        this.#signal.throwIfAborted();
        if (error instanceof CliError) throw error;
        last = causeOf(error);
      }
      if (attempt < attemptsMax) await wait(200 * attempt, undefined, { signal: this.#signal });
    }
    throw this.#unreachable(path, last);
  }

  #unreachable(path: string, why: string): CliError {
    return new CliError(EXIT.unreachable, this.#messages.verify.logUnreachable(`${this.#base}/${path}`, why));
  }
}

async function bodyOf(answer: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body ?? []) {
    length += chunk.length;
    if (length > answerBytesMax) throw new Error(`more than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, length));
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message;
}
