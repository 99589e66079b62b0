import { type Bundle, entryBytesMax, TlogFormatError, tileWidth } from "@lienthong/tlog";

/** A bundle and its bytes. */
export interface BundleBytes {
  readonly bundle: Bundle;
  readonly bytes: Uint8Array;
}

const firstBytes = 32 * 1024;

/** The bundles of a log that only grows: entries go straight into the bytes that are written, copied once. */
export class BundleBuilder {
  #index: number;
  #width: number;
  #taken: number;
  #buffer: Uint8Array;
  #length: number;
  #full: BundleBytes[] = [];

  /** Goes on from `size` entries; `partial` is the bundle being filled, empty if none is. */
  constructor(size: number, partial: Uint8Array) {
    this.#index = Math.floor(size / tileWidth);
    this.#width = size % tileWidth;
    this.#taken = this.#width;
    this.#buffer = new Uint8Array(Math.max(firstBytes, partial.length * 2));
    this.#buffer.set(partial);
    this.#length = partial.length;
  }

  /** Adds an entry of at most 65,535 bytes; its bytes are copied. */
  append(entry: Uint8Array): void {
    if (entry.length > entryBytesMax) {
      throw new TlogFormatError(`An entry has ${entry.length} bytes; a log takes at most ${entryBytesMax}.`);
    }
    const end = this.#length + 2 + entry.length;
    if (end > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(end, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer[this.#length] = entry.length >> 8;
    this.#buffer[this.#length + 1] = entry.length & 0xff;
    this.#buffer.set(entry, this.#length + 2);
    this.#length = end;
    if (++this.#width < tileWidth) return;
    this.#full.push({ bundle: { index: this.#index, width: tileWidth }, bytes: this.#buffer.subarray(0, end) });
    this.#index += 1;
    this.#width = 0;
    this.#taken = 0;
    this.#length = 0;
    // The full one keeps its buffer until it is written; neighbours are of about the same size.
    this.#buffer = new Uint8Array(Math.max(firstBytes, Math.ceil(end * 1.05)));
  }

  /** Bundles that are new since the last call: full ones, then the one being filled. */
  take(): BundleBytes[] {
    const taken = this.#full;
    this.#full = [];
    if (this.#width !== this.#taken) {
      this.#taken = this.#width;
      taken.push({
        bundle: { index: this.#index, width: this.#width },
        bytes: this.#buffer.slice(0, this.#length),
      });
    }
    return taken;
  }
}
