import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import {
  type DelegationRecord,
  type GenesisRecord,
  KeyPurpose,
  type KeyRecord,
  type PromiseKeyRecord,
  type PublicKey,
  RecordStatus,
  type RegistrarKeyRecord,
  RevocationReason,
} from "@lienthong/contracts/registry/v1/record";
import { hashesEqual } from "@lienthong/tlog";
import { type Admission, type EndorsementDemand, noEndorsements, requireAgency } from "./admission.ts";
import { invalid } from "./entry-refused.ts";
import { hexOf } from "./hex.ts";
import type { KeyImports } from "./key-imports.ts";
import { addTo, type EntryPlace, type HeldKey, type KeyRevocation, type Tables } from "./tables.ts";
import { compareTimes } from "./time-order.ts";

export function admitGenesis(tables: Tables, record: GenesisRecord, place: EntryPlace, imports: KeyImports): Admission {
  if (place.number !== 0n) {
    throw invalid("record.genesis", "stands in a later entry", "a genesis in entry 0 and nowhere else");
  }
  const held = record.registrarKeys.map((publicKey, index) => {
    const verifyingKey = imports.require(`record.genesis.registrar_keys[${index}]`, publicKey);
    return { keyIdHex: hexOf(verifyingKey.keyId), publicKey, verifyingKey, revoked: null };
  });
  for (const [index, { keyIdHex }] of held.entries()) {
    if (held.findIndex((other) => other.keyIdHex === keyIdHex) !== index) {
      throw invalid(`record.genesis.registrar_keys[${index}]`, "stands there twice", "each key once");
    }
  }
  return {
    demand: noEndorsements,
    fold() {
      for (const key of held) tables.registrarKeys.set(key.keyIdHex, key);
    },
  };
}

export function admitKey(tables: Tables, record: KeyRecord, place: EntryPlace, imports: KeyImports): Admission {
  const field = "record.key";
  requireAgency(tables, `${field}.agency`, record.agency);
  const verifyingKey = imports.require(`${field}.public_key`, record.publicKey);
  const keyIdHex = hexOf(verifyingKey.keyId);
  refuseOtherUse(tables, field, keyIdHex, "an agency");
  const before = tables.keys.get(keyIdHex);
  if (before !== undefined && before.record.agency !== record.agency) {
    throw invalid(`${field}.agency`, `is "${record.agency}"`, `"${before.record.agency}", whose key it is`);
  }
  if (before !== undefined && before.record.purpose !== record.purpose) {
    throw invalid(`${field}.purpose`, `is ${record.purpose}`, `${before.record.purpose}, as when the key was recorded`);
  }
  const isOfficer = record.purpose === KeyPurpose.KEY_PURPOSE_OFFICER;
  if (isOfficer !== (record.officerRef !== "")) {
    throw invalid(
      `${field}.officer_ref`,
      isOfficer ? "is empty" : "is set on a seal",
      "a pseudonym on keys of officers, nothing on seals",
    );
  }
  if (record.status === RecordStatus.RECORD_STATUS_REVOKED) return admitKeyRevocation(tables, record, place, before);
  if (before?.revoked) throw revokedForGood(`${field}.status`, before.revoked);
  if (record.revocationReason !== RevocationReason.REVOCATION_REASON_UNSPECIFIED) {
    throw invalid(`${field}.revocation_reason`, "is set on an active key", "none while the key is active");
  }
  if (record.doubtedSince !== undefined) {
    throw invalid(`${field}.doubted_since`, "is set on an active key", "none while the key is active");
  }
  const previous = record.replaces.length === 0 ? undefined : replacedKey(tables, record, keyIdHex);
  const demand: EndorsementDemand = {
    own: verifyingKey,
    isPossessionNeeded: true,
    agency: record.agency,
    ...(previous === undefined ? {} : { previous }),
  };
  return {
    demand,
    fold() {
      if (before === undefined) {
        const keys = tables.keysOfAgency.get(record.agency);
        if (keys === undefined) tables.keysOfAgency.set(record.agency, [keyIdHex]);
        else keys.push(keyIdHex);
      }
      tables.keys.set(keyIdHex, { ...place, id: keyIdHex, keyIdHex, record, verifyingKey, revoked: null });
    },
  };
}

function admitKeyRevocation(
  tables: Tables,
  record: KeyRecord,
  place: EntryPlace,
  before: HeldKey | undefined,
): Admission {
  const field = "record.key";
  if (before === undefined) {
    throw invalid(`${field}.status`, "revokes a key that was never recorded", "ACTIVE in the first entry of a key");
  }
  if (record.revocationReason === RevocationReason.REVOCATION_REASON_UNSPECIFIED) {
    throw invalid(`${field}.revocation_reason`, "is not set", "SUPERSEDED, COMPROMISED, LOST or CEASED");
  }
  if (record.doubtedSince !== undefined && compareTimes(record.doubtedSince, place.recordedTime) > 0) {
    throw invalid(`${field}.doubted_since`, "is after the entry's recorded_time", "a moment that has passed, or none");
  }
  if (record.replaces.length > 0 && !hashesEqual(record.replaces, before.record.replaces)) {
    throw invalid(`${field}.replaces`, "differs from the entry that recorded the key", "the same, or none");
  }
  return {
    demand: { agency: record.agency },
    fold() {
      const revoked = revocation(before.revoked, place, record.revocationReason, record.doubtedSince);
      tables.keys.set(before.keyIdHex, { ...before, revoked });
    },
  };
}

function replacedKey(tables: Tables, record: KeyRecord, keyIdHex: string): HeldKey {
  const field = "record.key.replaces";
  const hex = hexOf(record.replaces);
  const old = tables.keys.get(hex);
  if (old === undefined || hex === keyIdHex || old.record.agency !== record.agency) {
    throw invalid(field, `is ${hex}, which is no other key of "${record.agency}"`, "a key of the same agency, or none");
  }
  if (old.revoked) {
    throw invalid(field, `is ${hex}, which entry ${old.revoked.number} revoked`, "a key that can still sign, or none");
  }
  return old;
}

export function admitDelegation(tables: Tables, record: DelegationRecord, place: EntryPlace): Admission {
  requireAgency(tables, "record.delegation.agency", record.agency);
  if (!tables.systems.has(record.system)) {
    throw invalid(
      "record.delegation.system",
      `names the system "${record.system}", which the registry does not have`,
      "a system recorded before",
    );
  }
  const isActive = record.status === RecordStatus.RECORD_STATUS_ACTIVE;
  return {
    demand: { agency: record.agency, isAgencyNeeded: isActive },
    fold() {
      const id = `${record.agency}/${record.system}`;
      tables.delegations.set(id, { ...place, id, record });
      if (isActive) addTo(tables.systemsOfAgency, record.agency, record.system);
      else tables.systemsOfAgency.get(record.agency)?.delete(record.system);
    },
  };
}

export function admitRegistrarKey(
  tables: Tables,
  record: RegistrarKeyRecord,
  place: EntryPlace,
  imports: KeyImports,
): Admission {
  const field = "record.registrar_key";
  const verifyingKey = imports.require(`${field}.public_key`, record.publicKey);
  const keyIdHex = hexOf(verifyingKey.keyId);
  refuseOtherUse(tables, field, keyIdHex, "the registrar");
  const before = tables.registrarKeys.get(keyIdHex);
  if (record.status === RecordStatus.RECORD_STATUS_REVOKED) {
    if (before === undefined) {
      throw invalid(`${field}.status`, "revokes a key that was never recorded", "ACTIVE in the first entry of a key");
    }
    const others = [...tables.registrarKeys.values()].filter((key) => key.keyIdHex !== keyIdHex && !key.revoked);
    if (others.length === 0) {
      throw invalid(`${field}.status`, "revokes the last registrar key", "a revocation after another key was added");
    }
    return {
      demand: noEndorsements,
      fold() {
        const revoked = revocation(before.revoked, place, RevocationReason.REVOCATION_REASON_UNSPECIFIED, undefined);
        tables.registrarKeys.set(keyIdHex, { ...before, revoked });
      },
    };
  }
  if (before?.revoked) throw revokedForGood(`${field}.status`, before.revoked);
  return {
    demand: { own: verifyingKey, isPossessionNeeded: true },
    fold: () =>
      void tables.registrarKeys.set(keyIdHex, {
        keyIdHex,
        publicKey: record.publicKey as PublicKey,
        verifyingKey,
        revoked: null,
      }),
  };
}

export function admitPromiseKey(
  tables: Tables,
  record: PromiseKeyRecord,
  place: EntryPlace,
  imports: KeyImports,
): Admission {
  const field = "record.promise_key";
  const verifyingKey = imports.require(`${field}.public_key`, record.publicKey);
  if (verifyingKey.algorithm !== SignatureAlgorithm.SIGNATURE_ALGORITHM_ED25519) {
    throw invalid(`${field}.public_key.algorithm`, `is ${verifyingKey.algorithm}`, "Ed25519 (1)");
  }
  const keyIdHex = hexOf(verifyingKey.keyId);
  refuseOtherUse(tables, field, keyIdHex, "a replica");
  const before = tables.promiseKeys.get(keyIdHex);
  if (before !== undefined && before.record.replica !== record.replica) {
    throw invalid(`${field}.replica`, `is "${record.replica}"`, `"${before.record.replica}", whose key it is`);
  }
  if (record.status === RecordStatus.RECORD_STATUS_REVOKED) {
    if (before === undefined) {
      throw invalid(`${field}.status`, "revokes a key that was never recorded", "ACTIVE in the first entry of a key");
    }
    return {
      demand: noEndorsements,
      fold() {
        const revoked = revocation(before.revoked, place, RevocationReason.REVOCATION_REASON_UNSPECIFIED, undefined);
        tables.promiseKeys.set(keyIdHex, { ...before, revoked });
      },
    };
  }
  if (before?.revoked) throw revokedForGood(`${field}.status`, before.revoked);
  return {
    demand: { own: verifyingKey, isPossessionNeeded: true },
    fold: () =>
      void tables.promiseKeys.set(keyIdHex, { ...place, id: keyIdHex, keyIdHex, record, verifyingKey, revoked: null }),
  };
}

/** A key has one use: an agency's seal that could sign entries, or promises, would mix powers that must stay apart. */
function refuseOtherUse(tables: Tables, field: string, keyIdHex: string, use: string): void {
  const uses: [Map<string, unknown>, string][] = [
    [tables.keys, "an agency"],
    [tables.registrarKeys, "the registrar"],
    [tables.promiseKeys, "a replica"],
  ];
  for (const [map, other] of uses) {
    if (other !== use && map.has(keyIdHex)) {
      throw invalid(`${field}.public_key`, `is a key of ${other} already`, `a key that only ${use} uses`);
    }
  }
}

function revokedForGood(field: string, revoked: KeyRevocation): Error {
  return invalid(field, `makes active a key that entry ${revoked.number} revoked`, "REVOKED, or a new key");
}

/** The first revocation counts; a later one can give another reason and an earlier doubt, never take anything back. */
function revocation(
  before: KeyRevocation | null,
  place: EntryPlace,
  reason: RevocationReason,
  doubtedSince: Timestamp | undefined,
): KeyRevocation {
  const doubted = doubtedSince ?? before?.doubtedSince ?? place.recordedTime;
  return {
    entryHash: before?.entryHash ?? place.entryHash,
    number: before?.number ?? place.number,
    recordedTime: before?.recordedTime ?? place.recordedTime,
    reason,
    doubtedSince: before !== null && compareTimes(before.doubtedSince, doubted) < 0 ? before.doubtedSince : doubted,
  };
}
