import { createPublicKey } from "node:crypto";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import {
  formatVerifierKey,
  GrowingTiles,
  hashSourceOfTiles,
  inclusionProof,
  leafHash,
  signCheckpoint,
  signerOfSeed,
  tilePath,
} from "../src/index.ts";
import { flipBit, utf8 } from "./naive-tree.ts";

interface LogEntry {
  readonly canonicalizedBody: Uint8Array;
  readonly inclusionProof: {
    readonly logIndex: string;
    readonly hashes: readonly Uint8Array[];
    readonly checkpoint: { readonly envelope: string };
  };
}
interface Checkpoint {
  readonly origin: string;
  readonly logSize: bigint;
}
interface Sigstore {
  verifyCheckpoint(entry: LogEntry, logs: readonly { logID: Buffer; baseURL: string; publicKey: object }[]): Checkpoint;
  verifyMerkleInclusion(entry: LogEntry, checkpoint: Checkpoint): void;
}

// What other tools verify with. Its parts are not among the package's exports, so they are loaded by their place.
const load = createRequire(import.meta.url);
const place = load.resolve("@sigstore/verify").replace(/index\.js$/, "tlog/");
const sigstore: Sigstore = { ...load(`${place}checkpoint.js`), ...load(`${place}merkle.js`) };

const origin = "log.example/hanoi-2026q4";
const signer = await signerOfSeed(origin, 0x01, new Uint8Array(32).fill(9));
const keyId = Buffer.from(formatVerifierKey(signer).split("+")[1] as string, "hex");
const publicKey = createPublicKey({
  key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), signer.publicKey]),
  format: "der",
  type: "spki",
});
const logs = [{ logID: Buffer.concat([keyId, Buffer.alloc(28)]), baseURL: `https://${origin}`, publicKey }];

describe("a verifier that we did not write", () => {
  test.each([1, 255, 256, 257, 65_536, 70_000])(
    "accepts checkpoint and inclusion proofs at size %i and refuses a flipped bit",
    async (size) => {
      const entryOf = (index: number) => utf8(`entry ${index}`);
      const growing = new GrowingTiles();
      for (let index = 0; index < size; index++) growing.append(leafHash(entryOf(index)));
      const tiles = new Map(growing.takeTiles().map(({ tile, bytes }) => [tilePath(tile), bytes]));
      const source = hashSourceOfTiles(size, async (tile) => tiles.get(tilePath(tile)) ?? null);
      const envelope = await signCheckpoint({ origin, size, root: growing.root() }, signer);

      for (const index of new Set([0, Math.floor(size / 3), size - 2, size - 1].filter((i) => i >= 0))) {
        const hashes = await inclusionProof(index, size, source);
        const entry = {
          canonicalizedBody: entryOf(index),
          inclusionProof: {
            logIndex: String(index),
            hashes: hashes.map((hash) => Buffer.from(hash)),
            checkpoint: { envelope },
          },
        };
        const checkpoint = sigstore.verifyCheckpoint(entry, logs);
        expect(checkpoint).toMatchObject({ origin, logSize: BigInt(size) });
        sigstore.verifyMerkleInclusion(entry, checkpoint);

        expect(() =>
          sigstore.verifyMerkleInclusion({ ...entry, canonicalizedBody: flipBit(entryOf(index), 3) }, checkpoint),
        ).toThrow();
        if (hashes.length > 0) {
          const flipped = hashes.map((hash, i) => Buffer.from(i === 0 ? flipBit(hash, 100) : hash));
          const changed = { ...entry, inclusionProof: { ...entry.inclusionProof, hashes: flipped } };
          expect(() => sigstore.verifyMerkleInclusion(changed, checkpoint)).toThrow();
        }
      }
      const forged = envelope.replace(`\n${size}\n`, `\n${size + 1}\n`);
      const entry = {
        canonicalizedBody: entryOf(0),
        inclusionProof: { logIndex: "0", hashes: [], checkpoint: { envelope: forged } },
      };
      expect(() => sigstore.verifyCheckpoint(entry, logs)).toThrow("invalid checkpoint signature");
    },
  );

  test("accepts the checkpoint of the empty log", async () => {
    const envelope = await signCheckpoint({ origin, size: 0, root: new GrowingTiles().root() }, signer);
    const entry = {
      canonicalizedBody: new Uint8Array(0),
      inclusionProof: { logIndex: "0", hashes: [], checkpoint: { envelope } },
    };
    expect(sigstore.verifyCheckpoint(entry, logs)).toMatchObject({ logSize: 0n });
  });
});
