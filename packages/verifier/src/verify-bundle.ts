import { RegistryKind, ShardClock } from "@lienthong/contracts/registry/v1/record";
import { endStates } from "@lienthong/domain";
import { hexOf } from "@lienthong/registry-state";
import { hashesEqual, type Policy, parsePolicy } from "@lienthong/tlog";
import { type Bundle, readBundle } from "./bundle.ts";
import { checkCustody } from "./check-custody.ts";
import { StatementChecks } from "./check-statements.ts";
import { bracketTimes, checkOrder, type EventTimes } from "./check-times.ts";
import type { CustodyPeriod } from "./custody-periods.ts";
import { type Finding, Findings } from "./finding.ts";
import { areConsistent, logKeyOf, openTrusted, type TrustedCheckpoint } from "./log-trust.ts";
import { type NamesInSlice, namesInSlice } from "./names-in-slice.ts";
import { ProvenTree } from "./proven-tree.ts";
import { readTrailItems, type TrailItem } from "./read-trail.ts";
import { checkSlice, type RegistrySlice } from "./registry-slice.ts";

/** Whom the reader trusts, and what they know already. */
export interface VerifyOptions {
  /** Hash of the registry's entry 0 that the reader trusts, 32 bytes. Absent: the one in the file, and the answer says so. */
  readonly network?: Uint8Array;
  /** A tlog-policy file of the reader's own. Absent: the one in the file, and the answer says so. */
  readonly policy?: string;
  /** An older checkpoint of the shard's or the registry's log that the reader kept: a signed note. */
  readonly since?: string;
}

/** A checkpoint as an answer names it. */
export interface CheckpointFacts {
  readonly origin: string;
  readonly size: number;
  readonly witnesses: readonly { readonly name: string; readonly time: string }[];
  readonly missingWitnesses: readonly string[];
  /** Null where the policy asks for no quorum. */
  readonly quorumHolds: boolean | null;
}

/** Where a branch stands after the last event. */
export interface BranchFacts {
  readonly branch: string;
  readonly state: string;
  readonly holder: string;
  readonly unit: string;
}

/** What a bundle proves. */
export interface BundleReport {
  /** True if nothing that the file says was found wrong. */
  readonly holds: boolean;
  readonly dossier: string;
  readonly shard: string;
  /** 64 hexadecimal digits. */
  readonly network: string;
  readonly trust: { readonly network: "reader" | "file"; readonly policy: "reader" | "file" };
  /** True: the recorded times are those of a scenario. */
  readonly simulatedClock: boolean;
  readonly eventCount: number;
  readonly withheld: readonly number[];
  /** "Complete to event k as of checkpoint N"; null where that is not proven. */
  readonly completeTo: { readonly event: number; readonly checkpoint: CheckpointFacts } | null;
  readonly registry: CheckpointFacts | null;
  readonly custody: readonly CustodyPeriod[];
  /** Null where events are withheld or do not hold. */
  readonly branches: readonly BranchFacts[] | null;
  readonly ended: boolean | null;
  readonly times: readonly EventTimes[];
  /** Events with which content was erased, and of which documents; none named: all of the dossier. */
  readonly erasures: readonly { readonly event: number; readonly documents: readonly string[] }[];
  /** Whether the older checkpoint given is of the same log; null where none was given. */
  readonly since: { readonly origin: string; readonly size: number; readonly consistent: boolean } | null;
  readonly findings: readonly Finding[];
  /** Names of agencies and units, as the registry has them. */
  readonly names: NamesInSlice;
}

/** What is known besides the report; for those who go on, as with a whole log. */
export interface VerifiedBundle {
  readonly bundle: Bundle;
  readonly report: BundleReport;
  readonly trail: TrustedCheckpoint | null;
  /** Key of the shard's log, as the registry has it; null where that does not hold. */
  readonly logPublicKey: Uint8Array | null;
  readonly items: readonly TrailItem[];
  readonly findings: Findings;
  /** The older checkpoint given, where nothing in the bundle connects to it; null where that is settled. */
  readonly unproven: { readonly origin: string; readonly size: number; readonly root: Uint8Array } | null;
}

/** Verifies a bundle file. Throws FileUnreadableError for one that cannot be read; whatever else is wrong is in the report. */
export async function verifyBundle(text: string, options: VerifyOptions = {}): Promise<BundleReport> {
  return (await verifyReadBundle(readBundle(text), options)).report;
}

/** The same for one that was read. */
export async function verifyReadBundle(bundle: Bundle, options: VerifyOptions = {}): Promise<VerifiedBundle> {
  const findings = new Findings();
  const { shard, dossier } = bundle;
  const policy = readPolicy(options.policy ?? bundle.policy, findings);
  const { slice, registry } = await checkRegistry(bundle, options, policy, findings);
  const shardRecord = slice?.at(RegistryKind.REGISTRY_KIND_SHARD, shard, slice.checkpoint.size)?.record;
  const declared = shardRecord?.$case === "shard" ? shardRecord.value : null;
  if (slice !== null && declared === null) findings.add("shardUnknown", null, { shard });

  // While signatures are verified elsewhere, everything else is read and checked here.
  const statements = slice === null ? null : new StatementChecks(slice, shard, findings);
  const items = readTrailItems(bundle.trail.events, { shard, dossier }, findings, (item) => statements?.start(item));
  const trail = policy === null || declared === null ? null : await openTrail(bundle, declared, policy, findings);
  if (trail !== null) checkInclusion(items, trail, findings);
  const checkpoints =
    policy === null || declared === null || trail === null
      ? []
      : await openOthers(bundle, declared, trail, policy, findings);
  const custody = slice === null ? null : checkCustody(items, slice, shard, findings);
  if (slice !== null) checkOrder(items, slice, findings);
  const delay = declared?.promiseDelay;
  const delayMs = delay === undefined ? 0 : Number(delay.seconds) * 1_000;
  const times = bracketTimes(items, trail === null ? [] : [trail, ...checkpoints], delayMs, findings);
  await statements?.finished();

  const { since, unproven } =
    policy === null
      ? { since: null, unproven: null }
      : await checkSince(options.since, [trail, ...checkpoints], registry, declared, policy, findings);
  const withheld = items.filter(({ bytes }) => bytes === null).map(({ number }) => number);
  if (withheld.length > 0)
    findings.add("eventsWithheld", null, { events: withheld.join(", "), count: withheld.length });
  const erasures = erasuresIn(items);
  for (const { event } of erasures) findings.add("contentErased", event, {});
  sayTrust(options, policy, findings);

  const found = findings.all();
  const holds = found.every(({ severity }) => severity !== "broken");
  const isComplete = trail !== null && holds;
  const state = custody?.state ?? null;
  const report: BundleReport = {
    holds,
    dossier,
    shard,
    network: hexOf(bundle.network),
    trust: {
      network: options.network === undefined ? "file" : "reader",
      policy: options.policy === undefined ? "file" : "reader",
    },
    simulatedClock: declared?.clock === ShardClock.SHARD_CLOCK_SIMULATED,
    eventCount: items.length,
    withheld,
    completeTo: isComplete ? { event: items.length, checkpoint: factsOf(trail, policy) } : null,
    registry: registry === null ? null : factsOf(registry, policy),
    custody: custody?.periods ?? [],
    branches:
      state === null
        ? null
        : [...state.branches.values()]
            .map(({ branch, state, holder, unit }) => ({ branch, state, holder, unit }))
            .sort((a, b) => (a.branch < b.branch ? -1 : 1)),
    ended: state === null ? null : [...state.branches.values()].every((branch) => endStates.has(branch.state)),
    times,
    erasures,
    since,
    findings: found,
    names: namesInSlice(slice),
  };
  return { bundle, report, trail, logPublicKey: declared?.logPublicKey ?? null, items, findings, unproven };
}

function readPolicy(text: string, findings: Findings): Policy | null {
  try {
    return parsePolicy(text);
  } catch (error) {
    findings.add("policyUnreadable", null, { why: (error as Error).message });
    return null;
  }
}

/** The registry's part under its checkpoint. */
export async function checkRegistry(
  { network, registry: shown }: Pick<Bundle, "network" | "registry">,
  options: VerifyOptions,
  policy: Policy | null,
  findings: Findings,
): Promise<{ slice: RegistrySlice | null; registry: TrustedCheckpoint | null }> {
  const trusted = options.network ?? network;
  if (policy === null) return { slice: null, registry: null };
  const registry = await openNamed(shown.checkpoint, "registry", policy, [], findings);
  if (registry === null) return { slice: null, registry: null };
  const slice = await checkSlice(shown, registry, findings);
  if (slice !== null && !hashesEqual(slice.network, trusted)) {
    findings.add("networkOther", null, { found: hexOf(slice.network), trusted: hexOf(trusted) });
  }
  if (!hashesEqual(trusted, network)) {
    findings.add("networkOther", null, { found: hexOf(network), trusted: hexOf(trusted) });
  }
  return { slice, registry };
}

type DeclaredShard = { readonly origin: string; readonly logPublicKey: Uint8Array };

async function openTrail(
  { trail }: Bundle,
  declared: DeclaredShard,
  policy: Policy,
  findings: Findings,
): Promise<TrustedCheckpoint | null> {
  return openNamed(
    trail.checkpoint,
    declared.origin,
    policy,
    [logKeyOf(declared.origin, declared.logPublicKey)],
    findings,
  );
}

/** Opens a checkpoint that must be of a log; `log` is its origin, or "registry" for whichever log the policy names. */
async function openNamed(
  note: string,
  log: string,
  policy: Policy,
  keys: Parameters<typeof openTrusted>[2],
  findings: Findings,
): Promise<TrustedCheckpoint | null> {
  try {
    // A shard's log is known by the registry's key alone: a policy that names another for its origin would be an impostor's.
    const opened = await openTrusted(note, log === "registry" ? policy : { ...policy, logs: [] }, keys);
    if (log !== "registry" && opened.origin !== log) {
      findings.add("checkpointInvalid", null, { log, why: `It is of the log ${opened.origin}.` });
      return null;
    }
    if (!opened.quorumHolds) findings.add("quorumMissing", null, { log, missing: opened.missing.join(", ") });
    return opened;
  } catch (error) {
    findings.add("checkpointInvalid", null, { log, why: (error as Error).message });
    return null;
  }
}

function checkInclusion(items: readonly TrailItem[], { size, root }: TrustedCheckpoint, findings: Findings): void {
  const tree = new ProvenTree(size, root);
  for (const { number, leafIndex, hash, path } of items) {
    if (!tree.includes(hash, leafIndex, path)) findings.add("eventNotInLog", number, { leaf: leafIndex, size });
  }
}

async function openOthers(
  { trail: { checkpoints } }: Bundle,
  declared: DeclaredShard,
  trail: TrustedCheckpoint,
  policy: Policy,
  findings: Findings,
): Promise<TrustedCheckpoint[]> {
  const opened: TrustedCheckpoint[] = [];
  for (const { checkpoint, consistency } of checkpoints) {
    const keys = [logKeyOf(declared.origin, declared.logPublicKey)];
    try {
      const other = await openTrusted(checkpoint, { ...policy, logs: [] }, keys);
      if (areConsistent(other, trail, consistency)) opened.push(other);
      else findings.add("checkpointInconsistent", null, { size: other.size, other: trail.size });
    } catch (error) {
      findings.add("checkpointInvalid", null, { log: declared.origin, why: (error as Error).message });
    }
  }
  return opened;
}

async function checkSince(
  note: string | undefined,
  shown: readonly (TrustedCheckpoint | null)[],
  registry: TrustedCheckpoint | null,
  declared: DeclaredShard | null,
  policy: Policy,
  findings: Findings,
): Promise<{ since: BundleReport["since"]; unproven: VerifiedBundle["unproven"] }> {
  if (note === undefined) return { since: null, unproven: null };
  const keys = declared === null ? [] : [logKeyOf(declared.origin, declared.logPublicKey)];
  let older: TrustedCheckpoint;
  try {
    older = await openTrusted(note, policy, keys);
  } catch (error) {
    findings.add("sinceInvalid", null, { why: (error as Error).message });
    return { since: null, unproven: null };
  }
  const { origin, size, root } = older;
  const same = [...shown, registry].find((other) => other?.origin === origin && other.size === size);
  const consistent = same != null && hashesEqual(same.root, root);
  if (same == null) findings.add("sinceNotProven", null, { origin, size });
  else if (!consistent) findings.add("sinceInconsistent", null, { origin, size });
  return { since: { origin, size, consistent }, unproven: same == null ? { origin, size, root } : null };
}

function erasuresIn(items: readonly TrailItem[]): BundleReport["erasures"] {
  return items.flatMap(({ number, event }) => {
    if (event?.body.$case !== "statement" || event.body.statement.what?.$case !== "erase") return [];
    return [{ event: number, documents: event.body.statement.what.value.documentIds }];
  });
}

/** A reader who gave no trust of their own is told that the file vouches for itself. */
export function sayTrust(options: VerifyOptions, policy: Policy | null, findings: Findings): void {
  const from = [
    ...(options.network === undefined ? ["network"] : []),
    ...(options.policy === undefined ? ["policy"] : []),
  ];
  if (from.length > 0) findings.add("trustFromFile", null, { what: from.join(", ") });
  if (policy !== null && policy.quorum === null) findings.add("noQuorum", null, {});
}

/** A checkpoint as answers name it. */
export function factsOf(checkpoint: TrustedCheckpoint, policy: Policy | null): CheckpointFacts {
  const { origin, size, witnesses, missing } = checkpoint;
  return {
    origin,
    size,
    witnesses: witnesses.map(({ name, time }) => ({
      name,
      time: new Date(time * 1_000).toISOString().replace(".000Z", "Z"),
    })),
    missingWitnesses: missing,
    quorumHolds: policy === null || policy.quorum === null ? null : checkpoint.quorumHolds,
  };
}
