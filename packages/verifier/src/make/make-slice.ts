import { RegistryKind } from "@lienthong/contracts/registry/v1/record";
import type { BundleRegistry } from "../bundle.ts";
import type { RegistryIndex, Subject } from "./registry-index.ts";

/** A log as far as files about it need it: one checkpoint, and proofs under it. */
export interface LogProofs {
  /** The checkpoint's signed note, and its size. */
  readonly checkpoint: string;
  readonly size: number;
  /** Inclusion paths of leaves, in their order. */
  inclusion(indexes: readonly number[]): Promise<readonly (readonly Uint8Array[])[]>;
  /** Consistency proof between two sizes, the smaller first. */
  consistency(oldSize: number, newSize: number): Promise<readonly Uint8Array[]>;
}

/** A head that events cite. */
export interface CitedHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Cuts the part of the registry that some subjects make out, with all its proofs. `index` ends at the log's checkpoint. */
export async function makeSlice(
  index: RegistryIndex,
  subjects: readonly Subject[],
  heads: readonly CitedHead[],
  log: LogProofs,
): Promise<BundleRegistry> {
  if (index.size !== log.size) {
    throw new Error(
      `The registry's entries end at ${index.size} and its checkpoint at ${log.size}; they must be the same.`,
    );
  }
  const absent = index
    .genesisKeys()
    .map((id) => ({ kind: RegistryKind.REGISTRY_KIND_REGISTRAR_KEY, id }))
    .filter((subject) => index.numbersOf(subject).length === 0);
  const numbers = [...new Set([...subjects.flatMap((subject) => index.numbersOf(subject)), index.size - 1])];
  numbers.sort((a, b) => a - b);
  const paths = await log.inclusion(numbers);
  const cited = [...new Map(heads.map((head) => [head.size, head])).values()].sort((a, b) => a.size - b.size);
  return {
    checkpoint: log.checkpoint,
    entries: numbers.map((number, position) => ({ entry: index.bytes(number), path: paths[position] ?? [] })),
    subjectCount: index.subjectCount,
    // The subject of the log's last entry speaks for itself and needs no proof.
    subjects: subjects
      .filter((subject) => !index.numbersOf(subject).includes(index.size - 1))
      .map((subject) => index.stateProof(subject))
      .filter((proof) => proof !== null),
    absent: absent.map((subject) => index.absenceProof(subject)),
    heads: await Promise.all(
      cited.map(async ({ size, root }) => ({ size, root, consistency: await log.consistency(size, log.size) })),
    ),
  };
}
