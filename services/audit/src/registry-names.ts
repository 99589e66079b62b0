import { busError } from "@lienthong/chassis";
import type { AgencyLevel } from "@lienthong/contracts/registry/v1/record";
import type { RegistryState } from "@lienthong/registry-state";
import type { PinnedNames } from "./fold-events.ts";

/** What entries that dossiers pin are called. An entry never changes, so the answer is the same at every later head. */
export function pinnedNames(registry: RegistryState): PinnedNames {
  return {
    procedureOf: (entry) => registry.procedureByEntry(entry)?.record.key ?? "",
    routeOf(entry) {
      const route = registry.routeByEntry(entry)?.record;
      return route === undefined ? "" : `${route.id}/${route.version}`;
    },
  };
}

/** Keys of the procedures that bear this key or official code. Throws SUBJECT_UNKNOWN. */
export function procedureKeys(registry: RegistryState, keyOrCode: string, field: string): string[] {
  const keys = [...registry.procedures()]
    .filter(({ record }) => record.key === keyOrCode || record.code === keyOrCode)
    .map(({ record }) => record.key);
  if (keys.length === 0) throw busError("SUBJECT_UNKNOWN", { field, subject: keyOrCode });
  return keys;
}

/** Agencies of a level, as the registry has it now. */
export function agenciesOfLevel(registry: RegistryState, level: AgencyLevel): string[] {
  return [...registry.agencies()].filter(({ record }) => record.level === level).map(({ record }) => record.id);
}
