import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";

/** What the agencies' systems keep of what they said and were told, outside the bus: one line of JSON each. Bytes are base64, hashes hexadecimal. */
export type JournalLine = { readonly at: number } & (
  | {
      readonly t: "offered";
      readonly id: string;
      readonly dossier: string;
      readonly agency: string;
      readonly what: string;
    }
  /** The bus's word. `again`: the same statement was answered before. */
  | {
      readonly t: "accepted";
      readonly id: string;
      readonly dossier: string;
      readonly leaf: number;
      readonly event: string;
      readonly promise: string;
      readonly again: boolean;
    }
  /** The bus said no to this statement, which therefore is nowhere. */
  | { readonly t: "refused"; readonly id: string; readonly dossier: string; readonly reason: string }
  /** An attempt ended without an outcome; the same bytes go again. */
  | { readonly t: "unknown"; readonly id: string; readonly reason: string }
  /** Handed to the system for an agency, in this order. `life` counts how often the system lost its memory. */
  | {
      readonly t: "delivered";
      readonly agency: string;
      readonly leaf: number;
      readonly hash: string;
      readonly dossier: string;
      readonly life: string;
    }
  | { readonly t: "receipt"; readonly leaf: number; readonly proof: string }
  /** Something that must never be, seen by a client. */
  | { readonly t: "violated"; readonly sentence: string }
  /** A receiver gave a delivery up after many failures. */
  | { readonly t: "parked"; readonly agency: string; readonly leaf: number }
);

/** A line without its time. */
export type JournalEntry = JournalLine extends infer Line ? (Line extends unknown ? Omit<Line, "at"> : never) : never;

/** Appends to a journal. It is read when the run is over; the machine does not fail meanwhile, so nothing is fsynced. */
export class Journal {
  readonly #stream: WriteStream;

  constructor(path: string) {
    this.#stream = createWriteStream(path, { flags: "a" });
  }

  write(entry: JournalEntry): void {
    this.#stream.write(`${JSON.stringify({ at: Date.now(), ...entry })}\n`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#stream.end(() => resolve()));
  }
}

/** Reads a journal from its beginning. */
export async function* readJournal(path: string): AsyncGenerator<JournalLine> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== "") yield JSON.parse(line) as JournalLine;
  }
}
