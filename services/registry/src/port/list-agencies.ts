import { busError, unaryHandler } from "@lienthong/chassis";
import { AgencyLevel } from "@lienthong/contracts/registry/v1/record";
import type { ListAgenciesRequest, ListAgenciesResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { findAgencies } from "../find-agencies.ts";
import { requireKnownSystem } from "../known-system.ts";
import { pageOf } from "../page.ts";
import type { RegistryContext } from "../registry-context.ts";
import { requireDate } from "./on-date.ts";
import { validRangeMessage } from "./valid-range.ts";

const nameCharactersMax = 100;
const levels = new Set<number>(Object.values(AgencyLevel).filter((level) => level >= 0));

export const listAgencies = ({ state }: RegistryContext) =>
  unaryHandler<ListAgenciesRequest, ListAgenciesResponse>((request, { identity }) => {
    requireKnownSystem(state, identity);
    const { level, onDate, nameContains, pageSize, pageToken } = request;
    if (!levels.has(level)) throw busError("ENUM_UNKNOWN", { field: "level", allowed: [...levels].join(", ") });
    if (onDate !== "") requireDate("on_date", onDate);
    if ([...nameContains].length > nameCharactersMax) {
      throw busError("FIELD_INVALID", { field: "name_contains", allowed: `0 to ${nameCharactersMax} characters` });
    }
    const found = findAgencies(state, { level, onDate, nameContains });
    const page = pageOf(found, ["agencies", level, onDate, nameContains], pageSize, pageToken);
    return {
      agencies: page.items.map((agency) => ({ agency: agency.record, valid: validRangeMessage(agency) })),
      nextPageToken: page.nextPageToken,
    };
  });
