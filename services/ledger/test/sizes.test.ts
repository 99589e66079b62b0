import { createHash, createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { encodeBase64, inclusionProof, leafHash, rootOf, type SignerKey } from "@lienthong/tlog";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fsck } from "../src/fsck/fsck.ts";
import { LogFiles } from "../src/log-files.ts";
import { newFolder, newSigner, origin, someEntries, writeLog } from "./small-log.ts";

// What other tools verify with. Its parts are not among the package's exports, so they are loaded by their place.
const load = createRequire(import.meta.url);
const place = load.resolve("@sigstore/verify").replace(/index\.js$/, "tlog/");
const foreign: Record<"verifyCheckpoint" | "verifyMerkleInclusion", (...given: unknown[]) => unknown> = {
  ...load(`${place}checkpoint.js`),
  ...load(`${place}merkle.js`),
};

let folder: Awaited<ReturnType<typeof newFolder>>;
let signer: SignerKey;

beforeEach(async () => {
  folder = await newFolder();
  signer = await newSigner();
});
afterEach(() => folder.remove());

/** The log key as that package wants it. */
function foreignKey() {
  const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), signer.publicKey]);
  const id = Buffer.alloc(32);
  id.writeUInt32BE(signer.keyId);
  return [
    { logID: id, baseURL: `https://${origin}`, publicKey: createPublicKey({ key: spki, format: "der", type: "spki" }) },
  ];
}

function foreignEntry(index: number, size: number, path: readonly Uint8Array[], root: Uint8Array, envelope: string) {
  return {
    logIndex: String(index),
    inclusionProof: {
      logIndex: String(index),
      treeSize: String(size),
      rootHash: Buffer.from(root),
      hashes: path.map((hash) => Buffer.from(hash)),
      checkpoint: { envelope },
    },
  };
}

describe.each([0, 1, 255, 256, 257, 65_536, 70_000])("a log of %i entries", (size) => {
  test("is found whole by fsck, and verified by a foreign verifier", { timeout: 60_000 }, async () => {
    const entries = someEntries(size);
    const sizes = [...new Set([0, Math.floor(size / 3), size - Math.floor(size / 7), size])].sort((a, b) => a - b);
    await writeLog(folder.path, signer, entries, sizes);
    const report = await fsck({ directory: folder.path, key: signer });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ size, entriesRead: size, checkpointsRead: sizes.length });
    expect(report.proven).toEqual(["entries", "tiles"]);

    const note = await readFile(join(folder.path, "checkpoint"), "utf8");
    const files = new LogFiles(folder.path);
    const root = rootOf(entries.map((entry) => leafHash(entry)));
    expect(note).toContain(`\n${size}\n${encodeBase64(root)}\n`);
    for (const index of new Set([0, 1, 254, 255, 256, 257, Math.floor(size / 2), size - 2, size - 1])) {
      if (index < 0 || index >= size) continue;
      const path = await inclusionProof(index, size, files.hashes(size));
      const entry = foreignEntry(index, size, path, root, note);
      const checkpoint = foreign.verifyCheckpoint(entry, foreignKey());
      foreign.verifyMerkleInclusion({ ...entry, canonicalizedBody: entries[index] }, checkpoint);
      const flipped = Buffer.from(entries[index] as Uint8Array);
      flipped[0] = (flipped[0] as number) ^ 1;
      expect(() => foreign.verifyMerkleInclusion({ ...entry, canonicalizedBody: flipped }, checkpoint)).toThrow();
    }
    expect(
      createHash("sha256")
        .update(await readFile(join(folder.path, "head")))
        .digest(),
    ).toEqual(createHash("sha256").update(note).digest());
  });
});
