// A thread that verifies batches of Ed25519 signatures.
import { createPublicKey, type KeyObject } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { verifyEd25519 } from "./ed25519-native.ts";
import { readSignatureBatch, type SignatureBatch, type SignatureVerdicts } from "./signature-batch.ts";

/** Before the 32 bytes of a key in its SubjectPublicKeyInfo (RFC 8410). */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

parentPort?.on("message", (batch: SignatureBatch) => {
  const verdicts: boolean[] = [];
  for (const signed of readSignatureBatch(batch)) verdicts.push(verifyEd25519(signed, () => keyOf(signed.point)));
  // The memory goes back, to be used again.
  parentPort?.postMessage({ verdicts, memory: batch.memory } satisfies SignatureVerdicts, [batch.memory]);
});

function keyOf(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, point]), format: "der", type: "spki" });
}
