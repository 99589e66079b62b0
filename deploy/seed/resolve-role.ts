import type { AgencyRecord, Competence, UnitRecord } from "@lienthong/contracts/registry/v1/record";
import { isValidOn } from "./legal-days.ts";
import type { Seed } from "./seed.ts";

export interface RoleQuestion {
  readonly role: string;
  /** Code of the ward, district or city the matter lies in, as the statistics list has it on that day. */
  readonly areaCode: string;
  /** Procedure key. */
  readonly procedure: string;
}

export interface RoleAnswer {
  readonly agencies: readonly AgencyRecord[];
  /** Units of those agencies that do the work; empty: the agency as such. */
  readonly units: readonly UnitRecord[];
}

export type RoleResolver = (question: RoleQuestion) => RoleAnswer;

/**
 * Who plays a role for an area on a legal day (YYYY-MM-DD). The nearest area wins: an office for the ward before one for its district,
 * that before one for the city. An agency plays a role itself or through one of its units. Several agencies are answered only if they hold
 * the role for the same area. Made once per day, asked often.
 */
export function roleResolver(seed: Pick<Seed, "agencies" | "units">, day: string): RoleResolver {
  const agencies = seed.agencies.filter((agency) => isValidOn(agency, day)).map(({ record }) => record);
  const units = seed.units.filter((unit) => isValidOn(unit, day)).map(({ record }) => record);
  const byId = new Map(agencies.map((agency) => [agency.id, agency]));
  // Only committees have an area of their own, so on one day a code names one agency.
  const byArea = new Map(agencies.filter(({ areaCode }) => areaCode !== "").map((agency) => [agency.areaCode, agency]));
  const agencyHolders = holdersByRoleAndArea(agencies);
  const unitHolders = holdersByRoleAndArea(units);

  return ({ role, areaCode, procedure }) => {
    for (const area of areasAround(areaCode, byArea, byId)) {
      const units = holding(unitHolders, role, area, procedure);
      const throughUnits = units.map(({ agency }) => byId.get(agency)).filter((agency) => agency !== undefined);
      const found = [...new Set([...holding(agencyHolders, role, area, procedure), ...throughUnits])];
      if (found.length > 0) return { agencies: found, units: units.filter(({ agency }) => byId.has(agency)) };
    }
    return { agencies: [], units: [] };
  };
}

/** An area and those around it, nearest first. */
function areasAround(
  areaCode: string,
  byArea: ReadonlyMap<string, AgencyRecord>,
  byId: ReadonlyMap<string, AgencyRecord>,
): string[] {
  const areas: string[] = [];
  let agency = byArea.get(areaCode);
  while (agency && !areas.includes(agency.areaCode)) {
    areas.push(agency.areaCode);
    agency = byId.get(agency.parent);
  }
  return areas;
}

type Holders<T> = ReadonlyMap<string, readonly { readonly holder: T; readonly procedures: readonly string[] }[]>;

function holdersByRoleAndArea<T extends { readonly competences: readonly Competence[] }>(
  records: readonly T[],
): Holders<T> {
  const holders = new Map<string, { holder: T; procedures: readonly string[] }[]>();
  for (const holder of records) {
    for (const { role, areaCodes, procedures } of holder.competences) {
      for (const area of areaCodes) {
        const key = `${role}/${area}`;
        const entry = { holder, procedures };
        const entries = holders.get(key);
        if (entries) entries.push(entry);
        else holders.set(key, [entry]);
      }
    }
  }
  return holders;
}

function holding<T>(holders: Holders<T>, role: string, area: string, procedure: string): T[] {
  const entries = holders.get(`${role}/${area}`) ?? [];
  const competent = entries.filter(({ procedures }) => procedures.length === 0 || procedures.includes(procedure));
  return [...new Set(competent.map(({ holder }) => holder))];
}
