import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { RecordStatus, type RevocationReason } from "@lienthong/contracts/registry/v1/record";
import { type AnyRecord, compareTimes, type RegistryState } from "@lienthong/registry-state";
import { keyByPrefix } from "./key-by-prefix.ts";
import { EnrolmentRefusedError } from "./refused.ts";
import type { RecordedStep, RecordStep, Registrar } from "./registrar.ts";

/** Why a key ends, and since when it is to be doubted. */
export interface RevocationDetails {
  readonly reason: RevocationReason;
  /** Real UTC; absent: since it is recorded. */
  readonly doubtedSince?: Timestamp;
}

/** The step that revokes a key, by its whole id. Done if it is revoked already and no earlier doubt is to be recorded. */
export function revocationStep(keyIdHex: string, { reason, doubtedSince }: RevocationDetails): RecordStep {
  return {
    subject: keyIdHex,
    recordedAt(state) {
      const revoked = state.key(keyIdHex)?.revoked ?? null;
      if (revoked === null) return null;
      return doubtedSince === undefined || compareTimes(revoked.doubtedSince, doubtedSince) <= 0
        ? revoked.number
        : null;
    },
    record(state): AnyRecord {
      const key = state.key(keyIdHex)!;
      const status = RecordStatus.RECORD_STATUS_REVOKED;
      return { $case: "key", value: { ...key.record, status, revocationReason: reason, doubtedSince } };
    },
  };
}

/** The step that ends a delegation; signed by nobody but the registrar. */
export function endDelegationStep(agency: string, system: string): RecordStep {
  return {
    subject: `${agency}/${system}`,
    recordedAt: (state) => endedAt(state, agency, system),
    record: () => ({
      $case: "delegation",
      value: { agency, system, status: RecordStatus.RECORD_STATUS_REVOKED },
    }),
  };
}

function endedAt(state: RegistryState, agency: string, system: string): bigint | null {
  const known = state.delegation(agency, system);
  return known?.record.status === RecordStatus.RECORD_STATUS_REVOKED ? known.number : null;
}

/** Revokes a key of an agency; `key` is its id or the beginning of it. For good: a revoked key never comes back. */
export async function revokeKey(
  registrar: Registrar,
  key: string,
  details: RevocationDetails,
): Promise<RecordedStep & { readonly agency: string }> {
  const held = keyByPrefix(registrar.state, null, key);
  return { ...(await registrar.record(revocationStep(held.keyIdHex, details))), agency: held.record.agency };
}

/** The step that shuts a system out, with every certificate it has. */
export function revokeSystemStep(system: string): RecordStep {
  return {
    subject: system,
    recordedAt(state) {
      const known = state.system(system);
      return known?.record.status === RecordStatus.RECORD_STATUS_REVOKED ? known.number : null;
    },
    record(state): AnyRecord {
      const { record } = state.system(system)!;
      return { $case: "system", value: { ...record, status: RecordStatus.RECORD_STATUS_REVOKED } };
    },
  };
}

/** Shuts a system out on the registrar's word alone, e.g. when its TLS key was stolen: within 5 s no service answers it any more. */
export async function revokeSystem(registrar: Registrar, system: string): Promise<RecordedStep> {
  if (registrar.state.system(system) === undefined) throw new EnrolmentRefusedError("SYSTEM_UNKNOWN", { system });
  return registrar.record(revokeSystemStep(system));
}

/** Ends a delegation on the registrar's word alone, e.g. of a system that misbehaves. */
export async function endDelegation(registrar: Registrar, agency: string, system: string): Promise<RecordedStep> {
  if (registrar.state.delegation(agency, system) === undefined) {
    throw new EnrolmentRefusedError("SYSTEM_UNKNOWN", { system: `${agency}/${system}` });
  }
  return registrar.record(endDelegationStep(agency, system));
}
