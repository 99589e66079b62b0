import { spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { sha256 } from "@lienthong/tlog";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  importVerifyingKey,
  KeyRefusedError,
  keyIdOf,
  payloadTypes,
  preAuthenticationEncoding,
  type SigningKey,
  signPayload,
  verifyPayload,
  verifyPayloadSync,
} from "../src/index.ts";

const { SIGNATURE_ALGORITHM_ED25519, SIGNATURE_ALGORITHM_ECDSA_P256_SHA256, SIGNATURE_ALGORITHM_RSA_PKCS1_SHA256 } =
  SignatureAlgorithm;
const payload = new TextEncoder().encode("Phường Hoàn Kiếm chuyển hồ sơ");
const keys = (["ed25519", "p256", "rsa"] as const).map((kind): [string, SigningKey] => [
  kind,
  generateSigningKey(kind),
]);
const type = payloadTypes.statement;

/** Valid for the thread pool and for this thread. */
async function valid(
  key: SigningKey,
  signature: Uint8Array,
  signedType: keyof typeof payloadTypes = "statement",
  bytes: Uint8Array = payload,
) {
  const verifying = importVerifyingKey(key.algorithm, key.publicKey);
  const answers = [
    await verifyPayload(verifying, payloadTypes[signedType], bytes, signature),
    verifyPayloadSync(verifying, payloadTypes[signedType], bytes, signature),
  ];
  expect(answers[0]).toBe(answers[1]);
  return answers[0];
}

test("what is signed is the pre-authentication encoding of DSSE", () => {
  const encoded = preAuthenticationEncoding(type, payload);
  const head = `DSSEv1 47 application/vnd.lienthong.statement.v1+protobuf ${payload.length} `;
  expect(Buffer.from(encoded).equals(Buffer.concat([Buffer.from(head), payload]))).toBe(true);
  for (const name of Object.values(payloadTypes)) expect(name).toMatch(/^[\x21-\x7e]+$/);
});

describe.each(keys)("%s", { timeout: 60_000 }, (_, key) => {
  test("a signature verifies, for its payload and its payload type only", async () => {
    const signature = signPayload(key, type, payload);
    expect(signature.length).toBeLessThanOrEqual(1_024);
    expect(await valid(key, signature)).toBe(true);
    for (const other of ["registryEntry", "registryRecord", "promise"] as const) {
      expect(await valid(key, signature, other)).toBe(false);
    }
    expect(await valid(key, signature, "statement", payload.subarray(1))).toBe(false);
    for (const [, other] of keys) if (other !== key) expect(await valid(other, signature)).toBe(false);
    expect(await valid(generateSigningKey("ed25519"), signature)).toBe(false);
  });

  test("a bad signature is false and never an error", async () => {
    const signature = signPayload(key, type, payload);
    const odd = [
      new Uint8Array(0),
      Uint8Array.of(0x30),
      new Uint8Array(64),
      new Uint8Array(1_024).fill(0xff),
      Uint8Array.of(0x30, 0x80, 0x02, 0x01),
      signature.subarray(1),
      signature.subarray(0, -1),
      Buffer.concat([signature, Uint8Array.of(0)]),
      Buffer.concat([signature, signature]),
    ];
    for (const bytes of odd) expect(await valid(key, bytes)).toBe(false);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect(await valid(key, bytes)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test("any flipped bit of signature or payload makes it false", async () => {
    const signature = signPayload(key, type, payload);
    for (let bit = 0; bit < signature.length * 8; bit += 7) {
      expect(await valid(key, flipped(signature, bit))).toBe(false);
    }
    for (let bit = 0; bit < payload.length * 8; bit += 5) {
      expect(await valid(key, signature, "statement", flipped(payload, bit))).toBe(false);
    }
  });

  test("its id is SHA-256 of its SubjectPublicKeyInfo; the key file gives the same key again", () => {
    expect(Buffer.from(key.keyId).equals(sha256(key.publicKey))).toBe(true);
    expect(Buffer.from(keyIdOf(key.publicKey)).equals(key.keyId)).toBe(true);
    const again = importSigningKey(exportSigningKey(key));
    expect(Buffer.from(again.keyId).equals(key.keyId)).toBe(true);
    expect(again.algorithm).toBe(key.algorithm);
    expect(Buffer.from(importVerifyingKey(key.algorithm, key.publicKey).keyId).equals(key.keyId)).toBe(true);
  });

  test("has one encoding and so one id: other encodings of the same key are refused", () => {
    const longLength = Buffer.concat([
      Uint8Array.of(0x30, 0x82, 0, 0),
      key.publicKey.subarray(headerBytes(key.publicKey)),
    ]);
    longLength.writeUInt16BE(key.publicKey.length - headerBytes(key.publicKey), 2);
    const others = [Buffer.concat([key.publicKey, Uint8Array.of(0)])];
    if (!longLength.equals(Buffer.from(key.publicKey))) others.push(longLength);
    for (const other of others) expect(() => importVerifyingKey(key.algorithm, other)).toThrow(KeyRefusedError);
  });

  test("is refused under the algorithm of another", () => {
    for (const algorithm of [0, 1, 2, 3] as SignatureAlgorithm[]) {
      if (algorithm !== key.algorithm)
        expect(() => importVerifyingKey(algorithm, key.publicKey)).toThrow(KeyRefusedError);
    }
  });
});

test("a P-256 key with its point compressed is refused: it would be the same key under another id", () => {
  const { publicKey } = generateSigningKey("p256");
  const x = publicKey.subarray(27, 59);
  const sign = (publicKey[90] as number) % 2 === 0 ? 2 : 3;
  const header = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");
  const compressed = Buffer.concat([header, Uint8Array.of(sign), x]);
  expect(() => importVerifyingKey(SignatureAlgorithm.SIGNATURE_ALGORITHM_ECDSA_P256_SHA256, compressed)).toThrow(
    /compressed/,
  );
});

/** Bytes of the outermost tag and length of a DER value. */
function headerBytes(der: Uint8Array): number {
  const length = der[1]!;
  return length < 0x80 ? 2 : 2 + (length & 0x7f);
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

describe("kinds of keys that cannot sign statements are refused", { timeout: 60_000 }, () => {
  const kinds = {
    "P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
    secp256k1: generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
    Ed448: generateKeyPairSync("ed448"),
    X25519: generateKeyPairSync("x25519"),
    "RSA of 1,024 bits": generateKeyPairSync("rsa", { modulusLength: 1_024 }),
    "RSA-PSS": generateKeyPairSync("rsa-pss", { modulusLength: 2_048 }),
  };

  test.each(Object.entries(kinds))("%s", (_, pair) => {
    const spki = pair.publicKey.export({ format: "der", type: "spki" });
    for (const algorithm of [1, 2, 3] as SignatureAlgorithm[]) {
      expect(() => importVerifyingKey(algorithm, spki)).toThrow(KeyRefusedError);
    }
    const pem = pair.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    expect(() => importSigningKey(pem)).toThrow(/cannot sign statements; allowed: Ed25519, P-256, RSA/);
  });

  test("and what is no key at all", () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(44), payload]) {
      expect(() => importVerifyingKey(SIGNATURE_ALGORITHM_ED25519, bytes)).toThrow(KeyRefusedError);
    }
    for (const pem of ["", "a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]) {
      expect(() => importSigningKey(pem)).toThrow(KeyRefusedError);
    }
  });

  test("RSA of 2,048 and of 4,096 bits is not", () => {
    for (const modulusLength of [2_048, 4_096]) {
      const { publicKey } = generateKeyPairSync("rsa", { modulusLength });
      const spki = publicKey.export({ format: "der", type: "spki" });
      const { algorithm } = importVerifyingKey(SIGNATURE_ALGORITHM_RSA_PKCS1_SHA256, spki);
      expect(algorithm).toBe(SIGNATURE_ALGORITHM_RSA_PKCS1_SHA256);
    }
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe.runIf(hasOpenssl)("the openssl command line agrees", () => {
  const folder = mkdtempSync(join(tmpdir(), "lienthong-keys-"));
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  afterAll(() => rmSync(folder, { recursive: true }));
  const openssl = (...args: string[]) => spawnSync("openssl", args);
  const signed = file("pae", preAuthenticationEncoding(type, payload));

  test.each(keys)("on signatures by %s, ours and its own", async (kind, key) => {
    const publicKey = createPublicKey(key.key).export({ format: "pem", type: "spki" }) as string;
    const publicFile = file(`${kind}.pub`, publicKey);
    const privateFile = file(`${kind}.key`, exportSigningKey(key));
    const ours = file(`${kind}.sig`, signPayload(key, type, payload));
    const theirs = join(folder, `${kind}.theirs`);
    const raw = key.algorithm === SIGNATURE_ALGORITHM_ED25519;
    expect([1, 2, 3]).toContain(key.algorithm);
    const verify = raw
      ? openssl("pkeyutl", "-verify", "-pubin", "-inkey", publicFile, "-rawin", "-in", signed, "-sigfile", ours)
      : openssl("dgst", "-sha256", "-verify", publicFile, "-signature", ours, signed);
    expect({ status: verify.status, said: `${verify.stdout}${verify.stderr}` }).toMatchObject({ status: 0 });
    const sign = raw
      ? openssl("pkeyutl", "-sign", "-inkey", privateFile, "-rawin", "-in", signed, "-out", theirs)
      : openssl("dgst", "-sha256", "-sign", privateFile, "-out", theirs, signed);
    expect(sign.status).toBe(0);
    expect(await valid(key, readFileSync(theirs))).toBe(true);
  });

  test("P-256 signatures are DER, which openssl can take apart", () => {
    const key = keys[1]![1];
    expect(key.algorithm).toBe(SIGNATURE_ALGORITHM_ECDSA_P256_SHA256);
    const path = file("der", signPayload(key, type, payload));
    const parsed = openssl("asn1parse", "-inform", "DER", "-in", path);
    expect(String(parsed.stdout).match(/INTEGER/g)).toHaveLength(2);
  });
});
