import { busError, unaryHandler } from "@lienthong/chassis";
import { type KeyRecord, RecordStatus } from "@lienthong/contracts/registry/v1/record";
import type { GetAgencyRequest, GetAgencyResponse } from "@lienthong/contracts/registry/v1/registry_service";
import type { HeldKey } from "@lienthong/registry-state";
import { requireKnownSystem } from "../known-system.ts";
import type { RegistryContext } from "../registry-context.ts";
import { validRangeMessage } from "./valid-range.ts";

export const getAgency = ({ state }: RegistryContext) =>
  unaryHandler<GetAgencyRequest, GetAgencyResponse>(({ agency: id }, { identity }) => {
    requireKnownSystem(state, identity);
    const agency = state.agency(id);
    if (agency === undefined) throw busError("AGENCY_UNKNOWN", { field: "agency", agency: id });
    return {
      agency: agency.record,
      valid: validRangeMessage(agency),
      units: state.unitsOf(id).map(({ record }) => record),
      keys: state.keysOfAgency(id).map(keyAsItStands),
      systems: state.systemsOf(id),
      succession: state.succession(id)?.record,
      entry: agency.entryHash,
    };
  });

/** The key's record with its revocation, if it has one. */
function keyAsItStands({ record, revoked }: HeldKey): KeyRecord {
  if (revoked === null) return record;
  return {
    ...record,
    status: RecordStatus.RECORD_STATUS_REVOKED,
    revocationReason: revoked.reason,
    doubtedSince: revoked.doubtedSince,
  };
}
