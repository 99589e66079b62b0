const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Int8Array(128).fill(-1);
for (let value = 0; value < 64; value++) values[alphabet.charCodeAt(value)] = value;

/** Standard base64 with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group =
      ((bytes[at] as number) << 16) |
      ((left > 1 ? (bytes[at + 1] as number) : 0) << 8) |
      (left > 2 ? (bytes[at + 2] as number) : 0);
    text += alphabet[group >> 18] as string;
    text += alphabet[(group >> 12) & 63] as string;
    text += left > 1 ? (alphabet[(group >> 6) & 63] as string) : "=";
    text += left > 2 ? (alphabet[group & 63] as string) : "=";
  }
  return text;
}

/**
 * Reads standard base64, or answers null. Strict, so that bytes have one text: no white space, padding as it must be, and no
 * bits set behind the last byte.
 */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const digits = text.length - padding;
  const whole = digits - (digits % 4);
  let at = 0;
  let i = 0;
  for (; i < whole; i += 4) {
    const group =
      (valueAt(text, i) << 18) | (valueAt(text, i + 1) << 12) | (valueAt(text, i + 2) << 6) | valueAt(text, i + 3);
    // A character outside the alphabet is -1 and makes the whole group negative.
    if (group < 0) return null;
    bytes[at++] = group >> 16;
    bytes[at++] = group >> 8;
    bytes[at++] = group;
  }
  let group = 0;
  for (; i < digits; i++) group = (group << 6) | valueAt(text, i);
  if (group < 0) return null;
  if (padding === 1) {
    if ((group & 3) !== 0) return null;
    bytes[at++] = group >> 10;
    bytes[at++] = (group >> 2) & 255;
  } else if (padding === 2) {
    if ((group & 15) !== 0) return null;
    bytes[at++] = group >> 4;
  }
  return bytes;
}

function valueAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? (values[code] as number) : -1;
}
