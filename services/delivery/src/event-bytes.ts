import type { Reader } from "@lienthong/event-store";

const recentBytesMaxDefault = 16 * 1024 * 1024;

/** The bytes of events: the newest from memory, older ones read again from the stream. */
export class EventBytes {
  readonly #reader: Reader;
  readonly #bytesMax: number;
  readonly #recent = new Map<number, Uint8Array>();
  /** Sequences in `#recent` in order of arrival, those before `#oldest` gone already. */
  #order: number[] = [];
  #oldest = 0;
  #bytes = 0;

  /** `bytesMax`: what is kept in memory, 16 MiB unless given. */
  constructor(reader: Reader, bytesMax: number = recentBytesMaxDefault) {
    this.#reader = reader;
    this.#bytesMax = bytesMax;
  }

  /** Keeps an event for those who are about to be given it. The bytes must be a copy of their own. */
  keep(sequence: number, bytes: Uint8Array): void {
    this.#recent.set(sequence, bytes);
    this.#order.push(sequence);
    this.#bytes += bytes.length;
    while (this.#bytes > this.#bytesMax && this.#oldest < this.#order.length) {
      const oldest = this.#order[this.#oldest++] as number;
      this.#bytes -= this.#recent.get(oldest)?.length ?? 0;
      this.#recent.delete(oldest);
    }
    if (this.#oldest > 4_096 && this.#oldest * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#oldest);
      this.#oldest = 0;
    }
  }

  /** The bytes, if they are in memory. */
  recent(sequence: number): Uint8Array | undefined {
    return this.#recent.get(sequence);
  }

  /** Reads an event from the stream; null if the server has no readable record of it. Rejects when it cannot be asked. */
  async read(sequence: number): Promise<Uint8Array | null> {
    return (await this.#reader.atSequence(sequence))?.payload ?? null;
  }
}
