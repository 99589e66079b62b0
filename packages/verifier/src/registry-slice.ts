import { EndorsementRole } from "@lienthong/contracts/registry/v1/entry";
import { KeyPurpose, type KeyRecord, RecordStatus, RegistryKind } from "@lienthong/contracts/registry/v1/record";
import { hexOf, type ReadEntry, readEntry, stateLeafHash, subjectOf } from "@lienthong/registry-state";
import { importVerifyingKey, keyIdOf, payloadTypes, type VerifyingKey, verifyPayload } from "@lienthong/statement";
import { hashesEqual, verifyConsistency, verifyInclusion } from "@lienthong/tlog";
import type { AbsenceProof, BundleRegistry, NeighbourProof } from "./bundle.ts";
import type { Findings } from "./finding.ts";
import type { TrustedCheckpoint } from "./log-trust.ts";

/** An entry of the registry that was shown and is where it says it is. */
export interface SliceEntry extends ReadEntry {
  readonly number: number;
}

type Kind = RegistryKind;
const active = RecordStatus.RECORD_STATUS_ACTIVE;
const revoked = RecordStatus.RECORD_STATUS_REVOKED;

/**
 * The part of the registry that a file shows: of every subject here, each entry up to the checkpoint, so that nothing later about it, such as
 * a revocation, can have been left out. Look-ups answer as of a head: entries with numbers below its size.
 */
export class RegistrySlice {
  readonly checkpoint: TrustedCheckpoint;
  readonly #chains = new Map<string, SliceEntry[]>();
  readonly #whole = new Set<string>();
  readonly #byHash = new Map<string, SliceEntry>();
  readonly #agencyUnits = new Map<string, string[]>();
  readonly #areaAgencies: string[] = [];
  readonly #keys = new Map<string, VerifyingKey>();
  readonly #heads = new Map<number, Uint8Array>();
  readonly network: Uint8Array;

  constructor(checkpoint: TrustedCheckpoint, entries: readonly SliceEntry[], network: Uint8Array) {
    this.checkpoint = checkpoint;
    this.network = network;
    for (const entry of entries) {
      const key = keyOf(entry.subject.kind, entry.subject.id);
      const chain = this.#chains.get(key);
      if (chain === undefined) this.#chains.set(key, [entry]);
      else chain.push(entry);
      this.#byHash.set(hexOf(entry.hash), entry);
    }
  }

  /** Subjects that are shown, as "<kind> <id>". */
  subjects(): { readonly kind: Kind; readonly id: string; readonly chain: readonly SliceEntry[] }[] {
    return [...this.#chains.values()].map((chain) => {
      const { kind, id } = (chain[0] as SliceEntry).subject;
      return { kind, id, chain };
    });
  }

  markWhole(kind: Kind, id: string): void {
    this.#whole.add(keyOf(kind, id));
    const chain = this.#chains.get(keyOf(kind, id)) ?? [];
    for (const { record } of chain) {
      if (record.$case === "unit") {
        const units = this.#agencyUnits.get(record.value.agency) ?? [];
        if (!units.includes(id)) this.#agencyUnits.set(record.value.agency, [...units, id]);
      }
      if (record.$case === "agency" && record.value.kind === "people-committee" && !this.#areaAgencies.includes(id)) {
        this.#areaAgencies.push(id);
      }
    }
  }

  /** Whether every entry about a subject up to the checkpoint is here; also where it is proven that there is none. */
  isWhole(kind: Kind, id: string): boolean {
    return this.#whole.has(keyOf(kind, id));
  }

  /** Every entry about a subject, whatever the head; empty unless the chain is whole. */
  chain(kind: Kind, id: string): readonly SliceEntry[] {
    return this.isWhole(kind, id) ? (this.#chains.get(keyOf(kind, id)) ?? []) : [];
  }

  /** The last entry about a subject at a head; undefined where there is none, or the chain is not whole. */
  at(kind: Kind, id: string, size: number): SliceEntry | undefined {
    return this.chain(kind, id).findLast(({ number }) => number < size);
  }

  /** An entry by its hash, at a head. */
  byHash(hash: Uint8Array, size: number): SliceEntry | undefined {
    const entry = this.#byHash.get(hexOf(hash));
    return entry !== undefined && entry.number < size ? entry : undefined;
  }

  /** Units that ever were an agency's, as far as they are shown. */
  unitsOf(agency: string): readonly string[] {
    return this.#agencyUnits.get(agency) ?? [];
  }

  /** Agencies shown that may administer an area. */
  areaAgencies(): readonly string[] {
    return this.#areaAgencies;
  }

  /** A key of an agency at a head: what was recorded, and which entry below the head revoked it, if one did. */
  keyAt(
    keyIdHex: string,
    size: number,
  ): { readonly record: KeyRecord; readonly revokedBy: SliceEntry | null } | undefined {
    const chain = this.chain(RegistryKind.REGISTRY_KIND_KEY, keyIdHex).filter(({ number }) => number < size);
    const recorded = chain.findLast(({ record }) => record.$case === "key" && record.value.status === active);
    if (recorded?.record.$case !== "key") return undefined;
    return { record: recorded.record.value, revokedBy: chain.find(isRevocation) ?? null };
  }

  /** The entry that revoked a key, whatever the head. */
  revocationOf(kind: Kind, id: string): SliceEntry | undefined {
    return this.chain(kind, id).find(isRevocation);
  }

  /** A public key that the registry names, ready to verify with; undefined where it cannot be used. */
  verifyingKey(keyIdHex: string): VerifyingKey | undefined {
    return this.#keys.get(keyIdHex);
  }

  addVerifyingKey(key: VerifyingKey): void {
    this.#keys.set(hexOf(key.keyId), key);
  }

  addHead(size: number, root: Uint8Array): void {
    this.#heads.set(size, root);
  }

  /** Whether this head is one of the registry's, by the proofs shown. */
  hasHead(size: number, root: Uint8Array): boolean {
    const known = size === this.checkpoint.size ? this.checkpoint.root : this.#heads.get(size);
    return known !== undefined && hashesEqual(known, root);
  }
}

function isRevocation({ record }: SliceEntry): boolean {
  return "status" in (record.value as object) && (record.value as { status: RecordStatus }).status === revoked;
}

function keyOf(kind: Kind, id: string): string {
  return `${kind} ${id}`;
}

/** A subject for people: "KEY 5f3a…". */
function nameOf({ kind, id }: { kind: number; id: string }): { kind: string; id: string } {
  const name = Object.entries(RegistryKind).find(([, number]) => number === kind)?.[0] ?? String(kind);
  return { kind: name.replace("REGISTRY_KIND_", ""), id };
}

/**
 * Checks the registry's part of a file under its checkpoint: where each entry lies, who signed it, that chains are whole. What fails is
 * found by name, and what rests on it is not looked up any more.
 */
export async function checkSlice(
  shown: BundleRegistry,
  checkpoint: TrustedCheckpoint,
  findings: Findings,
): Promise<RegistrySlice | null> {
  const entries = placedEntries(shown, checkpoint, findings);
  const genesis = entries[0];
  const anchor = entries.at(-1);
  if (genesis?.number !== 0 || genesis.record.$case !== "genesis" || anchor?.number !== checkpoint.size - 1) {
    const missing = genesis?.number === 0 ? checkpoint.size - 1 : 0;
    findings.add("registryEntryNotInLog", null, { entry: missing });
    return null;
  }
  const slice = new RegistrySlice(checkpoint, entries, genesis.hash);
  collectKeys(entries, slice);
  markWholeChains(shown, slice, anchor, findings);
  await Promise.all(entries.map((entry) => checkEntrySignatures(entry, slice, genesis, findings)));
  for (const { size, root, consistency } of shown.heads) {
    if (verifyConsistency(size, root, checkpoint.size, checkpoint.root, consistency)) slice.addHead(size, root);
    else findings.add("registryHeadInconsistent", null, { size });
  }
  return slice;
}

/** Entries in order that the checkpoint covers at the number they state. */
function placedEntries(shown: BundleRegistry, { size, root }: TrustedCheckpoint, findings: Findings): SliceEntry[] {
  const placed: SliceEntry[] = [];
  let network: Uint8Array | null = null;
  for (const [position, { entry: bytes, path }] of shown.entries.entries()) {
    let read: ReadEntry;
    try {
      read = readEntry(bytes);
    } catch (error) {
      findings.add("registryEntryUnreadable", null, { position: position + 1, why: (error as Error).message });
      continue;
    }
    const number = Number(read.entry.number);
    const { kind, id } = subjectOf(read.record);
    network ??= number === 0 ? read.hash : null;
    const isOfNetwork =
      network !== null && (number === 0 ? read.entry.network.length === 0 : hashesEqual(read.entry.network, network));
    const isItself = read.entry.kind === kind && read.entry.id === id;
    const isNext = number > (placed.at(-1)?.number ?? -1);
    if (isOfNetwork && isItself && isNext && verifyInclusion(read.hash, number, size, path, root)) {
      placed.push({ ...read, number });
    } else findings.add("registryEntryNotInLog", null, { entry: number });
  }
  return placed;
}

function collectKeys(entries: readonly SliceEntry[], slice: RegistrySlice): void {
  for (const { record } of entries) {
    const keys =
      record.$case === "genesis"
        ? record.value.registrarKeys
        : record.$case === "key" || record.$case === "registrarKey" || record.$case === "promiseKey"
          ? [record.value.publicKey]
          : [];
    for (const key of keys) {
      if (key === undefined) continue;
      try {
        slice.addVerifyingKey(importVerifyingKey(key.algorithm, key.publicKey));
      } catch {
        // Whatever it signed will be found to be by no key.
      }
    }
  }
}

/** Which chains are here whole: linked back to their first entry, and their last entry is the last in `state_root`. */
function markWholeChains(shown: BundleRegistry, slice: RegistrySlice, anchor: SliceEntry, findings: Findings): void {
  const { stateRoot } = anchor.entry;
  const proofs = new Map(shown.subjects.map((proof) => [keyOf(proof.kind as Kind, proof.id), proof]));
  for (const { kind, id, chain } of slice.subjects()) {
    const linked = chain.every(({ entry }, index) =>
      hashesEqual(entry.subjectPrevious, chain[index - 1]?.hash ?? new Uint8Array(0)),
    );
    if (!linked) {
      findings.add("registryChainBroken", null, nameOf({ kind, id }));
      continue;
    }
    // `state_root` of the last entry speaks of the log before it; the last entry speaks for itself.
    const last = chain.at(-1) as SliceEntry;
    if (last === anchor) {
      slice.markWhole(kind, id);
      continue;
    }
    const proof = proofs.get(keyOf(kind, id));
    if (proof === undefined) continue;
    const leaf = stateLeafHash(kind, id, last.hash);
    if (verifyInclusion(leaf, proof.index, shown.subjectCount, proof.path, stateRoot)) slice.markWhole(kind, id);
    else findings.add("registryChainIncomplete", null, nameOf({ kind, id }));
  }
  for (const [key, { kind, id }] of proofs) {
    // A proof of a chain that is not shown at all.
    if (!slice.subjects().some((subject) => keyOf(subject.kind, subject.id) === key)) {
      findings.add("registryChainIncomplete", null, nameOf({ kind, id }));
    }
  }
  for (const absent of shown.absent) {
    const { kind, id } = absent;
    const isShown = slice.subjects().some((subject) => subject.kind === kind && subject.id === id);
    if (!isShown && isAbsent(absent, shown.subjectCount, stateRoot)) slice.markWhole(kind as Kind, id);
    else findings.add("registryChainIncomplete", null, nameOf(absent));
  }
}

/**
 * Whether the neighbours stand beside each other in the tree with the subject between them. Paths fix a leaf's place by their turns alone, so
 * a count of leaves that is not the true one proves nothing false.
 */
function isAbsent({ kind, id, before, after }: AbsenceProof, count: number, stateRoot: Uint8Array): boolean {
  const holds = (proof: NeighbourProof) =>
    verifyInclusion(stateLeafHash(proof.kind as Kind, proof.id, proof.hash), proof.index, count, proof.path, stateRoot);
  const isBelow = (a: { kind: number; id: string }, b: { kind: number; id: string }) =>
    a.kind !== b.kind ? a.kind < b.kind : a.id < b.id;
  if (before === null && after === null) return false;
  if (before !== null && !(holds(before) && isBelow(before, { kind, id }))) return false;
  if (after !== null && !(holds(after) && isBelow({ kind, id }, after))) return false;
  if (before === null) return after?.index === 0;
  return after === null ? before.index === count - 1 : after.index === before.index + 1;
}

/** Who signed an entry: the registrar with a key in force before it, and whoever had to agree. */
async function checkEntrySignatures(
  entry: SliceEntry,
  slice: RegistrySlice,
  genesis: SliceEntry,
  findings: Findings,
): Promise<void> {
  const { signed, number } = entry;
  const verdicts = await Promise.all(
    signed.signatures.map(async ({ keyId, signature }) => {
      const keyIdHex = hexOf(keyId);
      const key = slice.verifyingKey(keyIdHex);
      const standing = registrarKeyStanding(keyIdHex, number, slice, genesis);
      if (key === undefined || standing === "none") return "none";
      return (await verifyPayload(key, payloadTypes.registryEntry, signed.payload, signature)) ? standing : "none";
    }),
  );
  if (verdicts.includes("none") || !verdicts.includes("in force")) {
    findings.add("registryEntrySignature", null, { entry: number });
  }
  if (!(await areEndorsementsGood(entry, slice))) findings.add("registryEndorsement", null, { entry: number });
}

/** Whether a key was the registrar's before an entry; "none" too where that is not proven whole. */
function registrarKeyStanding(
  keyIdHex: string,
  number: number,
  slice: RegistrySlice,
  genesis: SliceEntry,
): "in force" | "revoked" | "none" {
  const kind = RegistryKind.REGISTRY_KIND_REGISTRAR_KEY;
  if (!slice.isWhole(kind, keyIdHex)) return "none";
  const chain = slice.chain(kind, keyIdHex).filter((entry) => entry.number < number);
  const isOfGenesis =
    genesis.record.$case === "genesis" &&
    genesis.record.value.registrarKeys.some(({ publicKey }) => hexOf(keyIdOf(publicKey)) === keyIdHex);
  if (!isOfGenesis && chain.length === 0) return "none";
  return chain.some(isRevocation) ? "revoked" : "in force";
}

/** Possession by a new key, consent of the key it replaces, consent of the agency to a delegation. */
async function areEndorsementsGood({ entry, record, number }: SliceEntry, slice: RegistrySlice): Promise<boolean> {
  const roles = new Set<EndorsementRole>();
  for (const { role, signature } of entry.endorsements) {
    if (signature === undefined) return false;
    const keyIdHex = hexOf(signature.keyId);
    const key = slice.verifyingKey(keyIdHex);
    if (key === undefined) return false;
    if (!mayEndorse(role, keyIdHex, { record, number }, slice)) return false;
    if (!(await verifyPayload(key, payloadTypes.registryRecord, entry.record, signature.signature))) return false;
    roles.add(role);
  }
  const value = record.value as { status?: RecordStatus; replaces?: Uint8Array };
  if (value.status !== active) return true;
  switch (record.$case) {
    case "key":
      return (
        roles.has(EndorsementRole.ENDORSEMENT_ROLE_POSSESSION) &&
        (record.value.replaces.length === 0 || roles.has(EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY))
      );
    case "registrarKey":
    case "promiseKey":
      return roles.has(EndorsementRole.ENDORSEMENT_ROLE_POSSESSION);
    case "delegation":
      return roles.has(EndorsementRole.ENDORSEMENT_ROLE_AGENCY);
    default:
      return true;
  }
}

function mayEndorse(
  role: EndorsementRole,
  keyIdHex: string,
  { record, number }: Pick<SliceEntry, "record" | "number">,
  slice: RegistrySlice,
): boolean {
  switch (role) {
    case EndorsementRole.ENDORSEMENT_ROLE_POSSESSION:
      return "publicKey" in record.value && subjectOf(record).id === keyIdHex;
    case EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY: {
      if (record.$case !== "key" || hexOf(record.value.replaces) !== keyIdHex) return false;
      const replaced = slice.keyAt(keyIdHex, number);
      return replaced?.record.agency === record.value.agency && replaced.revokedBy === null;
    }
    case EndorsementRole.ENDORSEMENT_ROLE_AGENCY: {
      const agency = record.$case === "delegation" || record.$case === "key" ? record.value.agency : null;
      const seal = slice.keyAt(keyIdHex, number);
      return (
        seal !== undefined &&
        seal.record.agency === agency &&
        seal.record.purpose === KeyPurpose.KEY_PURPOSE_SEAL &&
        seal.revokedBy === null
      );
    }
    default:
      return false;
  }
}
