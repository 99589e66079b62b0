import { SuccessionShare, type Successor } from "@lienthong/contracts/registry/v1/record";
import { CITY_AREA } from "./competences.ts";
import { landOfficeBranchId, socialInsuranceOfficeId, wardPoliceId } from "./derived-offices.ts";
import { dayAfter } from "./legal-days.ts";
import type { SeedSuccession } from "./seed.ts";
import { type AgenciesFile, namedSource, type SourceAgency } from "./source-files.ts";

const shares = {
  whole: SuccessionShare.SUCCESSION_SHARE_WHOLE,
  part: SuccessionShare.SUCCESSION_SHARE_PART,
  remainder: SuccessionShare.SUCCESSION_SHARE_REMAINDER,
} as const;

/**
 * Who follows each agency that ended.
 *
 * An area code is given only where a successor takes the whole area: a ward that was split had one code, and which successor answers for
 * a dossier then depends on the address, which only people can judge.
 */
export function successions(file: AgenciesFile): SeedSuccession[] {
  const byId = new Map(file.agencies.map((agency) => [agency.id, agency]));
  const ended = file.agencies.filter((agency) => agency.successors !== undefined && agency.validTo !== undefined);
  const formerWards = ended.filter((agency) => agency.level === "ward");
  return [
    ...ended.map((agency) =>
      succession(agency, agency.id, successorsOf(agency, byId), namedSource(agency.source, file.sources)),
    ),
    ...formerWards.map((ward) =>
      succession(
        ward,
        wardPoliceId(ward.id),
        successorsOf(ward, byId).map((successor) => ({ ...successor, agency: wardPoliceId(successor.agency) })),
        "derived: the police of a ward follow the ward (deploy/seed/successions.ts)",
      ),
    ),
    ...file.agencies
      .filter((agency) => agency.level === "district" && agency.validTo !== undefined)
      .flatMap((district) => districtSuccessions(district, formerWards, byId)),
  ];
}

function succession(ended: SourceAgency, agency: string, successors: Successor[], source: string): SeedSuccession {
  return { record: { agency, successors, source }, validFrom: dayAfter(ended.validTo!) };
}

function successorsOf(ended: SourceAgency, byId: ReadonlyMap<string, SourceAgency>): Successor[] {
  return ended.successors!.map((id) => {
    const share = byId.get(id)?.predecessors?.find((predecessor) => predecessor.id === ended.id)?.share;
    // Without a stated share a successor takes what lies in Hanoi (the former regional tax office served another province as well).
    const areaCodes = share === undefined ? [CITY_AREA] : share === "whole" ? [ended.gsoCode ?? CITY_AREA] : [];
    return { agency: id, share: shares[share ?? "part"], areaCodes, procedures: [] };
  });
}

function districtSuccessions(
  district: SourceAgency,
  formerWards: readonly SourceAgency[],
  byId: ReadonlyMap<string, SourceAgency>,
): SeedSuccession[] {
  const wholeWards = new Map<string, string[]>();
  for (const ward of formerWards.filter(({ parent }) => parent === district.id)) {
    for (const { agency, areaCodes } of successorsOf(ward, byId)) {
      wholeWards.set(agency, [...(wholeWards.get(agency) ?? []), ...areaCodes]);
    }
  }
  const wards = [...wholeWards].sort().map(([agency, areaCodes]) => ({
    agency,
    share: SuccessionShare.SUCCESSION_SHARE_PART,
    areaCodes,
    procedures: [],
  }));
  const whole = (agency: string): Successor[] => [
    { agency, share: SuccessionShare.SUCCESSION_SHARE_WHOLE, areaCodes: [district.gsoCode!], procedures: [] },
  ];
  const derived = (what: string) => `derived: ${what} (deploy/seed/successions.ts)`;
  return [
    succession(
      district,
      district.id,
      wards,
      derived(
        "NĐ 140/2025/NĐ-CP Điều 32 khoản 2 gives a district's open dossiers to the ward where the person lives; wards by NQ 1656/NQ-UBTVQH15. Codes of former wards that lie in one ward only",
      ),
    ),
    succession(
      district,
      socialInsuranceOfficeId(district.id),
      whole("hn-bhxh"),
      derived("the city's office answers after the district's"),
    ),
    succession(
      district,
      landOfficeBranchId(district.id),
      whole("hn-vpdkdd"),
      derived("the office itself answers after its branch"),
    ),
  ];
}
