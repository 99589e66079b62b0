import {
  checkPolicy,
  type OpenedCheckpoint,
  type Policy,
  type PolicyResult,
  parseCheckpoint,
  parseNote,
  quorumHolds,
  signatureType,
  type VerifierKey,
  verifierKey,
  verifyConsistency,
} from "@lienthong/tlog";

/** A checkpoint that its log signed, and when the policy's quorum of witnesses had seen it. */
export interface TrustedCheckpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
  readonly witnesses: PolicyResult["witnesses"];
  readonly missing: readonly string[];
  /** Whether the witnesses satisfy the policy; true as well where it asks for none. */
  readonly quorumHolds: boolean;
  /** POSIX seconds at which enough witnesses had signed to satisfy the quorum; null where the policy asks for none, or too few did. */
  readonly seenBy: number | null;
  /** POSIX seconds up to which as many witnesses knew of no larger tree; null as before. */
  readonly largestUntil: number | null;
}

/** Verifies a checkpoint by a policy, and by keys of logs that are known from elsewhere. Throws what `checkPolicy` throws. */
export async function openTrusted(
  note: string,
  policy: Policy,
  logs: readonly VerifierKey[] = [],
): Promise<TrustedCheckpoint> {
  const result = await checkPolicy(note, policy, logs);
  const { origin, size, root }: OpenedCheckpoint = result.checkpoint;
  const { witnesses, missing } = result;
  // A witness may sign one checkpoint several times. Enough of them together decide: one clock that is wrong moves nothing.
  const times = witnesses.map(({ time }) => time).sort((a, b) => a - b);
  const latest = witnesses.map(({ latestTime }) => latestTime).sort((a, b) => b - a);
  const byThen = (at: number) => witnesses.filter(({ time }) => time <= at).map(({ name }) => name);
  const sinceThen = (at: number) => witnesses.filter(({ latestTime }) => latestTime >= at).map(({ name }) => name);
  const isAsked = policy.quorum !== null;
  return {
    origin,
    size,
    root,
    note,
    witnesses,
    missing,
    quorumHolds: result.quorumHolds,
    seenBy: isAsked ? (times.find((at) => quorumHolds(policy, byThen(at))) ?? null) : null,
    largestUntil: isAsked ? (latest.find((at) => quorumHolds(policy, sinceThen(at))) ?? null) : null,
  };
}

/** The log whose checkpoint a note is, as it says itself. Throws TlogFormatError. */
export function originOf(note: string): string {
  return parseCheckpoint(parseNote(note).text).origin;
}

/** The key of a shard's log, as the registry has it. */
export function logKeyOf(origin: string, publicKey: Uint8Array): VerifierKey {
  return verifierKey(origin, signatureType.ed25519, publicKey);
}

/** Whether two checkpoints are of one log that only grew, by a proof from the smaller size to the larger. */
export function areConsistent(
  a: Pick<TrustedCheckpoint, "size" | "root">,
  b: Pick<TrustedCheckpoint, "size" | "root">,
  proof: readonly Uint8Array[],
): boolean {
  const [older, newer] = a.size <= b.size ? [a, b] : [b, a];
  return verifyConsistency(older.size, older.root, newer.size, newer.root, proof);
}
