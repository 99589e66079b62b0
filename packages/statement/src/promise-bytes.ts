import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { type Promise as InclusionPromise, PromiseBody } from "@lienthong/contracts/ledger/v1/promise";
import { hashesEqual, rootAndPaths, rootFromPath } from "@lienthong/tlog";
import { type SigningKey, signPayload, type VerifyingKey, verifyPayload, verifyPayloadSync } from "./keys.ts";
import { payloadTypes } from "./pre-authentication-encoding.ts";

/** What a batch is promised. */
export interface PromisedBatch {
  readonly network: Uint8Array;
  readonly origin: string;
  /** Leaf hashes of the batch's events in order of their log index. 1 to 1,000. */
  readonly leafHashes: readonly Uint8Array[];
  readonly includeBy: Timestamp;
}

/** Signs once for a batch and gives each of its events its promise, in order. */
export function promiseBatch(key: SigningKey, batch: PromisedBatch): InclusionPromise[] {
  const { root, paths } = rootAndPaths(batch.leafHashes);
  const payload = PromiseBody.encode({
    version: 1,
    network: batch.network,
    origin: batch.origin,
    batchRoot: root,
    includeBy: batch.includeBy,
  }).finish();
  const signature = signPayload(key, payloadTypes.promise, payload);
  return batch.leafHashes.map((_, index) => ({
    payload,
    keyId: key.keyId,
    signature,
    batchIndex: index,
    batchSize: batch.leafHashes.length,
    path: paths[index] as Uint8Array[],
  }));
}

/** True if the promise is signed by this key and covers the event with this leaf hash. */
export function promiseCovers(key: VerifyingKey, promise: InclusionPromise, leaf: Uint8Array): boolean {
  return (
    hashesEqual(key.keyId, promise.keyId) &&
    verifyPayloadSync(key, payloadTypes.promise, promise.payload, promise.signature) &&
    batchHolds(promise, leaf)
  );
}

/** The same where signatures are verified asynchronously, as in a browser. */
export async function verifyPromise(key: VerifyingKey, promise: InclusionPromise, leaf: Uint8Array): Promise<boolean> {
  return (
    hashesEqual(key.keyId, promise.keyId) &&
    (await verifyPayload(key, payloadTypes.promise, promise.payload, promise.signature)) &&
    batchHolds(promise, leaf)
  );
}

function batchHolds(promise: InclusionPromise, leaf: Uint8Array): boolean {
  const body = PromiseBody.decode(promise.payload);
  const root = rootFromPath(leaf, promise.batchIndex, promise.batchSize, promise.path);
  return body.version === 1 && root !== null && hashesEqual(root, body.batchRoot);
}
