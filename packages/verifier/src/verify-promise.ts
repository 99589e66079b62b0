import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { Promise as InclusionPromise, PromiseBody } from "@lienthong/contracts/ledger/v1/promise";
import { RecordStatus, RegistryKind } from "@lienthong/contracts/registry/v1/record";
import { hexOf } from "@lienthong/registry-state";
import { verifyPromise as promiseHolds, strictMessage } from "@lienthong/statement";
import { hashesEqual, leafHash, type Policy, parsePolicy, rootOf } from "@lienthong/tlog";
import { type Finding, Findings } from "./finding.ts";
import { isoOf, msOf } from "./instants.ts";
import { logKeyOf, openTrusted, type TrustedCheckpoint } from "./log-trust.ts";
import type { PromiseFile } from "./promise-file.ts";
import { readEventStrictly } from "./read-trail.ts";
import type { RegistrySlice } from "./registry-slice.ts";
import { type CheckpointFacts, checkRegistry, factsOf, sayTrust, type VerifyOptions } from "./verify-bundle.ts";

/** The log that a promise is about, as it is now. */
export interface LogShown {
  /** Signed note. */
  readonly checkpoint: string;
  /** Leaf hashes under it, in order. */
  readonly leafHashes: readonly Uint8Array[];
}

/**
 * What became of a promise. `kept`: the event is in the log. `pending`: it is not, and no witness says that it is due. `broken`: enough witnesses
 * saw, when it was due or later, a log without it. `overdue`: it is due by the reader's clock only, which convinces nobody else. `invalid`: this
 * is not the bus's word. `unchecked`: the promise is good, and no log was shown.
 */
export type PromiseOutcome = "kept" | "pending" | "broken" | "overdue" | "invalid" | "unchecked";

/** What a promise file, and a log, prove. */
export interface PromiseReport {
  readonly outcome: PromiseOutcome;
  readonly dossier: string;
  readonly shard: string;
  readonly network: string;
  readonly trust: { readonly network: "reader" | "file"; readonly policy: "reader" | "file" };
  /** Number of the event within the dossier; null where it cannot be read. */
  readonly event: number | null;
  /** 64 hexadecimal digits. */
  readonly hash: string;
  /** By when it had to be in the log, real UTC; empty where the promise does not say. */
  readonly includeBy: string;
  /** Replica whose key signed the promise. */
  readonly replica: string;
  /** Where it lies, if it does. */
  readonly leafIndex: number | null;
  readonly checkpoint: CheckpointFacts | null;
  readonly findings: readonly Finding[];
}

/** Holds a promise against the log that it is about. `nowMs`: the reader's clock. */
export async function verifyPromiseFile(
  file: PromiseFile,
  log: LogShown | null,
  options: VerifyOptions & { readonly nowMs: number },
): Promise<PromiseReport> {
  const findings = new Findings();
  const policy = policyOf(options.policy ?? file.policy, findings);
  const { slice } = await checkRegistry(file, options, policy, findings);
  const hash = leafHash(file.event);
  const word = slice === null ? null : await checkWord(file, hash, slice, findings);
  const includeByMs = word?.includeBy === undefined ? Number.NaN : msOf(word.includeBy);
  const checkpoint =
    log === null || word === null || policy === null ? null : await openShown(log, word, policy, findings);
  sayTrust(options, policy, findings);
  const isBroken = findings.all().some(({ severity }) => severity === "broken");
  const leafIndex = log === null ? -1 : log.leafHashes.findIndex((leaf) => hashesEqual(leaf, hash));
  let outcome: PromiseOutcome;
  if (isBroken || word === null) outcome = "invalid";
  else if (log === null || checkpoint === null) outcome = "unchecked";
  else if (leafIndex >= 0) outcome = "kept";
  // The witnesses' word counts, not the operator's: a signed head alone bears no time.
  else if (checkpoint.largestUntil !== null && checkpoint.largestUntil * 1_000 >= includeByMs) outcome = "broken";
  else outcome = options.nowMs >= includeByMs ? "overdue" : "pending";
  return {
    outcome,
    dossier: file.dossier,
    shard: file.shard,
    network: hexOf(file.network),
    trust: {
      network: options.network === undefined ? "file" : "reader",
      policy: options.policy === undefined ? "file" : "reader",
    },
    event: word?.event ?? null,
    hash: hexOf(hash),
    includeBy: isoOf(word?.includeBy),
    replica: word?.replica ?? "",
    leafIndex: leafIndex < 0 ? null : leafIndex,
    checkpoint: checkpoint === null ? null : factsOf(checkpoint, policy),
    findings: findings.all(),
  };
}

function policyOf(text: string, findings: Findings): Policy | null {
  try {
    return parsePolicy(text);
  } catch (error) {
    findings.add("policyUnreadable", null, { why: (error as Error).message });
    return null;
  }
}

interface Word {
  readonly includeBy: PromiseBody["includeBy"];
  readonly replica: string;
  readonly event: number;
  readonly origin: string;
  readonly logPublicKey: Uint8Array;
}

/** Whether it is the bus's word about this event: signed by a promise key in force, for the shard's log. */
async function checkWord(
  file: PromiseFile,
  hash: Uint8Array,
  slice: RegistrySlice,
  findings: Findings,
): Promise<Word | null> {
  const refuse = (why: string) => {
    findings.add("promiseInvalid", null, { why });
    return null;
  };
  let promise: InclusionPromise;
  let body: PromiseBody;
  let read: ReturnType<typeof readEventStrictly>;
  try {
    strictMessage(messageDescriptor("lienthong.ledger.v1.Promise")).check(file.promise, "promise");
    promise = InclusionPromise.decode(file.promise);
    strictMessage(messageDescriptor("lienthong.ledger.v1.PromiseBody")).check(promise.payload, "promise.payload");
    body = PromiseBody.decode(promise.payload);
    read = readEventStrictly(file.event);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const { header } = read.event;
  if (header.shard !== file.shard || read.event.dossier !== file.dossier) {
    return refuse(`The event is of ${header.shard}, dossier ${read.event.dossier ?? "none"}.`);
  }
  const end = slice.checkpoint.size;
  const shard = slice.at(RegistryKind.REGISTRY_KIND_SHARD, file.shard, end)?.record;
  if (shard?.$case !== "shard") {
    findings.add("shardUnknown", null, { shard: file.shard });
    return null;
  }
  const keyIdHex = hexOf(promise.keyId);
  const chain = slice.chain(RegistryKind.REGISTRY_KIND_PROMISE_KEY, keyIdHex);
  const recorded = chain[0]?.record;
  const key = slice.verifyingKey(keyIdHex);
  if (
    recorded?.$case !== "promiseKey" ||
    recorded.value.status !== RecordStatus.RECORD_STATUS_ACTIVE ||
    key === undefined
  ) {
    return refuse(`The key ${keyIdHex} is no promise key of the registry.`);
  }
  const revocation = slice.revocationOf(RegistryKind.REGISTRY_KIND_PROMISE_KEY, keyIdHex);
  const { wallTime } = header;
  if (revocation?.entry.recordedTime !== undefined && wallTime !== undefined) {
    if (msOf(revocation.entry.recordedTime) < msOf(wallTime)) return refuse(`The key ${keyIdHex} was revoked before.`);
  }
  if (!hashesEqual(body.network, slice.network) || body.origin !== shard.value.origin) {
    return refuse(`It is about the log ${body.origin} of another network or shard.`);
  }
  if (!(await promiseHolds(key, promise, hash))) return refuse("Its signature or its path does not cover the event.");
  return {
    includeBy: body.includeBy,
    replica: recorded.value.replica,
    event: Number(header.number),
    origin: shard.value.origin,
    logPublicKey: shard.value.logPublicKey,
  };
}

async function openShown(
  { checkpoint, leafHashes }: LogShown,
  { origin, logPublicKey }: Word,
  policy: Policy,
  findings: Findings,
): Promise<TrustedCheckpoint | null> {
  try {
    const opened = await openTrusted(checkpoint, { ...policy, logs: [] }, [logKeyOf(origin, logPublicKey)]);
    if (opened.size === leafHashes.length && hashesEqual(rootOf(leafHashes), opened.root)) return opened;
    findings.add("logOther", null, { origin, size: opened.size });
  } catch (error) {
    findings.add("checkpointInvalid", null, { log: origin, why: (error as Error).message });
  }
  return null;
}
