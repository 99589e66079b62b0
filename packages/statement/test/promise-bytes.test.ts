import { messageDescriptor } from "@lienthong/contracts/descriptors";
import {
  type Promise as InclusionPromise,
  PromiseBody,
  Promise as PromiseMessage,
} from "@lienthong/contracts/ledger/v1/promise";
import { leafHash } from "@lienthong/tlog";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  generateSigningKey,
  importVerifyingKey,
  payloadTypes,
  promiseBatch,
  promiseCovers,
  signPayload,
  strictMessage,
} from "../src/index.ts";

const key = generateSigningKey("ed25519");
const verifying = importVerifyingKey(key.algorithm, key.publicKey);
const network = new Uint8Array(32).fill(1);
const includeBy = { seconds: 1_790_086_400n, nanos: 5 };
const leaves = Array.from({ length: 1_000 }, (_, index) => leafHash(new TextEncoder().encode(`event ${index}`)));
const promised = (count: number) =>
  promiseBatch(key, {
    network,
    origin: "lienthong.example/hanoi-2025q2",
    leafHashes: leaves.slice(0, count),
    includeBy,
  });

describe("a promise", () => {
  test.each([1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 100, 255, 511, 512, 513, 999, 1_000])(
    "of a batch of %i covers each event at its place and no other",
    (count) => {
      const promises = promised(count);
      expect(promises).toHaveLength(count);
      // All places of small batches, a spread of places of large ones.
      for (let index = 0; index < count; index += count > 64 ? 37 : 1) {
        const promise = promises[index]!;
        strictMessage(messageDescriptor("lienthong.ledger.v1.Promise")).check(PromiseMessage.encode(promise).finish());
        expect(promiseCovers(verifying, promise, leaves[index]!)).toBe(true);
        expect(promiseCovers(verifying, promise, leaves[(index + 1) % 1_000]!)).toBe(false);
      }
      expect(new Set(promises.map(({ signature }) => signature)).size).toBe(1);
      expect(promises.at(-1)!.path.length).toBeLessThanOrEqual(10);
    },
  );

  test("says what the batch was promised, in bytes that the strict reader accepts", () => {
    const [promise] = promised(3);
    strictMessage(messageDescriptor("lienthong.ledger.v1.PromiseBody")).check(promise!.payload);
    expect(PromiseBody.decode(promise!.payload)).toMatchObject({
      version: 1,
      network,
      origin: "lienthong.example/hanoi-2025q2",
      includeBy,
    });
  });

  test("with any bit flipped, or of another key or payload type, covers nothing", { timeout: 60_000 }, () => {
    const flip = (bytes: Uint8Array, bit: number) => {
      const copy = Uint8Array.from(bytes);
      copy[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7);
      return copy;
    };
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1_000 }), fc.nat(), fc.nat(), (count, place, bit) => {
        const index = place % count;
        const promise = promised(count)[index]!;
        const leaf = leaves[index]!;
        const hashes = promise.path.length;
        const spoiled: InclusionPromise[] = [
          { ...promise, payload: flip(promise.payload, bit) },
          { ...promise, signature: flip(promise.signature, bit) },
          { ...promise, keyId: flip(promise.keyId, bit) },
          { ...promise, path: promise.path.map((hash, at) => (at === bit % hashes ? flip(hash, bit) : hash)) },
          { ...promise, path: promise.path.slice(1) },
          { ...promise, path: [...promise.path, leaf] },
          { ...promise, batchIndex: count },
          { ...promise, batchSize: 0 },
          { ...promise, path: promise.path.map((hash) => hash.subarray(1)) },
        ];
        for (const [at, one] of spoiled.entries())
          expect({ at, covers: promiseCovers(verifying, one, leaf) }).toEqual({ at, covers: false });
        expect(promiseCovers(verifying, promise, flip(leaf, bit))).toBe(false);
      }),
      { numRuns: 60 },
    );
    const promise = promised(2)[0]!;
    const other = generateSigningKey("ed25519");
    expect(promiseCovers(importVerifyingKey(other.algorithm, other.publicKey), promise, leaves[0]!)).toBe(false);
    const asStatement = signPayload(key, payloadTypes.statement, promise.payload);
    expect(promiseCovers(verifying, { ...promise, signature: asStatement }, leaves[0]!)).toBe(false);
  });

  test("of a version that is not known covers nothing, signed as it may be", () => {
    const promise = promised(1)[0]!;
    const payload = PromiseBody.encode({ ...PromiseBody.decode(promise.payload), version: 2 }).finish();
    const signature = signPayload(key, payloadTypes.promise, payload);
    expect(promiseCovers(verifying, { ...promise, payload, signature }, leaves[0]!)).toBe(false);
  });
});
