import { EndorsementRole } from "@lienthong/contracts/registry/v1/entry";
import type { Signature } from "@lienthong/contracts/registry/v1/envelope";
import { KeyPurpose } from "@lienthong/contracts/registry/v1/record";
import {
  type PayloadType,
  payloadTypes,
  type VerifyingKey,
  verifyPayload,
  verifyPayloadSync,
} from "@lienthong/statement";
import type { EndorsementDemand } from "./admission.ts";
import { invalid, RegistryEntryRefusedError } from "./entry-refused.ts";
import { hexOf } from "./hex.ts";
import type { KeyImports } from "./key-imports.ts";
import type { ReadEntry } from "./read-entry.ts";
import type { Tables } from "./tables.ts";

/**
 * Verdicts reached ahead of folding, by signature. Whether a signature is valid under a key id does not depend on the state;
 * whether that key may sign does, and is looked up when the entry is folded.
 */
export type Verdicts = ReadonlyMap<Signature, boolean>;

/** What to verify: the registrar's signatures over the entry, everybody else's over the record. */
function* signaturesOf(read: ReadEntry): Generator<{ signature: Signature; type: PayloadType; payload: Uint8Array }> {
  for (const signature of read.signed.signatures) {
    yield { signature, type: payloadTypes.registryEntry, payload: read.signed.payload };
  }
  for (const { signature } of read.entry.endorsements) {
    if (signature) yield { signature, type: payloadTypes.registryRecord, payload: read.entry.record };
  }
}

/** Verifies on the thread pool whatever can be verified already; signatures by keys not imported yet are left out. */
export async function verifyAhead(reads: readonly ReadEntry[], imports: KeyImports): Promise<Verdicts> {
  const verdicts = new Map<Signature, boolean>();
  const work: Promise<void>[] = [];
  for (const read of reads) {
    for (const { signature, type, payload } of signaturesOf(read)) {
      const key = imports.byId(hexOf(signature.keyId));
      if (key === undefined) continue;
      work.push(
        verifyPayload(key, type, payload, signature.signature).then((valid) => void verdicts.set(signature, valid)),
      );
    }
  }
  await Promise.all(work);
  return verdicts;
}

function requireValid(
  field: string,
  signature: Signature,
  key: VerifyingKey,
  type: PayloadType,
  payload: Uint8Array,
  verdicts: Verdicts | undefined,
): void {
  if (verdicts?.get(signature) ?? verifyPayloadSync(key, type, payload, signature.signature)) return;
  throw new RegistryEntryRefusedError(
    "SIGNATURE_INVALID",
    `${field}.signature`,
    `by key ${hexOf(signature.keyId)} does not verify`,
    `a signature over the pre-authentication encoding of type ${type}`,
  );
}

/**
 * Every signature of an entry must be valid and by a key the registrar holds or held, and one of them by a key in force.
 * Stricter than the contract's "at least one", so that no byte of an entry is without meaning.
 */
export function checkRegistrarSignatures(
  tables: Tables,
  read: ReadEntry,
  imports: KeyImports,
  verdicts?: Verdicts,
): void {
  const genesisKeys = read.record.$case === "genesis" && read.entry.number === 0n ? genesisKeysOf(read, imports) : null;
  const seen = new Set<string>();
  let isOneInForce = false;
  for (const [index, signature] of read.signed.signatures.entries()) {
    const field = `signed_entry.signatures[${index}]`;
    const keyIdHex = hexOf(signature.keyId);
    if (seen.has(keyIdHex)) throw invalid(`${field}.key_id`, `is ${keyIdHex} again`, "one signature of each key");
    seen.add(keyIdHex);
    const held = tables.registrarKeys.get(keyIdHex);
    const key = genesisKeys === null ? held?.verifyingKey : genesisKeys.get(keyIdHex);
    if (key === undefined) {
      throw new RegistryEntryRefusedError(
        "KEY_UNKNOWN",
        `${field}.key_id`,
        `is ${keyIdHex}, which is no key of the registrar`,
        "keys that the genesis or a registrar key entry names",
      );
    }
    requireValid(field, signature, key, payloadTypes.registryEntry, read.signed.payload, verdicts);
    if (genesisKeys !== null || held?.revoked === null) isOneInForce = true;
  }
  if (!isOneInForce) {
    throw new RegistryEntryRefusedError(
      "KEY_REVOKED",
      "signed_entry.signatures",
      "are all by revoked keys",
      "at least one by a registrar key in force",
    );
  }
}

function genesisKeysOf(read: ReadEntry, imports: KeyImports): Map<string, VerifyingKey> {
  const keys = new Map<string, VerifyingKey>();
  if (read.record.$case !== "genesis") return keys;
  for (const [index, publicKey] of read.record.value.registrarKeys.entries()) {
    const key = imports.require(`record.genesis.registrar_keys[${index}]`, publicKey);
    keys.set(hexOf(key.keyId), key);
  }
  return keys;
}

/** Every endorsement must have a meaning for the record and be valid; those demanded must be there. */
export function checkEndorsements(
  tables: Tables,
  read: ReadEntry,
  demand: EndorsementDemand,
  verdicts?: Verdicts,
): void {
  const given = new Set<string>();
  const roles = new Set<EndorsementRole>();
  for (const [index, endorsement] of read.entry.endorsements.entries()) {
    const field = `entry.endorsements[${index}]`;
    const { role, signature } = endorsement;
    if (signature === undefined) throw invalid(`${field}.signature`, "is not set", "a signature");
    const keyIdHex = hexOf(signature.keyId);
    if (given.has(`${role} ${keyIdHex}`)) {
      throw invalid(`${field}.signature.key_id`, `is ${keyIdHex} again`, "one signature of each key in a role");
    }
    given.add(`${role} ${keyIdHex}`);
    roles.add(role);
    const key = endorsingKey(tables, `${field}`, role, keyIdHex, demand);
    requireValid(`${field}.signature`, signature, key, payloadTypes.registryRecord, read.entry.record, verdicts);
  }
  const missing = (allowed: string) => invalid("entry.endorsements", "lack a signature that the record needs", allowed);
  if (demand.isPossessionNeeded && !roles.has(EndorsementRole.ENDORSEMENT_ROLE_POSSESSION)) {
    throw missing("one of role POSSESSION by the key that the record introduces");
  }
  if (demand.previous && !roles.has(EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY)) {
    throw missing("one of role PREVIOUS_KEY by the key that the record replaces");
  }
  if (demand.isAgencyNeeded && !roles.has(EndorsementRole.ENDORSEMENT_ROLE_AGENCY)) {
    throw missing(`one of role AGENCY by a seal of "${demand.agency}" that is not revoked`);
  }
}

/** The key that may endorse in a role; refuses the endorsement if it is by another. */
function endorsingKey(
  tables: Tables,
  field: string,
  role: EndorsementRole,
  keyIdHex: string,
  demand: EndorsementDemand,
): VerifyingKey {
  const wrongKey = (allowed: string) => invalid(`${field}.signature.key_id`, `is ${keyIdHex}`, allowed);
  if (role === EndorsementRole.ENDORSEMENT_ROLE_POSSESSION && demand.own) {
    const own = hexOf(demand.own.keyId);
    if (keyIdHex !== own) throw wrongKey(`${own}, the key that the record introduces`);
    return demand.own;
  }
  if (role === EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY && demand.previous) {
    if (keyIdHex !== demand.previous.keyIdHex) throw wrongKey(`${demand.previous.keyIdHex}, the key that is replaced`);
    return demand.previous.verifyingKey;
  }
  if (role === EndorsementRole.ENDORSEMENT_ROLE_AGENCY && demand.agency !== undefined) {
    const key = tables.keys.get(keyIdHex);
    if (
      key === undefined ||
      key.record.agency !== demand.agency ||
      key.record.purpose !== KeyPurpose.KEY_PURPOSE_SEAL
    ) {
      throw wrongKey(`a seal of "${demand.agency}" recorded before`);
    }
    if (key.revoked) {
      throw new RegistryEntryRefusedError(
        "KEY_REVOKED",
        `${field}.signature.key_id`,
        `is ${keyIdHex}, which entry ${key.revoked.number} revoked`,
        `a seal of "${demand.agency}" that is not revoked`,
      );
    }
    return key.verifyingKey;
  }
  throw invalid(`${field}.role`, `is ${role}, which means nothing on this record`, "the roles that its kind asks for");
}
