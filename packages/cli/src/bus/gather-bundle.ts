import type { Connection } from "@lienthong/client";
import type { TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import { readEvent } from "@lienthong/statement";
import { parseCheckpoint, parseNote, parsePolicy } from "@lienthong/tlog";
import type { Bundle, PromiseFile } from "@lienthong/verifier";
import {
  type CitedHead,
  type LogProofs,
  makeBundle,
  makeSlice,
  RegistryIndex,
  subjectsOfPromise,
} from "@lienthong/verifier/make";

/** The log of the registry, as the ledger names it. */
const registryLog = "registry";
/** Leaves that the ledger proves in one call, and entries that the registry gives. */
const leavesPerCall = 500;
const entriesPerCall = 1_000;
/** Span that the ledger is given to seal what was just recorded, and witnesses to sign it. */
const sealingMsMax = 15_000;
/** Events of a dossier that get checkpoints of their own on both sides; beyond it the first and the last bracket all. */
const bracketedEventsMax = 50;

/** Where what a bundle is made of is read. */
export interface BundleSources {
  readonly exchange: Connection;
  readonly registry: Connection;
  readonly ledger: Connection;
}

/** Which dossier, and on whose behalf. */
export interface BundleQuestion {
  readonly shard: string;
  readonly dossier: string;
  readonly agency: string;
  /** An older checkpoint of the shard's log that the reader kept (a signed note): the bundle proves that the log only grew since. */
  readonly since?: string;
}

/** The dossier has events, but nothing proves them yet. */
export class NotSealedError extends Error {
  override readonly name = "NotSealedError";
}

/** Reads a dossier's bundle from a running bus, through its contracts only. Rejects with BusCallError. */
export async function gatherBundle(sources: BundleSources, question: BundleQuestion): Promise<Bundle> {
  const { exchange, ledger } = sources;
  const { shard, dossier, since } = question;
  const trail = await exchange.exchange.getTrail(question);
  const leaves = trail.map(({ leafIndex }) => leafIndex);
  const { policy, isWitnessed } = await policyOf(ledger, shard);
  const last = leaves.at(-1) ?? 0n;
  const shardLog = await logProofs(ledger, shard, last, isWitnessed);
  const heads = headsOf(trail);
  const { index, log } = await registryUpTo(sources, heads, isWitnessed);
  const checkpoints = isWitnessed ? await bracketsOf(ledger, shard, leaves, shardLog.size) : [];
  const kept = since === undefined ? [] : sinceOf(since, shardLog);
  return makeBundle({
    shard,
    dossier,
    trail,
    policy,
    registry: index,
    shardLog,
    registryLog: log,
    checkpoints: [...checkpoints, ...kept],
  });
}

/** Completes an answer of the exchange into a promise file. Rejects with BusCallError. */
export async function gatherPromise(
  sources: Pick<BundleSources, "registry" | "ledger">,
  answer: {
    readonly shard: string;
    readonly dossier: string;
    readonly leafIndex: bigint;
    readonly event: Uint8Array;
    /** Serialised, and the id of the key that signed it. */
    readonly promise: Uint8Array;
    readonly keyId: Uint8Array;
  },
): Promise<PromiseFile> {
  const { shard, dossier, leafIndex, event, promise, keyId } = answer;
  const { policy, isWitnessed } = await policyOf(sources.ledger, shard);
  const head = readEvent(event).header.registryHead;
  const heads = head === undefined ? [] : [{ size: Number(head.size), root: head.root }];
  const { index, log } = await registryUpTo(sources, heads, isWitnessed);
  const registry = await makeSlice(index, subjectsOfPromise(index, shard, keyId), heads, log);
  return { network: index.network, shard, dossier, leafIndex: Number(leafIndex), event, promise, policy, registry };
}

async function policyOf(ledger: Connection, shard: string): Promise<{ policy: string; isWitnessed: boolean }> {
  const logs = await ledger.ledger.listLogs();
  const policy = logs.find(({ name }) => name === shard)?.policy ?? logs[0]?.policy ?? "";
  return { policy, isWitnessed: parsePolicy(policy).quorum !== null };
}

/** A checkpoint that covers a leaf, waited for, and proofs under it. Witnesses that are down do not keep a bundle from being made. */
async function logProofs(ledger: Connection, log: string, leafIndex: bigint, isWitnessed: boolean): Promise<LogProofs> {
  const calls = ledger.ledger;
  const receipt = (level: "sealed" | "witnessed") =>
    calls.receipt({ log, leafIndex, level }, { deadlineMs: sealingMsMax });
  if (isWitnessed) await receipt("witnessed").catch(() => receipt("sealed"));
  else await receipt("sealed");
  let checkpoint = isWitnessed ? await calls.getCheckpoint({ log, witnessed: true }).catch(() => null) : null;
  if (checkpoint === null || checkpoint.size <= leafIndex) checkpoint = await calls.getCheckpoint({ log });
  const { note, size } = checkpoint;
  if (size <= leafIndex)
    throw new NotSealedError(`The log ${log} is sealed up to ${size} and leaf ${leafIndex} is not in it yet.`);
  return {
    checkpoint: note,
    size: Number(size),
    async inclusion(indexes) {
      const paths: Uint8Array[][] = [];
      for (let at = 0; at < indexes.length; at += leavesPerCall) {
        const leafIndexes = indexes.slice(at, at + leavesPerCall).map(BigInt);
        const { proofs } = await calls.getInclusionProofs({ log, leafIndexes, size });
        paths.push(...proofs.map(({ path }) => path));
      }
      return paths;
    },
    async consistency(oldSize, newSize) {
      if (oldSize === newSize || oldSize === 0) return [];
      return (await calls.getConsistencyProof({ log, oldSize: BigInt(oldSize), newSize: BigInt(newSize) })).path;
    },
  };
}

/** The registry's log under a checkpoint that covers every head cited. */
async function registryUpTo(
  { registry, ledger }: Pick<BundleSources, "registry" | "ledger">,
  heads: readonly CitedHead[],
  isWitnessed: boolean,
): Promise<{ index: RegistryIndex; log: LogProofs }> {
  const newest = Math.max(1, ...heads.map(({ size }) => size));
  const log = await logProofs(ledger, registryLog, BigInt(newest - 1), isWitnessed);
  const entries: Uint8Array[] = [];
  while (entries.length < log.size) {
    const pageSize = Math.min(entriesPerCall, log.size - entries.length);
    const page = await registry.registry.listEntries({ fromNumber: BigInt(entries.length), pageSize });
    if (page.signedEntries.length === 0) {
      throw new NotSealedError(
        `The registry has ${entries.length} entries, and its log ${log.size}; ask again in a moment.`,
      );
    }
    entries.push(...page.signedEntries);
  }
  return { index: new RegistryIndex(entries), log };
}

function headsOf(trail: readonly TrailEntry[]): CitedHead[] {
  return trail.flatMap(({ event }) => {
    const head = event.length === 0 ? undefined : readEvent(event).header.registryHead;
    return head === undefined ? [] : [{ size: Number(head.size), root: head.root }];
  });
}

/** The checkpoints between which events are in time: for each leaf the last without it and the first with it. */
async function bracketsOf(
  ledger: Connection,
  log: string,
  leaves: readonly bigint[],
  mainSize: number,
): Promise<{ note: string; size: number }[]> {
  const asked = leaves.length <= bracketedEventsMax ? leaves : [leaves[0] ?? 0n, leaves.at(-1) ?? 0n];
  const found = new Map<number, string>();
  for (const leaf of asked) {
    const [without, having] = await Promise.all([
      ledger.ledger.listCheckpoints({ log, maxSize: leaf, newestFirst: true, witnessed: true, pageSize: 1 }),
      ledger.ledger.listCheckpoints({ log, minSize: leaf + 1n, witnessed: true, pageSize: 1 }),
    ]);
    for (const { size, note } of [...without.checkpoints, ...having.checkpoints]) {
      if (size > 0n && Number(size) !== mainSize) found.set(Number(size), note);
    }
  }
  return [...found].map(([size, note]) => ({ size, note })).sort((a, b) => a.size - b.size);
}

/** A checkpoint that the reader kept, if it is an older one of the same log. */
function sinceOf(note: string, shardLog: LogProofs): { note: string; size: number }[] {
  const older = parseCheckpoint(parseNote(note).text);
  const { origin } = parseCheckpoint(parseNote(shardLog.checkpoint).text);
  const isOlder = older.origin === origin && older.size > 0 && older.size < shardLog.size;
  return isOlder ? [{ note, size: older.size }] : [];
}
