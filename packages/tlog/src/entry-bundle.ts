import { TlogFormatError } from "./errors.ts";
import { tileWidth } from "./tiles.ts";

/** Longest entry that a bundle can hold: its length is two bytes. */
export const entryBytesMax = 65_535;

/** Bytes of a bundle: each entry behind its length as two bytes, big-endian. 1 to 256 entries of at most 65,535 bytes. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > tileWidth) {
    throw new TlogFormatError(`A bundle holds 1 to ${tileWidth} entries, not ${entries.length}.`);
  }
  let length = 0;
  for (const entry of entries) {
    if (entry.length > entryBytesMax) {
      throw new TlogFormatError(`An entry has ${entry.length} bytes; a log takes at most ${entryBytesMax}.`);
    }
    length += 2 + entry.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const entry of entries) {
    bytes[at++] = Math.floor(entry.length / 256);
    bytes[at++] = entry.length % 256;
    bytes.set(entry, at);
    at += entry.length;
  }
  return bytes;
}

/** The entries of a bundle that holds exactly `width` of them, as views of its bytes. Throws TlogFormatError. */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < width; i++) {
    if (at + 2 > bytes.length) throw new TlogFormatError(`The bundle ends at entry ${i} of ${width}.`);
    const end = at + 2 + (bytes[at] as number) * 256 + (bytes[at + 1] as number);
    if (end > bytes.length) throw new TlogFormatError(`The bundle ends inside entry ${i} of ${width}.`);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (at !== bytes.length)
    throw new TlogFormatError(`The bundle goes on for ${bytes.length - at} bytes after its ${width} entries.`);
  return entries;
}
