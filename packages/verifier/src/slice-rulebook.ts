import {
  type AgencyRecord,
  type Competence,
  RecordStatus,
  RegistryKind,
} from "@lienthong/contracts/registry/v1/record";
import type { Rulebook } from "@lienthong/domain";
import { isDateWithin } from "@lienthong/registry-state";
import { type CompiledRoute, compileRoute } from "@lienthong/route";
import type { RegistrySlice, SliceEntry } from "./registry-slice.ts";

/** A parent chain never has more links. */
const chainLinksMax = 16;

/**
 * The registry as the table's rules ask it, at one head and one legal day, answered from the part that is shown. That an agency is competent
 * is read from its own record and those of its units; that no nearer office was, would take the whole registry to prove.
 */
export function sliceRulebook(
  slice: RegistrySlice,
  { shard, size, date }: { readonly shard: string; readonly size: number; readonly date: string },
): Rulebook {
  const agencyAt = (id: string) => {
    const entry = slice.at(RegistryKind.REGISTRY_KIND_AGENCY, id, size);
    return entry?.record.$case === "agency" ? { entry, record: entry.record.value } : undefined;
  };
  const unitAt = (id: string) => {
    const entry = slice.at(RegistryKind.REGISTRY_KIND_UNIT, id, size);
    return entry?.record.$case === "unit" ? { entry, record: entry.record.value } : undefined;
  };
  const isInForce = ({ entry }: SliceEntry) => isDateWithin(entry, date);

  // Of one head and day: the same questions are asked of many events.
  const chains = new Map<string, readonly string[]>();
  const competent = new Map<string, boolean>();

  /** Area codes from an area outwards; empty where nobody administers it on the day. */
  const areaChain = (areaCode: string): readonly string[] => {
    const known = chains.get(areaCode);
    if (known !== undefined) return known;
    const chain: string[] = [];
    chains.set(areaCode, chain);
    let found = slice
      .areaAgencies()
      .map(agencyAt)
      .find((agency) => agency !== undefined && agency.record.areaCode === areaCode && isInForce(agency.entry));
    for (let links = 0; found !== undefined && links < chainLinksMax; links++) {
      const { record, entry }: { record: AgencyRecord; entry: SliceEntry } = found;
      if (isInForce(entry) && record.areaCode !== "" && !chain.includes(record.areaCode)) chain.push(record.areaCode);
      found = agencyAt(record.parent);
    }
    return chain;
  };

  const competencesOf = (agency: string): readonly Competence[] => {
    const own = agencyAt(agency);
    if (own === undefined || !isInForce(own.entry)) return [];
    const units = slice
      .unitsOf(agency)
      .map(unitAt)
      .filter((unit) => unit !== undefined && unit.record.agency === agency && isInForce(unit.entry));
    return [...own.record.competences, ...units.flatMap((unit) => unit?.record.competences ?? [])];
  };

  return {
    get shardClosed() {
      const entry = slice.at(RegistryKind.REGISTRY_KIND_SHARD, shard, size);
      return entry?.record.$case === "shard" && entry.record.value.closed;
    },
    procedureKey(hash) {
      const entry = slice.byHash(hash, size);
      return entry?.record.$case === "procedure" ? entry.record.value.key : undefined;
    },
    route(hash) {
      const entry = slice.byHash(hash, size);
      return entry === undefined ? undefined : compiledRoute(entry);
    },
    hasCalendar: (hash) => slice.byHash(hash, size)?.record.$case === "calendar",
    agencyStatus(agency) {
      const found = agencyAt(agency);
      if (found === undefined) return "unknown";
      return isInForce(found.entry) ? "in force" : "not in force";
    },
    unitStatus(unit, agency) {
      const found = unitAt(unit);
      if (found === undefined || found.record.agency !== agency) return "unknown";
      const operator = agencyAt(agency);
      const both = isInForce(found.entry) && operator !== undefined && isInForce(operator.entry);
      return both ? "in force" : "not in force";
    },
    areaExists: (areaCode) => areaChain(areaCode).length > 0,
    isCompetent({ agency, role, areaCode, procedure }) {
      const question = `${agency} ${role} ${areaCode} ${procedure}`;
      let answer = competent.get(question);
      if (answer === undefined) {
        const areas = areaChain(areaCode);
        answer = competencesOf(agency).some(
          (competence) =>
            competence.role === role &&
            competence.areaCodes.some((code) => areas.includes(code)) &&
            (competence.procedures.length === 0 || competence.procedures.includes(procedure)),
        );
        competent.set(question, answer);
      }
      return answer;
    },
    competentAgencies: () => [],
  };
}

const compiled = new WeakMap<SliceEntry, CompiledRoute | null>();

function compiledRoute(entry: SliceEntry): CompiledRoute | undefined {
  if (entry.record.$case !== "route") return undefined;
  let route = compiled.get(entry);
  if (route === undefined) {
    try {
      route = compileRoute(entry.record.value);
    } catch {
      route = null;
    }
    compiled.set(entry, route);
  }
  return route ?? undefined;
}

/** Whether a system may carry an agency's statements at a head. */
export function isDelegated(slice: RegistrySlice, agency: string, system: string, size: number): boolean {
  const delegation = slice.at(RegistryKind.REGISTRY_KIND_DELEGATION, `${agency}/${system}`, size);
  const carrier = slice.at(RegistryKind.REGISTRY_KIND_SYSTEM, system, size);
  return (
    delegation?.record.$case === "delegation" &&
    delegation.record.value.status === RecordStatus.RECORD_STATUS_ACTIVE &&
    carrier?.record.$case === "system" &&
    carrier.record.value.status === RecordStatus.RECORD_STATUS_ACTIVE
  );
}
