import type { Competence } from "@lienthong/contracts/registry/v1/record";
import { LAST_DISTRICT_DAY, REORGANISATION_DAY } from "./legal-days.ts";
import type { SourceAgency } from "./source-files.ts";

/**
 * Which agency of the data plays which role of procedures.json, and for which area.
 *
 * Area codes were used again by other wards on 1 July 2025, so a code says something only together with a day. Where a role is held at
 * several levels (a district's office, and the city's office behind it) the nearest area decides; see resolve-role.ts.
 *
 * Roles that are chosen per dossier are held by everybody who may be chosen: CONSULTED_AGENCIES and HOLDING_AGENCY by every department,
 * OTHER_WARD_PC and ANY_WARD_REGISTRAR_IN_PROVINCE by an office of every ward, for the whole city.
 *
 * Where the sources do not say which office of Hanoi plays a role, the nearest one they do name stands for it, for that procedure only:
 * SOCIAL_PROTECTION_AUTHORITY (Sở Y tế, as in 2.000286), CITY_PC_CULTURE (Sở Văn hóa và Thể thao), WARD_OR_DISTRICT_POLICE (police of the
 * ward, who register residence by 1.004222; the data has no district police). The notes of the routes say so.
 *
 * Roles of procedures.json that nobody holds, on purpose: APPLICANT, LINK_SOFTWARE and PROVINCIAL_SYSTEM (no offices); OFFICER, DIVISION,
 * DIVISION_LEADER, DEPT_ONE_STOP_HEAD and HOLDING_AGENCY_LEADER (parts of whichever agency acts: internal steps).
 */

/** Code of Hanoi in the general statistics list. */
export const CITY_AREA = "01";

/** Every ward committee, former and present. */
const wardRoles = [
  "WARD_ONE_STOP",
  "WARD_PC",
  "WARD_PC_CIVIL_STATUS",
  "WARD_CHAIR",
  "WARD_CULTURE_SOCIAL_DIVISION",
  "WARD_CLERK",
] as const;

/** Matters that the procedure texts of the two-level administration place at the ward. */
const wardRolesSince2025 = ["WARD_LAND_UNIT", "WARD_BUSINESS_REGISTRAR", "WARD_PC_CONSTRUCTION"] as const;

const districtRoles = ["DISTRICT_PC", "DISTRICT_ONE_STOP", "DISTRICT_LABOUR_DIVISION", "DISTRICT_CHAIR"] as const;

/** Roles for the whole city, by agency. */
const cityRoles: Readonly<Record<string, readonly string[]>> = {
  hn: ["CITY_PC", "PROVINCIAL_PC"],
  "hn-vp-ubnd": ["CITY_OFFICE_AND_CITY_PC"],
  "hn-ttpvhcc": ["ONE_STOP"],
  "hn-so-yt": ["DEPT_HEALTH"],
  "hn-so-nv": ["DEPT_HOME_AFFAIRS"],
  "hn-so-tp": ["DEPT_JUSTICE"],
  "hn-so-tc": ["DEPT_FINANCE"],
  "hn-so-dttg": ["DEPT_ETHNIC_RELIGION_LEADER"],
  "hn-congan": ["PROVINCIAL_POLICE", "POLICE"],
  "vn-bo-tp": ["MINISTRY_OF_JUSTICE"],
  // Behind the offices of the districts while those exist, and alone afterwards.
  "hn-bhxh": ["SOCIAL_INSURANCE", "DISTRICT_SOCIAL_INSURANCE"],
  "hn-vpdkdd": ["LAND_OFFICE_BRANCH"],
  "hn-thue-kv1": ["TAX_OFFICE"],
  "hn-thue": ["TAX_OFFICE"],
};

/** Roles for the whole city that an agency holds for some procedures only, by agency. */
const cityRolesForProcedures: Readonly<Record<string, readonly Competence[]>> = {
  "hn-so-yt": [competence("SOCIAL_PROTECTION_AUTHORITY", [CITY_AREA], ["death-group-2026"])],
  "hn-so-vhtt": [competence("CITY_PC_CULTURE", [CITY_AREA], ["karaoke-group"])],
};

/** What any department of today may be asked: an opinion, or a copy from a register that it keeps. */
const anyDepartment: readonly Competence[] = [
  competence("CONSULTED_AGENCIES", [CITY_AREA], ["construction-permit", "investment-policy"]),
  competence("HOLDING_AGENCY", [CITY_AREA], ["copy-original-register"]),
];

/** A competence for an area, for all procedures unless some are named. */
export function competence(role: string, areaCodes: readonly string[], procedures: readonly string[] = []): Competence {
  return { role, areaCodes: [...areaCodes], procedures: [...procedures] };
}

/** What an agency of the data is competent for. `areaOf` gives the area code of an agency by id. */
export function competencesOf(agency: SourceAgency, areaOf: (agencyId: string) => string): Competence[] {
  if (agency.level === "ward" && agency.gsoCode !== null) {
    const roles: string[] = [...wardRoles];
    if ((agency.validFrom ?? "") >= REORGANISATION_DAY) roles.push(...wardRolesSince2025);
    return roles.map((role) => competence(role, [agency.gsoCode!]));
  }
  if (agency.level === "district" && agency.gsoCode !== null && agency.validTo === LAST_DISTRICT_DAY) {
    return districtRoles.map((role) => competence(role, [agency.gsoCode!]));
  }
  if (agency.serves !== undefined) return [competence("TAX_OFFICE", agency.serves.map(areaOf))];
  return [
    ...(cityRoles[agency.id] ?? []).map((role) => competence(role, [CITY_AREA])),
    ...(cityRolesForProcedures[agency.id] ?? []),
    ...(agency.kind === "department" && agency.validTo === undefined ? anyDepartment : []),
  ];
}
