import { TlogFormatError } from "./errors.ts";

const encoder = new TextEncoder();
// ignoreBOM: otherwise a byte order mark would vanish from what is verified.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 of well-formed text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of bytes that must be UTF-8, or a string that must be well-formed. Throws TlogFormatError. */
export function textOf(input: Uint8Array | string, what: string): string {
  if (typeof input === "string") {
    if (!input.isWellFormed()) throw new TlogFormatError(`The ${what} is not well-formed Unicode text.`);
    return input;
  }
  try {
    return decoder.decode(input);
  } catch {
    throw new TlogFormatError(`The ${what} is not UTF-8 text.`);
  }
}

/** A decimal number from 0 to 2^53 - 1 without leading zeros, or null. */
export function parseDecimal(text: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** Bytes one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
