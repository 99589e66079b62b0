import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { EndorsementRole } from "@lienthong/contracts/registry/v1/entry";
import {
  type DelegationRecord,
  type KeyRecord,
  RecordStatus,
  type RevocationReason,
  type SystemRecord,
} from "@lienthong/contracts/registry/v1/record";
import { type AppliedEntry, hexOf } from "@lienthong/registry-state";
import { keyIdOf } from "@lienthong/statement";

/**
 * What happened: the agency's first seal; a key signed by the one it replaces; a key beside or in place of others without their
 * signature; the same key again; a revocation; a delegation given or ended; other TLS keys or another status of a system that speaks
 * for it.
 */
export type ChangeKind =
  | "KEY_FIRST"
  | "KEY_ROTATED"
  | "KEY_ADDED"
  | "KEY_AGAIN"
  | "KEY_REVOKED"
  | "DELEGATION_GIVEN"
  | "DELEGATION_ENDED"
  | "SYSTEM_CHANGED";

/** A change to an agency's keys, delegations, or the systems that speak for it. */
export interface AgencyChange {
  readonly what: ChangeKind;
  /** Number of the registry entry and its hash, hexadecimal. */
  readonly number: bigint;
  readonly entryHash: string;
  readonly recordedTime: Timestamp | undefined;
  /** Key id, hexadecimal; null unless it is about a key. */
  readonly keyId: string | null;
  readonly key: KeyRecord | null;
  /** Key id of the key it replaces; null if it names none. */
  readonly replaces: string | null;
  readonly reason: RevocationReason;
  readonly doubtedSince: Timestamp | undefined;
  /** System id; null unless it is about a delegation or a system. */
  readonly system: string | null;
  readonly tlsKeysAdded: number;
  readonly tlsKeysRemoved: number;
  /** Whether a seal of the agency that was in force before signed it. */
  readonly signedByAgency: boolean;
  /** Nobody at the agency signed it, though somebody could have: to be known there, or asked about. */
  readonly isToBeKnown: boolean;
}

/** Picks an agency's changes out of the registry's entries; every entry must be given, in order. */
export class AgencyChanges {
  readonly agency: string;
  readonly #keys = new Map<string, "in force" | "revoked">();
  readonly #delegatedTo = new Set<string>();
  readonly #systems = new Map<string, SystemRecord>();

  constructor(agency: string) {
    this.agency = agency;
  }

  /** The change that an entry is for this agency; null if it is none. */
  read(applied: AppliedEntry): AgencyChange | null {
    const { record } = applied;
    if (record.$case === "key") return record.value.agency === this.agency ? this.#key(applied, record.value) : null;
    if (record.$case === "delegation") {
      return record.value.agency === this.agency ? this.#delegation(applied, record.value) : null;
    }
    return record.$case === "system" ? this.#system(applied, record.value) : null;
  }

  #key(applied: AppliedEntry, key: KeyRecord): AgencyChange {
    const keyId = hexOf(keyIdOf(key.publicKey?.publicKey ?? new Uint8Array(0)));
    const replaces = key.replaces.length === 0 ? null : hexOf(key.replaces);
    const facts = { keyId, key, replaces };
    if (key.status === RecordStatus.RECORD_STATUS_REVOKED) {
      this.#keys.set(keyId, "revoked");
      const { revocationReason: reason, doubtedSince } = key;
      return change(applied, "KEY_REVOKED", { ...facts, reason, doubtedSince });
    }
    const isKnown = this.#keys.has(keyId);
    const hadOthers = this.#keys.size > 0;
    this.#keys.set(keyId, "in force");
    if (isKnown) return change(applied, "KEY_AGAIN", { ...facts, isToBeKnown: false });
    if (replaces !== null) return change(applied, "KEY_ROTATED", facts);
    return hadOthers
      ? change(applied, "KEY_ADDED", facts)
      : change(applied, "KEY_FIRST", { ...facts, isToBeKnown: false });
  }

  #delegation(applied: AppliedEntry, { system, status }: DelegationRecord): AgencyChange {
    const isGiven = status === RecordStatus.RECORD_STATUS_ACTIVE;
    if (isGiven) this.#delegatedTo.add(system);
    else this.#delegatedTo.delete(system);
    return change(applied, isGiven ? "DELEGATION_GIVEN" : "DELEGATION_ENDED", { system });
  }

  #system(applied: AppliedEntry, record: SystemRecord): AgencyChange | null {
    const before = this.#systems.get(record.id);
    this.#systems.set(record.id, record);
    if (!this.#delegatedTo.has(record.id) || before === undefined) return null;
    const [was, is] = [before, record].map((each) => new Set(each.certificateKeyDigests.map(hexOf))) as [
      Set<string>,
      Set<string>,
    ];
    const tlsKeysAdded = [...is].filter((digest) => !was.has(digest)).length;
    const tlsKeysRemoved = [...was].filter((digest) => !is.has(digest)).length;
    if (tlsKeysAdded + tlsKeysRemoved === 0 && before.status === record.status) return null;
    return change(applied, "SYSTEM_CHANGED", { system: record.id, tlsKeysAdded, tlsKeysRemoved });
  }
}

function change(applied: AppliedEntry, what: ChangeKind, facts: Partial<AgencyChange>): AgencyChange {
  const { entry, number, hash } = applied;
  const signedByAgency = entry.endorsements.some(
    ({ role }) =>
      role === EndorsementRole.ENDORSEMENT_ROLE_AGENCY || role === EndorsementRole.ENDORSEMENT_ROLE_PREVIOUS_KEY,
  );
  return {
    what,
    number,
    entryHash: hexOf(hash),
    recordedTime: entry.recordedTime,
    keyId: null,
    key: null,
    replaces: null,
    reason: 0,
    doubtedSince: undefined,
    system: null,
    tlsKeysAdded: 0,
    tlsKeysRemoved: 0,
    signedByAgency,
    isToBeKnown: !signedByAgency,
    ...facts,
  };
}
