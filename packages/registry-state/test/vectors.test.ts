import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hexOf, RegistryState } from "../src/index.ts";
import { computeSmallLogVectors, type SmallLogVectors } from "./vectors/small-log.ts";

const stored = JSON.parse(readFileSync(new URL("vectors/small-log.json", import.meta.url), "utf8")) as SmallLogVectors;

test("the vectors are what this code computes, byte for byte", () => {
  expect(computeSmallLogVectors()).toEqual(stored);
});

test("the vectors' bytes fold to the heads and state roots they name", () => {
  const state = new RegistryState();
  for (const vector of stored.entries) {
    expect(hexOf(state.stateRoot)).toBe(vector.stateRootBefore);
    const applied = state.apply(Buffer.from(vector.signedEntry, "hex"));
    expect(hexOf(applied.hash)).toBe(vector.entryHash);
    expect({ size: String(state.head.size), root: hexOf(state.head.root) }).toEqual(vector.head);
  }
  expect(hexOf(state.network)).toBe(stored.network);
  expect(hexOf(state.stateRoot)).toBe(stored.stateRootAfter);
});

test("the state root of the genesis can be computed by hand", () => {
  const sha = (...parts: (string | Uint8Array)[]) => {
    const digest = createHash("sha256");
    for (const part of parts) digest.update(part);
    return digest.digest();
  };
  const [genesis, second] = stored.entries;
  expect(genesis?.stateRootBefore).toBe(sha("").toString("hex"));
  const entryHash = sha(Uint8Array.of(0), Buffer.from(genesis!.signedEntry, "hex"));
  expect(entryHash.toString("hex")).toBe(stored.network);
  // 0x00, kind 1 in 4 bytes, length 7 in 2 bytes, "genesis", the entry's hash.
  const leaf = sha(Uint8Array.of(0, 0, 0, 0, 1, 0, 7), "genesis", entryHash);
  expect(second?.stateRootBefore).toBe(leaf.toString("hex"));
});
