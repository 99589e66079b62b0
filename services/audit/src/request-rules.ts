import { busError } from "@lienthong/chassis";
import { HandoffFilter, HandoffOutcome, TimeKind } from "@lienthong/contracts/audit/v1/audit_service";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { AgencyLevel } from "@lienthong/contracts/registry/v1/record";
import type { RegistryState } from "@lienthong/registry-state";
import { dossierCodePattern } from "@lienthong/statement";

export const pageSizeDefault = 100;
export const pageSizeMax = 1_000;

/** Rows that a page may have; 0 asks for the default. */
export function pageSizeOf(pageSize: number): number {
  if (pageSize === 0) return pageSizeDefault;
  if (pageSize <= pageSizeMax) return pageSize;
  throw busError("FIELD_INVALID", { field: "page_size", allowed: `1 to ${pageSizeMax}, or 0 for ${pageSizeDefault}` });
}

/** Longest text of a filter that is no id of the registry: steps and units. */
const textCharactersMax = 64;

/** An agency that a question names; empty: none. */
export function checkAgency(registry: RegistryState, field: string, agency: string): void {
  if (agency !== "" && registry.agency(agency) === undefined) throw busError("AGENCY_UNKNOWN", { field, agency });
}

export function checkShard(registry: RegistryState, field: string, shard: string): void {
  if (shard !== "" && registry.shard(shard) === undefined) throw busError("SHARD_UNKNOWN", { field, shard });
}

export function checkDossier(field: string, dossier: string): void {
  if (dossierCodePattern.test(dossier)) return;
  throw busError("FIELD_INVALID", { field, allowed: "an official dossier code such as H26-250505-0001" });
}

export function checkText(field: string, text: string): void {
  if ([...text].length <= textCharactersMax && !/\p{Cc}/u.test(text)) return;
  throw busError("FIELD_INVALID", { field, allowed: `0 to ${textCharactersMax} characters, no control characters` });
}

export function checkTime(field: string, time: Timestamp | undefined): void {
  if (time === undefined) return;
  const inRange = time.seconds > -62_135_596_800n && time.seconds < 253_402_300_800n;
  if (!inRange || time.nanos < 0 || time.nanos > 999_999_999) {
    throw busError("FIELD_INVALID", { field, allowed: "an instant of the years 1 to 9999" });
  }
}

export function checkEnum(field: string, value: number, values: Readonly<Record<string, number | string>>): void {
  const known = Object.values(values).filter((each) => typeof each === "number" && each >= 0);
  if (!known.includes(value)) throw busError("ENUM_UNKNOWN", { field, allowed: known.join(", ") });
}

/** The filter of a request, checked; absent: everything. */
export function checkFilter(registry: RegistryState, given: HandoffFilter | undefined): HandoffFilter {
  const filter = given ?? HandoffFilter.fromPartial({});
  checkShard(registry, "filter.shard", filter.shard);
  if (filter.dossier !== "") checkDossier("filter.dossier", filter.dossier);
  checkAgency(registry, "filter.agency", filter.agency);
  checkAgency(registry, "filter.from_agency", filter.fromAgency);
  checkAgency(registry, "filter.to_agency", filter.toAgency);
  checkText("filter.unit", filter.unit);
  checkText("filter.step", filter.step);
  checkText("filter.procedure", filter.procedure);
  checkEnum("filter.level", filter.level, AgencyLevel);
  checkEnum("filter.time_kind", filter.timeKind, TimeKind);
  checkTime("filter.from_time", filter.fromTime);
  checkTime("filter.until_time", filter.untilTime);
  for (const [index, outcome] of filter.outcomes.entries()) {
    const field = `filter.outcomes[${index}]`;
    checkEnum(field, outcome, HandoffOutcome);
    if (outcome === HandoffOutcome.HANDOFF_OUTCOME_UNSPECIFIED) {
      throw busError("ENUM_UNKNOWN", { field, allowed: "1 to 5" });
    }
  }
  if (filter.outcomes.length > 5) throw busError("FIELD_INVALID", { field: "filter.outcomes", allowed: "0 to 5" });
  return filter;
}

/** A filter that a method has no use for, so that nobody believes it was applied. */
export function refuseField(field: string, isSet: boolean, why: string): void {
  if (isSet) throw busError("FIELD_INVALID", { field, allowed: why });
}
