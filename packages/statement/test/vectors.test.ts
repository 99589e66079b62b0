import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { hashesEqual, leafHash, rootOf, sha256 } from "@lienthong/tlog";
import { describe, expect, test } from "vitest";
import {
  busStatementId,
  importVerifyingKey,
  keyIdOf,
  MessageRefusedError,
  type PayloadType,
  payloadTypes,
  preAuthenticationEncoding,
  promiseCovers,
  readEvent,
  readStatement,
  strictMessage,
  verifyPayloadSync,
} from "../src/index.ts";
import { sampleStatements } from "./vectors/sample-statements.ts";

type Vector = Record<string, string>;
const vectors = <T = Vector>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`./vectors/${name}.json`, import.meta.url), "utf8")) as T[];
const bytes = (text: string | undefined) => new Uint8Array(Buffer.from(text!, "hex"));
const hex = (value: Uint8Array) => Buffer.from(value).toString("hex");

const keys = vectors("keys");
const keyOf = (keyId: string) => keys.find((key) => key.key_id === keyId)!;
const verifying = (vector: Vector) =>
  importVerifyingKey(SignatureAlgorithm[vector.algorithm as keyof typeof SignatureAlgorithm], bytes(vector.public_key));

/** Signs with nothing but the seed, node:crypto and the encoding written out by hand. */
function signedBySeed(seed: string, type: string, payload: Uint8Array): string {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), bytes(seed)]);
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const head = Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `);
  return hex(sign(null, Buffer.concat([head, payload]), key));
}

test.each(keys.map((key) => [key.name, key] as const))("key %s", (_, key) => {
  expect(hex(keyIdOf(bytes(key.public_key)))).toBe(key.key_id);
  expect(hex(verifying(key).keyId)).toBe(key.key_id);
});

test.each(vectors("pre-authentication-encodings").map((vector) => [vector.type, vector] as const))(
  "pre-authentication encoding of a payload of type %s",
  (_, { type, payload, pae }) => {
    expect(hex(preAuthenticationEncoding(type as PayloadType, bytes(payload)))).toBe(pae);
  },
);

describe("statements", () => {
  interface StatementVector {
    name: string;
    payload: string;
    payload_sha256: string;
    pae_sha256: string;
    envelope: string;
    signatures: { key_id: string; signature: string }[];
  }
  const statements = vectors<StatementVector>("statements");

  test("of every kind of the contract", () => {
    const kinds = messageDescriptor("lienthong.exchange.v1.Statement").oneofs[0]!.fields.map((field) => field.jsonName);
    expect(statements.map(({ name }) => name)).toEqual(kinds);
  });

  test.each(statements.map((vector, at) => [vector.name, vector, sampleStatements[at]!] as const))(
    "%s: bytes, hashes, signatures, envelope",
    (_, vector, statement) => {
      const payload = bytes(vector.payload);
      expect(hex(Statement.encode(statement).finish())).toBe(vector.payload);
      expect(hex(sha256(payload))).toBe(vector.payload_sha256);
      expect(hex(sha256(preAuthenticationEncoding(payloadTypes.statement, payload)))).toBe(vector.pae_sha256);
      const read = readStatement(bytes(vector.envelope));
      expect(hex(read.envelope.payload)).toBe(vector.payload);
      expect(
        read.envelope.signatures.map(({ keyId, signature }) => ({ key_id: hex(keyId), signature: hex(signature) })),
      ).toEqual(vector.signatures);
      for (const { key_id, signature } of vector.signatures) {
        const key = keyOf(key_id);
        expect(verifyPayloadSync(verifying(key), payloadTypes.statement, payload, bytes(signature))).toBe(true);
        expect(signedBySeed(key.seed!, payloadTypes.statement, payload)).toBe(signature);
      }
    },
  );
});

test.each(vectors("verify-only-signatures").map((vector) => [vector.algorithm, vector] as const))(
  "signature by %s verifies",
  (_, vector) => {
    const key = verifying(vector);
    expect(hex(key.keyId)).toBe(vector.key_id);
    const { payload, signature } = vector;
    expect(verifyPayloadSync(key, payloadTypes.statement, bytes(payload), bytes(signature))).toBe(true);
    expect(verifyPayloadSync(key, payloadTypes.promise, bytes(payload), bytes(signature))).toBe(false);
  },
);

test.each(vectors("events").map((vector) => [vector.name, vector] as const))("event: %s", (name, vector) => {
  const event = bytes(vector.event);
  expect(hex(leafHash(event))).toBe(vector.leaf_hash);
  expect(hex(sha256(Buffer.concat([Uint8Array.of(0), event])))).toBe(vector.leaf_hash);
  strictMessage(messageDescriptor("lienthong.exchange.v1.Event")).check(event);
  const { body } = readEvent(event);
  const what =
    body.$case === "statement" ? body.statement.what : body.$case === "bus" ? body.bus.what : body.shard.what;
  expect(`${body.$case} ${what?.$case}`).toBe(name);
});

test("the second event names the first, and the bus statements name the second as their cause", () => {
  const [first, second, delivered] = vectors("events");
  expect(hex(readEvent(bytes(second!.event)).header.previous)).toBe(first!.leaf_hash);
  const { body } = readEvent(bytes(delivered!.event));
  expect(body.$case === "bus" && hex(body.bus.cause)).toBe(second!.leaf_hash);
});

test.each(vectors("bus-statement-ids").map((vector) => [vector.kind, vector] as const))(
  "id of a bus statement of kind %s",
  (_, { cause, branch, receiver, kind, ordinal, id }) => {
    expect(hex(busStatementId(bytes(cause), branch!, receiver!, Number(kind), Number(ordinal)))).toBe(id);
    const parts = [Buffer.from("lienthong bus statement v1"), Buffer.from(cause!, "hex")];
    parts.push(...[branch!, receiver!, `${kind}`, `${ordinal}`].map((part) => Buffer.from(part)));
    const byHand = parts.flatMap((part) => [Buffer.from([0, 0, 0, part.length]), part]);
    expect(hex(sha256(Buffer.concat(byHand)))).toBe(id);
  },
);

interface PromiseVector {
  key_id: string;
  payload: string;
  batch_root: string;
  signature: string;
  leaf_hashes: string[];
  paths: string[][];
}

test.each(vectors<PromiseVector>("promises").map((vector) => [vector.leaf_hashes.length, vector] as const))(
  "promise of a batch of %i",
  (batchSize, vector) => {
    const key = keyOf(vector.key_id);
    expect(hex(rootOf(vector.leaf_hashes.map(bytes)))).toBe(vector.batch_root);
    expect(signedBySeed(key.seed!, payloadTypes.promise, bytes(vector.payload))).toBe(vector.signature);
    for (const [batchIndex, path] of vector.paths.entries()) {
      const promise = {
        payload: bytes(vector.payload),
        keyId: bytes(vector.key_id),
        signature: bytes(vector.signature),
        batchIndex,
        batchSize,
        path: path.map(bytes),
      };
      expect(promiseCovers(verifying(key), promise, bytes(vector.leaf_hashes[batchIndex]))).toBe(true);
    }
  },
);

test.each(vectors<Vector & { accepted: boolean }>("odd-payloads").map((vector) => [vector.name, vector] as const))(
  "odd payload: %s",
  (_, vector) => {
    const check = () =>
      strictMessage(messageDescriptor("lienthong.exchange.v1.Statement")).check(bytes(vector.payload), "statement");
    if (vector.accepted) {
      check();
      return;
    }
    try {
      check();
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof MessageRefusedError)) throw error;
      expect({ reason: error.reason, field: error.field }).toEqual({ reason: vector.reason, field: vector.field });
    }
  },
);

test("the worked example of docs/signed-bytes.md is that of the vectors", () => {
  const text = readFileSync(new URL("../../../docs/signed-bytes.md", import.meta.url), "utf8");
  const dump = /```hex\n([^`]*)```/g;
  const shown = [...text.matchAll(dump)].map((match) => match[1]!.replaceAll(/#.*$/gm, "").replaceAll(/\s/g, ""));
  const acknowledge = vectors<Vector & { signatures: { signature: string }[] }>("statements").find(
    ({ name }) => name === "acknowledge",
  )!;
  const pae = hex(preAuthenticationEncoding(payloadTypes.statement, bytes(acknowledge.payload)));
  expect(shown).toEqual([
    acknowledge.payload,
    pae.slice(0, pae.length - acknowledge.payload!.length),
    acknowledge.signatures[0]!.signature,
    acknowledge.envelope,
  ]);
  for (const { name, leaf_hash } of vectors("events").slice(0, 1)) {
    expect({ name, shown: text.includes(leaf_hash!) }).toEqual({ name, shown: true });
  }
  for (const { reason } of vectors("odd-payloads")) if (reason !== undefined) expect(text).toContain(reason);
  expect(hashesEqual(sha256(bytes(acknowledge.payload)), bytes(acknowledge.payload_sha256))).toBe(true);
});
