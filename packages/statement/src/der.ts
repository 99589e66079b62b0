/** Reads DER strictly: lengths in their shortest form, integers without superfluous zeros, nothing behind the end. */
class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Content of the next element, or null if it is not one with this tag. */
  content(tag: number): Uint8Array | null {
    if (this.#bytes[this.#at] !== tag) return null;
    let length = this.#bytes[this.#at + 1] ?? -1;
    let start = this.#at + 2;
    if (length === 0x81 || length === 0x82) {
      const digits = length - 0x80;
      length = 0;
      for (let i = 0; i < digits; i++) length = length * 256 + (this.#bytes[start + i] ?? Number.NaN);
      start += digits;
      if (!(length >= (digits === 1 ? 128 : 256))) return null;
    } else if (length < 0 || length >= 0x80) return null;
    if (start + length > this.#bytes.length) return null;
    this.#at = start + length;
    return this.#bytes.subarray(start, start + length);
  }

  /** Digits of the next integer, which must be above zero: big-endian, without the zero of the sign. */
  positiveInteger(): Uint8Array | null {
    const content = this.content(0x02);
    if (content === null || content.length === 0) return null;
    const first = content[0] as number;
    if (first >= 0x80) return null;
    if (first !== 0) return content;
    return content.length > 1 && (content[1] as number) >= 0x80 ? content.subarray(1) : null;
  }
}

/** An ECDSA signature on P-256 in the form r ‖ s of 64 bytes, out of `SEQUENCE { r, s }`; null where it is not exactly that. */
export function ecdsaSignatureFromDer(der: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const whole = new DerReader(der);
  const sequence = whole.content(0x30);
  if (sequence === null || !whole.isAtEnd) return null;
  const inside = new DerReader(sequence);
  const r = inside.positiveInteger();
  const s = inside.positiveInteger();
  if (r === null || s === null || !inside.isAtEnd || r.length > 32 || s.length > 32) return null;
  const raw = new Uint8Array(64);
  raw.set(r, 32 - r.length);
  raw.set(s, 64 - s.length);
  return raw;
}

/** rsaEncryption with its NULL parameters (RFC 8017 appendix A.1). */
const rsaEncryption = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];

/** Bits of the modulus of an RSA SubjectPublicKeyInfo in DER's one form; null where it is not that. */
export function rsaModulusBits(publicKey: Uint8Array): number | null {
  const whole = new DerReader(publicKey);
  const info = whole.content(0x30);
  if (info === null || !whole.isAtEnd) return null;
  const parts = new DerReader(info);
  const algorithm = parts.content(0x30);
  const bits = parts.content(0x03);
  if (algorithm === null || bits === null || !parts.isAtEnd || bits[0] !== 0) return null;
  if (algorithm.length !== rsaEncryption.length || !rsaEncryption.every((byte, i) => algorithm[i] === byte))
    return null;
  const key = new DerReader(bits.subarray(1));
  const sequence = key.content(0x30);
  if (sequence === null || !key.isAtEnd) return null;
  const numbers = new DerReader(sequence);
  const modulus = numbers.positiveInteger();
  const exponent = numbers.positiveInteger();
  if (modulus === null || exponent === null || !numbers.isAtEnd) return null;
  return modulus.length * 8 - Math.clz32(modulus[0] as number) + 24;
}
