import { busError } from "@lienthong/chassis";
import {
  consistencyProof,
  formatTlogProof,
  type HashSource,
  inclusionProof,
  type Policy,
  parseCheckpoint,
  parseNote,
} from "@lienthong/tlog";
import type { KeptCheckpoint } from "./kept-checkpoints.ts";
import type { Log } from "./log.ts";

/** The checkpoint of a size; size 0: the newest, or the newest that is witnessed. Throws CHECKPOINT_UNKNOWN. */
export function checkpointOf(log: Log, size: bigint, witnessed: boolean): KeptCheckpoint {
  const found = size === 0n ? log.kept.newest(witnessed) : log.kept.ofSize(numberOf(size, "size"));
  if (found === null)
    throw busError("CHECKPOINT_UNKNOWN", { log: log.name, ...(size === 0n ? {} : { size: String(size) }) });
  return found;
}

/** Proves a leaf under a checkpoint of `size`, whose hashes `source` gives. Throws LEAF_UNKNOWN. */
export async function proveInclusion(
  log: Log,
  index: bigint,
  size: number,
  source: HashSource = log.files.hashes(size),
): Promise<{ leafIndex: bigint; leafHash: Uint8Array; path: Uint8Array[] }> {
  const at = numberOf(index, "leaf_index");
  if (at >= size) throw busError("LEAF_UNKNOWN", { log: log.name, leaf: String(index), size: String(size) });
  const [[leafHash], path] = await Promise.all([
    source.hashes([{ level: 0, index: at }]),
    inclusionProof(at, size, source),
  ]);
  return { leafIndex: index, leafHash: leafHash as Uint8Array, path };
}

/** Proves that a checkpoint's tree begins with the tree of `oldSize`. */
export function proveConsistency(log: Log, oldSize: bigint, size: number): Promise<Uint8Array[]> {
  const old = numberOf(oldSize, "old_size");
  if (old > size) throw busError("FIELD_INVALID", { field: "old_size", allowed: `0 to ${size}, the larger size` });
  return consistencyProof(old, size, log.files.hashes(size));
}

/** A receipt as a file. */
export function receiptOf(index: number, path: readonly Uint8Array[], checkpoint: KeptCheckpoint): string {
  return formatTlogProof({ index, path, checkpoint: checkpoint.note });
}

/** A number of the contract that must be safe to count with. */
export function numberOf(value: bigint, field: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw busError("FIELD_INVALID", { field, allowed: `0 to ${Number.MAX_SAFE_INTEGER}` });
  }
  return Number(value);
}

/** Witnesses of the policy whose cosignatures a kept checkpoint carries, and the time that each states (POSIX seconds). */
export function cosignaturesOf(checkpoint: KeptCheckpoint, policy: Policy): { witness: string; time: number }[] {
  const { signatures } = parseNote(checkpoint.note);
  return policy.witnesses.flatMap(({ name, key }) => {
    // The ledger verified them when it collected them; whoever reads the note verifies them again.
    const signed = signatures.find((each) => each.name === key.name && each.keyId === key.keyId);
    if (signed === undefined || signed.signature.length < 8) return [];
    const { buffer, byteOffset } = signed.signature;
    return [{ witness: name, time: Number(new DataView(buffer, byteOffset).getBigUint64(0)) }];
  });
}

/** Root that a kept checkpoint names. */
export function rootOfCheckpoint(checkpoint: KeptCheckpoint): Uint8Array {
  return parseCheckpoint(parseNote(checkpoint.note).text).root;
}
