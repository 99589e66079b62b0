import { AgencyLevel } from "@lienthong/contracts/registry/v1/record";
import { competencesOf } from "./competences.ts";
import type { SeedAgency } from "./seed.ts";
import { type AgenciesFile, namedSource, type SourceAgency } from "./source-files.ts";

export const agencyLevels: Readonly<Record<SourceAgency["level"], AgencyLevel>> = {
  ward: AgencyLevel.AGENCY_LEVEL_WARD,
  district: AgencyLevel.AGENCY_LEVEL_DISTRICT,
  department: AgencyLevel.AGENCY_LEVEL_DEPARTMENT,
  province: AgencyLevel.AGENCY_LEVEL_PROVINCE,
  central: AgencyLevel.AGENCY_LEVEL_CENTRAL,
};

/** The agencies of data/agencies.json as records, in its order. What is null there stays empty here. */
export function realAgencies(file: AgenciesFile): SeedAgency[] {
  const byId = new Map(file.agencies.map((agency) => [agency.id, agency]));
  const areaOf = (id: string): string => byId.get(id)?.gsoCode ?? "";
  return file.agencies.map((agency) => {
    const inferredStart = inferredStartOf(agency, byId);
    return {
      record: {
        id: agency.id,
        name: { vi: agency.nameVi, en: agency.nameEn },
        level: agencyLevels[agency.level],
        kind: agency.kind,
        parent: agency.parent ?? "",
        identifierCode: agency.identifierCode ?? "",
        areaCode: agency.gsoCode ?? "",
        competences: competencesOf(agency, areaOf),
        source: namedSource(agency.source, file.sources),
        certain: agency.certain,
        note: noteOf(agency, inferredStart),
      },
      validFrom: agency.validFrom ?? inferredStart,
      validUntil: agency.validTo ?? "",
    };
  });
}

/**
 * First day of an office that the data gives no day for but that serves named wards: it cannot serve them before they exist. Without
 * this the code of a ward of 2025, which another ward had before, would already lead there in May 2025.
 */
function inferredStartOf(agency: SourceAgency, byId: ReadonlyMap<string, SourceAgency>): string {
  if (agency.validFrom !== undefined || agency.serves === undefined) return "";
  return agency.serves
    .map((id) => byId.get(id)?.validFrom ?? "")
    .sort()
    .at(-1)!;
}

function noteOf(agency: SourceAgency, inferredStart: string): string {
  const parts = agency.note === undefined ? [] : [agency.note];
  if (agency.formerDistricts) parts.push(`lies in the former districts ${agency.formerDistricts.join(", ")}`);
  if (agency.gsoCodeReusedFrom)
    parts.push(`area code ${agency.gsoCode} was that of ${agency.gsoCodeReusedFrom.id} before`);
  if (agency.seat) parts.push(`seat at ${agency.seat}`);
  if (inferredStart !== "") parts.push("start date inferred: the wards it serves exist since then");
  return parts.join("; ");
}
