import {
  consistencyProof,
  cosign,
  type HashSource,
  leafHash,
  rootAndPaths,
  rootOf,
  type SignerKey,
  sha256,
  signatureType,
  signCheckpoint,
  signerOfSeed,
} from "@lienthong/tlog";
import type { LogProofs } from "../src/make/index.ts";

const encoder = new TextEncoder();

/** A signer made from a name: the same in every run. */
export function fixedSigner(name: string, type: 0x01 | 0x04 = signatureType.ed25519): Promise<SignerKey> {
  return signerOfSeed(name, type, sha256(encoder.encode(`lienthong verifier test ${name}`)));
}

/** A witness of the test's network, and when it signs. */
export interface SigningWitness {
  readonly key: SignerKey;
  /** POSIX seconds. */
  readonly time: number;
}

/** A log in memory, with checkpoints of any size. */
export class MemoryLog {
  readonly signer: SignerKey;
  readonly entries: Uint8Array[] = [];

  constructor(signer: SignerKey) {
    this.signer = signer;
  }

  get hashes(): Uint8Array[] {
    return this.entries.map(leafHash);
  }

  append(entry: Uint8Array): number {
    return this.entries.push(entry) - 1;
  }

  /** `root`: other than the log's own, for a log that forked. */
  async checkpoint(
    size = this.entries.length,
    witnesses: readonly SigningWitness[] = [],
    root: Uint8Array = rootOf(this.hashes.slice(0, size)),
  ): Promise<string> {
    const note = await signCheckpoint({ origin: this.signer.name, size, root }, this.signer);
    const text = note.slice(0, note.lastIndexOf("\n\n") + 1);
    const lines = await Promise.all(witnesses.map(({ key, time }) => cosign(text, key, time)));
    return note + lines.join("");
  }

  async proofs(size = this.entries.length, witnesses: readonly SigningWitness[] = []): Promise<LogProofs> {
    const { hashes } = this;
    const { paths } = rootAndPaths(hashes.slice(0, size));
    const source: HashSource = {
      hashes: async (coordinates) =>
        coordinates.map(({ level, index }) => rootOf(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level))),
    };
    return {
      checkpoint: await this.checkpoint(size, witnesses),
      size,
      inclusion: async (indexes) => indexes.map((index) => paths[index] ?? []),
      consistency: (oldSize, newSize) => consistencyProof(oldSize, newSize, source),
    };
  }
}
