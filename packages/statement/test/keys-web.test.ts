import { generateKeyPairSync } from "node:crypto";
import type { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { describe, expect, it } from "vitest";
import { ecdsaSignatureFromDer, rsaModulusBits } from "../src/der.ts";
import * as nodeHmac from "../src/hmac-node.ts";
import * as webHmac from "../src/hmac-web.ts";
import * as node from "../src/keys-node.ts";
import * as web from "../src/keys-web.ts";
import { payloadTypes } from "../src/pre-authentication-encoding.ts";

const kinds = ["ed25519", "p256", "rsa"] as const;
const type = payloadTypes.statement;
const payload = new TextEncoder().encode("xin chào");

/** Whether an import refuses. */
function refuses(importKey: () => unknown): boolean {
  try {
    importKey();
    return false;
  } catch {
    return true;
  }
}

/** A copy with one byte changed. */
function changed(bytes: Uint8Array, index: number, mask: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index] = (copy[index] as number) ^ mask;
  return copy;
}

describe.each(kinds)("a key of kind %s, in Node and with WebCrypto", (kind) => {
  const signing = node.generateSigningKey(kind);
  const { algorithm, publicKey } = signing;
  const signature = node.signPayload(signing, type, payload);

  it("has the same id, verifies the same signature, and refuses the same others", async () => {
    const inNode = node.importVerifyingKey(algorithm, publicKey);
    const inWeb = web.importVerifyingKey(algorithm, publicKey);
    expect(Buffer.from(inWeb.keyId)).toEqual(Buffer.from(inNode.keyId));
    expect(await web.verifyPayload(inWeb, type, payload, signature)).toBe(true);
    const others = [
      new Uint8Array(0),
      signature.slice(1),
      Uint8Array.from([...signature, 0]),
      ...Array.from({ length: Math.min(signature.length, 80) }, (_, index) => changed(signature, index, 1)),
      changed(signature, 0, 0xff),
      changed(signature, 1, 0x80),
    ];
    for (const other of others) {
      const expected = await node.verifyPayload(inNode, type, payload, other);
      expect(await web.verifyPayload(inWeb, type, payload, other), Buffer.from(other).toString("hex")).toBe(expected);
    }
    expect(await web.verifyPayload(inWeb, type, payload.slice(1), signature)).toBe(false);
    expect(await web.verifyPayload(inWeb, payloadTypes.promise, payload, signature)).toBe(false);
  });

  it("is refused under another algorithm, and in any other form than DER's one", () => {
    for (const other of [0, 1, 2, 3, 4] as SignatureAlgorithm[]) {
      expect(refuses(() => web.importVerifyingKey(other, publicKey))).toBe(other !== algorithm);
      expect(refuses(() => node.importVerifyingKey(other, publicKey))).toBe(other !== algorithm);
    }
    for (const other of [
      publicKey.slice(1),
      publicKey.slice(0, -1),
      Uint8Array.from([...publicKey, 0]),
      new Uint8Array(0),
    ]) {
      expect(refuses(() => web.importVerifyingKey(algorithm, other))).toBe(true);
    }
    // The head of the structure says what kind of key it is; every bit of it counts.
    for (let index = 0; index < publicKey.length - 64 && index < 26; index++) {
      expect(
        refuses(() => web.importVerifyingKey(algorithm, changed(publicKey, index, 1))),
        `byte ${index}`,
      ).toBe(true);
    }
  });
});

describe("DER, strictly", () => {
  const signature = (r: number[], s: number[]) => {
    const content = [2, r.length, ...r, 2, s.length, ...s];
    return Uint8Array.from([0x30, content.length, ...content]);
  };

  it("knows one form of an ECDSA signature", () => {
    expect(ecdsaSignatureFromDer(signature([1], [2]))?.[31]).toBe(1);
    expect(ecdsaSignatureFromDer(signature([0, 0x80], [2]))?.[31]).toBe(0x80);
    const ones = Array.from({ length: 32 }, () => 1);
    expect(ecdsaSignatureFromDer(signature(ones, ones))).not.toBeNull();
    for (const [r, s] of [
      [[0], [2]],
      [[0x80], [2]],
      [[0, 1], [2]],
      [[], [2]],
      [[...ones, 1], ones],
      [[0, ...ones], ones],
    ] as [number[], number[]][]) {
      expect(ecdsaSignatureFromDer(signature(r, s))).toBeNull();
    }
    const [first, ...rest] = signature([1], [2]);
    // A length in two bytes where one is enough, bytes after the end, another tag.
    expect(ecdsaSignatureFromDer(Uint8Array.from([first as number, 0x81, ...rest]))).toBeNull();
    expect(ecdsaSignatureFromDer(Uint8Array.from([first as number, ...rest, 0]))).toBeNull();
    expect(ecdsaSignatureFromDer(Uint8Array.from([0x31, ...rest]))).toBeNull();
  });

  it.each([1_024, 2_048, 3_072, 4_096])("counts the %i bits of an RSA modulus", (bits) => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
    expect(rsaModulusBits(publicKey.export({ format: "der", type: "spki" }))).toBe(bits);
  });
});

describe("HMAC-SHA-256 without Node", () => {
  it.each([0, 1, 55, 64, 65, 1_000])("is the same for %i bytes, whatever the key and the pieces", (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => index * 7);
    for (const keyBytes of [1, 32, 64, 65]) {
      const key = new Uint8Array(keyBytes).fill(keyBytes);
      const digests = [nodeHmac, webHmac].map(({ hmacSha256 }) => {
        const hmac = hmacSha256(key);
        hmac.update(bytes.subarray(0, length >> 1));
        hmac.update(bytes.subarray(length >> 1));
        return Buffer.from(hmac.digest()).toString("hex");
      });
      expect(digests[1]).toBe(digests[0]);
    }
  });

  it("compares all of two byte strings, and draws as many random bytes as asked", () => {
    expect(webHmac.equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(webHmac.equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(webHmac.randomBytes(32)).toHaveLength(32);
  });
});
