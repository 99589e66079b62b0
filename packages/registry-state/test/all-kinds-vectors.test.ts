import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { RegistryKind } from "@lienthong/contracts/registry/v1/record";
import { expect, test } from "vitest";
import { hexOf, RegistryState } from "../src/index.ts";
import { type AllKindsVectors, computeAllKindsVectors } from "./vectors/all-kinds.ts";

const stored = JSON.parse(readFileSync(new URL("vectors/all-kinds.json", import.meta.url), "utf8")) as AllKindsVectors;
const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const sha = (...parts: Uint8Array[]): Buffer => {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest();
};

test("the vectors are what this code computes, byte for byte", () => {
  expect(computeAllKindsVectors()).toEqual(stored);
});

test("every kind of the contract has a vector, and every role of endorsement", () => {
  const kinds = Object.values(RegistryKind).filter((kind) => kind > 0);
  expect([...new Set(stored.entries.map(({ kind }) => Number(kind)))].sort((a, b) => a - b)).toEqual(kinds);
  const roles = new Set(stored.entries.flatMap(({ endorsements }) => endorsements.map(({ role }) => role)));
  expect([...roles].sort()).toEqual(["1", "2", "3"]);
});

test("the entries fold, each to the head and state root it names", () => {
  const state = new RegistryState();
  for (const vector of stored.entries) {
    if (state.size > 0) expect(hexOf(state.stateRoot)).toBe(vector.stateRootBefore);
    const applied = state.apply(bytes(vector.signedEntry));
    expect(hexOf(applied.hash)).toBe(vector.entryHash);
    expect({ size: String(state.head.size), root: hexOf(state.head.root) }).toEqual(vector.head);
    expect(hexOf(state.stateRoot)).toBe(vector.stateRootAfter);
  }
});

test("hashes, roots and signatures can be made from the vectors with SHA-256 and Ed25519 alone", () => {
  const keys = new Map(Object.values(stored.keys).map(({ keyId, publicKey }) => [keyId, publicKey]));
  const isSigned = (keyId: string, payload: string, signature: string): boolean => {
    const key = createPublicKey({ key: bytes(keys.get(keyId) ?? ""), format: "der", type: "spki" });
    return verify(null, bytes(payload), key, bytes(signature));
  };
  const leaves = new Map<string, Buffer>();
  for (const vector of stored.entries) {
    expect(sha(Uint8Array.of(0), bytes(vector.signedEntry)).toString("hex")).toBe(vector.entryHash);
    expect(vector.entryBytes).toContain(vector.recordBytes);
    expect(vector.signedEntry).toContain(vector.entryBytes);
    for (const { keyId, signature } of vector.endorsements) {
      expect(isSigned(keyId, vector.recordPreAuthenticationEncoding, signature), vector.does).toBe(true);
    }
    // Sorted by kind, then id: the leaf data begins with both, ids of one kind compare as bytes behind their length.
    const subject = `${vector.kind.padStart(4, "0")} ${vector.id}`;
    leaves.set(subject, sha(Uint8Array.of(0), bytes(vector.stateLeafData)));
    const sorted = [...leaves].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, leaf]) => leaf);
    expect(rootOf(sorted).toString("hex"), vector.does).toBe(vector.stateRootAfter);
  }
});

/** RFC 6962: the largest power of two below the size splits the tree. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha(Uint8Array.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}
