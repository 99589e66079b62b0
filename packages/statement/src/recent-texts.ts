const textsMax = 4;
const bytesMax = 64;

/**
 * The texts of a field that were found good last. Agencies, shards and dossiers come again and again, and comparing a few bytes costs a tenth of
 * decoding them and matching a pattern: the checks of a text took a quarter of a statement's time on the main thread.
 */
export class RecentTexts {
  readonly #texts: Uint8Array[] = [];
  #oldest = 0;

  /** Whether the bytes from `start` to `end` are one of them. */
  has(buffer: Uint8Array, start: number, end: number): boolean {
    for (const text of this.#texts) {
      if (text.length === end - start && isAt(buffer, start, text)) return true;
    }
    return false;
  }

  /** Keeps a copy, in place of the one kept longest. Long texts are rarely the same twice and are left out. */
  keep(text: Uint8Array): void {
    if (text.length > bytesMax) return;
    this.#texts[this.#oldest] = text.slice();
    this.#oldest = (this.#oldest + 1) % textsMax;
  }
}

function isAt(buffer: Uint8Array, start: number, text: Uint8Array): boolean {
  // From the end: codes and ids differ there.
  for (let at = text.length - 1; at >= 0; at--) if (buffer[start + at] !== text[at]) return false;
  return true;
}
