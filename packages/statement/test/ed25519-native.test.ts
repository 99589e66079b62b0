// libsodium stands beside OpenSSL: were the two to differ on any input, an exchange and an auditor could differ on who signed.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { verifyEd25519 } from "../src/ed25519-native.ts";

const sodium = (await import("sodium-native")).default;
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");
/** Order of the base point, and the field's prime (RFC 8032 section 5.1). */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const prime = 2n ** 255n - 19n;

/** Every encoding of a point of small order, and some that a strict reader refuses: y of p and more, a sign where x is 0. */
const smallOrder = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0100000000000000000000000000000000000000000000000000000000000080",
].map((hex) => Buffer.from(hex, "hex"));

function keyObjectOf(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, point]), format: "der", type: "spki" });
}

/** The verdict, after it was held against OpenSSL's. */
function verdictOn(point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyObjectOf(point);
  const openssl = verify(null, message, key, signature);
  expect(verifyEd25519({ point, message, signature }, () => key)).toBe(openssl);
  return openssl;
}

const isTakenBySodium = (point: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  sodium.crypto_sign_verify_detached(signature as Buffer, message as Buffer, point as Buffer);

test("on keys and points of small order the verdict is OpenSSL's", () => {
  for (const point of smallOrder) {
    for (const r of smallOrder) {
      const signature = Buffer.concat([r, Buffer.alloc(32)]);
      for (let number = 0; number < 8; number++) verdictOn(point, Buffer.from(`Hồ sơ ${number}`), signature);
    }
  }
});

test("on a signature whose nonce is zero, so that its point is of small order, the verdict is OpenSSL's", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const point = pointOf(publicKey);
  const message = Buffer.from("Phường Hoàn Kiếm chuyển hồ sơ");
  const r = smallOrder[0] as Buffer;
  const challenge = numberOf(sha512(r, point, message)) % order;
  const signature = Buffer.concat([r, bytesOf((challenge * secretOf(privateKey).scalar) % order)]);
  verdictOn(point, message, signature);
});

test("on keys with a part of small order the verdict is OpenSSL's", () => {
  const verdicts = new Set<boolean>();
  for (let number = 0; number < 64; number++) {
    const message = Buffer.from(`Hồ sơ ${number}`);
    const { point, signature } = signedByMixedKey(message);
    const valid = verdictOn(point, message, signature);
    verdicts.add(valid);
    expect(isTakenBySodium(point, message, signature) && !valid).toBe(false);
  }
  expect(verdicts).toEqual(new Set([true, false]));
});

test("a signature with the order added to its scalar, cut, lengthened or changed in any bit is refused", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const point = pointOf(publicKey);
  const message = Buffer.from("Phường Hoàn Kiếm chuyển hồ sơ");
  const signature = sign(null, message, privateKey);
  expect(verdictOn(point, message, signature)).toBe(true);
  const scalar = numberOf(signature.subarray(32)) + order;
  expect(verdictOn(point, message, Buffer.concat([signature.subarray(0, 32), bytesOf(scalar)]))).toBe(false);
  for (const odd of [new Uint8Array(0), signature.subarray(1), Buffer.concat([signature, Buffer.alloc(1)])]) {
    expect(verdictOn(point, message, odd)).toBe(false);
  }
  for (let bit = 0; bit < 512; bit++) {
    const flipped = Buffer.from(signature);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(verdictOn(point, message, flipped)).toBe(false);
  }
});

test("on any key, message and signature the verdict is OpenSSL's", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const part = fc.oneof(bytes(32), fc.constantFrom(...smallOrder));
  fc.assert(
    fc.property(part, part, part, fc.uint8Array({ maxLength: 300 }), (point, r, s, message) => {
      verdictOn(point, message, Buffer.concat([r, s]));
    }),
    { numRuns: 500 },
  );
});

/**
 * A key A + T, where T is the point of order 2, and a signature made for it with A's secret: whether it verifies hangs on the parity of the
 * hash, for whoever does not multiply by the cofactor.
 */
function signedByMixedKey(message: Buffer): { point: Buffer; signature: Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { scalar, prefix } = secretOf(privateKey);
  // A + (0, -1) is (-x, -y): the other sign, and p - y.
  const plain = pointOf(publicKey);
  const y = numberOf(plain) & (2n ** 255n - 1n);
  const isOdd = (plain.readUInt8(31) & 0x80) !== 0;
  const point = bytesOf(prime - y + (isOdd ? 0n : 2n ** 255n));
  const r = sign(null, message, privateKey).subarray(0, 32);
  const nonce = numberOf(sha512(prefix, message)) % order;
  const challenge = numberOf(sha512(r, point, message)) % order;
  const s = (nonce + challenge * scalar) % order;
  return { point, signature: Buffer.concat([r, bytesOf(s)]) };
}

/** What RFC 8032 section 5.1.5 makes of a seed. */
function secretOf(privateKey: KeyObject): { scalar: bigint; prefix: Buffer } {
  const expanded = sha512(privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32));
  const low = expanded.subarray(0, 32);
  low.writeUInt8(low.readUInt8(0) & 248, 0);
  low.writeUInt8((low.readUInt8(31) & 127) | 64, 31);
  return { scalar: numberOf(low), prefix: expanded.subarray(32) };
}

function pointOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: "der", type: "spki" }).subarray(-32);
}

function sha512(...parts: Uint8Array[]): Buffer {
  return createHash("sha512").update(Buffer.concat(parts)).digest();
}

/** Little-endian, as everywhere in RFC 8032. */
function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function bytesOf(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse();
}
