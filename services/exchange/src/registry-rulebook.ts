import type { Rulebook } from "@lienthong/domain";
import { hexOf, type RegistryState } from "@lienthong/registry-state";

/** The registry as the table's rules ask it, on one legal day. */
export function registryRulebook(registry: RegistryState, shard: string, date: string): Rulebook {
  return {
    shardClosed: registry.shard(shard)?.record.closed === true,
    procedureKey: (entry) => registry.procedureByEntry(hexOf(entry))?.record.key,
    route: (entry) => registry.routeByEntry(hexOf(entry))?.compiled,
    hasCalendar: (entry) => registry.calendarByEntry(hexOf(entry)) !== undefined,
    agencyStatus(agency) {
      const found = registry.agency(agency);
      if (found === undefined) return "unknown";
      return registry.isInForce(found.record.id, date) ? "in force" : "not in force";
    },
    unitStatus(unit, agency) {
      const found = registry.unit(unit);
      if (found === undefined || found.record.agency !== agency) return "unknown";
      return registry.isInForce(found.record.id, date) ? "in force" : "not in force";
    },
    areaExists: (areaCode) => registry.areaChain(areaCode, date).length > 0,
    competentAgencies: (question) => [
      ...new Set(registry.resolveRole({ ...question, date }).candidates.map(({ agency }) => agency)),
    ],
    isCompetent: (question) => registry.isCompetent({ ...question, unit: "", date }),
  };
}
