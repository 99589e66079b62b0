import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import {
  type Endorsement,
  type EndorsementRole,
  RegistryEntry,
  SignedRegistryEntry,
} from "@lienthong/contracts/registry/v1/entry";
import { type PublicKey, RegistryRecord } from "@lienthong/contracts/registry/v1/record";
import { payloadTypes, type SigningKey, signPayload } from "@lienthong/statement";
import { type AnyRecord, subjectOf } from "./record-subject.ts";
import type { RegistryState } from "./registry-state.ts";

const noBytes = new Uint8Array(0);

/** What an entry says beside its record. */
export interface EntryDetails {
  /** Real UTC; not before that of the previous entry. */
  readonly recordedTime: Timestamp;
  /** First legal day YYYY-MM-DD; empty or absent: always was. */
  readonly validFrom?: string;
  /** Last legal day, inclusive; empty or absent: open. */
  readonly validUntil?: string;
  /** Made with `endorse` over the same record bytes. */
  readonly endorsements?: readonly Endorsement[];
}

/** A public key as records carry it. */
export function publicKeyOf(key: SigningKey): PublicKey {
  return { algorithm: key.algorithm, publicKey: key.publicKey };
}

/** Serialises a record: what endorsements sign and an entry carries. `network` is empty for a genesis only. */
export function recordBytes(network: Uint8Array, record: AnyRecord): Uint8Array {
  return RegistryRecord.encode({ network, record }).finish();
}

/** Signs a serialised record for one reason. */
export function endorse(role: EndorsementRole, key: SigningKey, record: Uint8Array): Endorsement {
  return { role, signature: { keyId: key.keyId, signature: signPayload(key, payloadTypes.registryRecord, record) } };
}

/** Writes the next entry of a registry. It folds nothing: whoever appended the entry applies it to the state. */
export class RegistrarPen {
  readonly #state: RegistryState;
  readonly #keys: readonly SigningKey[];

  /** Every key given signs each entry. */
  constructor(state: RegistryState, keys: SigningKey | readonly SigningKey[]) {
    this.#state = state;
    this.#keys = Array.isArray(keys) ? keys : [keys as SigningKey];
  }

  /** Entry 0. `nonce` is 32 random bytes, so that two networks of one name differ. */
  genesis(options: {
    readonly name: string;
    readonly nonce: Uint8Array;
    readonly recordedTime: Timestamp;
    /** Absent: the keys of this pen. */
    readonly registrarKeys?: readonly PublicKey[];
  }): Uint8Array {
    const registrarKeys = [...(options.registrarKeys ?? this.#keys.map(publicKeyOf))];
    const value = { name: options.name, registrarKeys, nonce: options.nonce };
    return this.entry({ $case: "genesis", value }, { recordedTime: options.recordedTime });
  }

  /** Serialises a record for this network. */
  recordBytes(record: AnyRecord): Uint8Array {
    return recordBytes(this.#state.size === 0 ? noBytes : this.#state.network, record);
  }

  /**
   * The next signed entry, serialised.
   * @param record a record, or its bytes where others endorsed them.
   */
  entry(record: AnyRecord | Uint8Array, details: EntryDetails): Uint8Array {
    const bytes = record instanceof Uint8Array ? record : this.recordBytes(record);
    const content = record instanceof Uint8Array ? RegistryRecord.decode(record).record : record;
    if (content === undefined) throw new Error("These bytes are not a registry record: they hold none of the records.");
    const { kind, id } = subjectOf(content);
    const state = this.#state;
    const number = BigInt(state.size);
    const payload = RegistryEntry.encode({
      version: 1,
      network: state.size === 0 ? noBytes : state.network,
      number,
      previous: state.entryHash(number - 1n) ?? noBytes,
      kind,
      id,
      subjectPrevious: state.lastEntryOf(kind, id) ?? noBytes,
      recordedTime: details.recordedTime,
      validFrom: details.validFrom ?? "",
      validUntil: details.validUntil ?? "",
      record: bytes,
      endorsements: [...(details.endorsements ?? [])],
      stateRoot: state.stateRoot,
    }).finish();
    return SignedRegistryEntry.encode({
      payload,
      signatures: this.#keys.map((key) => ({
        keyId: key.keyId,
        signature: signPayload(key, payloadTypes.registryEntry, payload),
      })),
    }).finish();
  }
}
