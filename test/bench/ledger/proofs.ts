// How long a proof takes out of the files of a log, at growing sizes.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inclusionProof, newSeed, signatureType, signerOfSeed, verifyInclusion } from "@lienthong/tlog";
import { openDisk } from "../../../services/ledger/src/disk.ts";
import { LogFiles } from "../../../services/ledger/src/log-files.ts";
import { openLogWriter } from "../../../services/ledger/src/log-writer.ts";
import { percentile } from "../results.ts";

const proofsPerSize = 2_000;

/** `proof_p99_ms_10k`, `_100k`, `_1m`: inclusion proofs of leaves anywhere in the log, one at a time, each verified. */
export async function benchProofs(options: { readonly quick: boolean }): Promise<Record<string, number>> {
  const sizes = options.quick ? [10_000, 50_000] : [10_000, 100_000, 1_000_000];
  const directory = await mkdtemp(join(tmpdir(), "bench-proofs-"));
  const disk = openDisk();
  const signer = await signerOfSeed("bench.example/log", signatureType.ed25519, newSeed());
  const figures: Record<string, number> = {};
  try {
    const writer = await openLogWriter({ name: "bench", directory, signer, disk, shownSize: -1 });
    const files = new LogFiles(directory);
    const entry = Buffer.alloc(200, 1);
    for (const size of sizes) {
      while (writer.size < size) {
        entry.writeUInt32BE(writer.size);
        writer.append(entry);
        if (writer.size % 16_384 === 0) await writer.seal();
      }
      const { root } = await writer.seal();
      const tookMs: number[] = [];
      for (let i = 0; i < proofsPerSize; i++) {
        const index = Math.floor(Math.random() * size);
        const began = performance.now();
        const source = files.hashes(size);
        const [[hash], path] = await Promise.all([
          source.hashes([{ level: 0, index }]),
          inclusionProof(index, size, source),
        ]);
        tookMs.push(performance.now() - began);
        if (hash === undefined || !verifyInclusion(hash, index, size, path, root))
          throw new Error(`The proof of leaf ${index} does not hold.`);
      }
      figures[`proof_p99_ms_${nameOf(size)}`] = percentile(tookMs, 0.99);
      figures[`proof_p50_ms_${nameOf(size)}`] = percentile(tookMs, 0.5);
    }
  } finally {
    await disk.close();
    await rm(directory, { recursive: true, force: true });
  }
  return figures;
}

function nameOf(size: number): string {
  return size >= 1_000_000 ? `${size / 1_000_000}m` : `${size / 1_000}k`;
}

if (import.meta.main) console.log(await benchProofs({ quick: process.argv.includes("--quick") }));
