// How fast a log is sealed: from entries in memory to bundles, tiles and a signed head on the disk, against the bare work that cannot be avoided.
import { hash } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newSeed, signatureType, signerOfSeed } from "@lienthong/tlog";
import { type Disk, openDisk } from "../../../services/ledger/src/disk.ts";
import { openLogWriter } from "../../../services/ledger/src/log-writer.ts";
import { median } from "../results.ts";

/** Bytes of an entry: about what an acknowledged handoff takes in the demonstration. */
const entryBytes = 500;
/** Entries sealed at a time: what a ledger that catches up holds in memory. */
const entriesPerSeal = 16_384;

function entriesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const entry = Buffer.alloc(entryBytes, i % 251);
    entry.writeUInt32BE(i);
    return entry;
  });
}

/** Hashes leaves and interior nodes, and writes the same bytes to two files, synced as often as the ledger signs. Milliseconds. */
async function bare(entries: readonly Uint8Array[], within: string): Promise<number> {
  const folder = await mkdtemp(join(within, "bare-"));
  const files = [openSync(join(folder, "entries"), "w"), openSync(join(folder, "hashes"), "w")] as const;
  const began = performance.now();
  const edge: Uint8Array[] = [];
  const node = Buffer.alloc(65, 1);
  for (let from = 0; from < entries.length; from += entriesPerSeal) {
    const part = entries.slice(from, from + entriesPerSeal);
    const bytes = Buffer.alloc(part.length * (entryBytes + 2));
    const hashes = Buffer.alloc(part.length * 32);
    const leaf = Buffer.alloc(entryBytes + 1);
    for (const [i, entry] of part.entries()) {
      bytes.writeUInt16BE(entry.length, i * (entryBytes + 2));
      bytes.set(entry, i * (entryBytes + 2) + 2);
      leaf.set(entry, 1);
      let found: Uint8Array = hash("sha256", leaf, "buffer");
      hashes.set(found, i * 32);
      for (let at = from + i; at % 2 === 1; at = Math.floor(at / 2)) {
        node.set(edge.pop() as Uint8Array, 1);
        node.set(found, 33);
        found = hash("sha256", node, "buffer");
      }
      edge.push(found);
    }
    writeSync(files[0], bytes);
    writeSync(files[1], hashes);
    fdatasyncSync(files[0]);
    fdatasyncSync(files[1]);
  }
  const tookMs = performance.now() - began;
  for (const file of files) closeSync(file);
  return tookMs;
}

/** The same entries through the ledger's own writer. Milliseconds. */
async function sealed(entries: readonly Uint8Array[], disk: Disk, within: string): Promise<number> {
  const directory = await mkdtemp(join(within, "sealed-"));
  const signer = await signerOfSeed("bench.example/log", signatureType.ed25519, newSeed());
  const writer = await openLogWriter({ name: "bench", directory, signer, disk, shownSize: -1 });
  const began = performance.now();
  let sealing: Promise<unknown> = Promise.resolve();
  for (let from = 0; from < entries.length; from += entriesPerSeal) {
    for (const entry of entries.slice(from, from + entriesPerSeal)) writer.append(entry);
    // As the ledger does: the next entries are taken while the last ones are being written.
    await sealing;
    sealing = writer.seal();
  }
  await sealing;
  return performance.now() - began;
}

/** `seal_ratio_to_bare_hashing`: median of interleaved pairs. */
export async function benchSeal(options: { readonly quick: boolean }): Promise<Record<string, number>> {
  const entries = entriesOf(options.quick ? 65_536 : 262_144);
  // One disk for all, as a ledger has it; its threads are there after the first seal.
  const disk = openDisk();
  // Removed after the last round: for minutes, ext4 passes over inodes that were just deleted one by one whenever it looks for a free one, and
  // thousands of them made each new file of the next round three times as dear.
  const folder = await mkdtemp(join(tmpdir(), "bench-seal-"));
  const ratios: number[] = [];
  const perSecond: number[] = [];
  try {
    await bare(entries.slice(0, 16_384), folder);
    await sealed(entries.slice(0, 16_384), disk, folder);
    for (let pair = 0; pair < (options.quick ? 3 : 5); pair++) {
      const bareMs = await bare(entries, folder);
      const sealedMs = await sealed(entries, disk, folder);
      ratios.push(bareMs / sealedMs);
      perSecond.push(entries.length / (sealedMs / 1_000));
    }
  } finally {
    await disk.close();
    await rm(folder, { recursive: true });
  }
  return { seal_ratio_to_bare_hashing: median(ratios), sealed_leaves_per_second: median(perSecond) };
}

if (import.meta.main) console.log(await benchSeal({ quick: process.argv.includes("--quick") }));
