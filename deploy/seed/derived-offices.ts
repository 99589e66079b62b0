import { AgencyLevel, type Competence } from "@lienthong/contracts/registry/v1/record";
import { CITY_AREA, competence } from "./competences.ts";
import { REORGANISATION_DAY } from "./legal-days.ts";
import type { LegalDays, SeedAgency, SeedUnit } from "./seed.ts";
import type { SourceAgency } from "./source-files.ts";

/**
 * Offices that the procedures need and the data does not list, derived from the committees it does list. Every one of them carries
 * `certain: false`, no identifier code, and a note that says why it is here; names follow the usual pattern of such offices. None has an
 * area code of its own: an area belongs to its committee, the office only covers it.
 */

interface Place {
  /** "phường Phúc Xá", "huyện Sóc Sơn". */
  readonly vi: string;
  /** "Phuc Xa Ward". */
  readonly en: string;
}

/** The place a committee is named after. */
export function placeOf(committee: SourceAgency): Place {
  const vi = /^Ủy ban nhân dân ((?:phường|xã|thị trấn|quận|huyện|thị xã) .+)$/.exec(committee.nameVi)?.[1];
  const en = /^People's Committee of (.+)$/.exec(committee.nameEn)?.[1];
  if (vi === undefined || en === undefined) {
    throw new Error(`${committee.id}: no place can be read from "${committee.nameVi}" / "${committee.nameEn}"`);
  }
  return { vi, en };
}

/** Id of the police of a ward: "hn-w-00004" has "hn-ca-w-00004". */
export function wardPoliceId(wardId: string): string {
  return `hn-ca-${wardId.slice("hn-".length)}`;
}

export function socialInsuranceOfficeId(districtId: string): string {
  return `hn-bhxh-${districtId.slice("hn-".length)}`;
}

export function landOfficeBranchId(districtId: string): string {
  return `hn-vpdkdd-${districtId.slice("hn-".length)}`;
}

interface AgencyRule {
  readonly rule: string;
  readonly id: (committeeId: string) => string;
  readonly vi: (place: Place) => string;
  readonly en: (place: Place) => string;
  readonly level: AgencyLevel;
  readonly kind: string;
  readonly parent: string;
  readonly roles: readonly string[];
  readonly note: string;
}

const wardAgencyRules: readonly AgencyRule[] = [
  {
    rule: "ward-police",
    id: wardPoliceId,
    vi: ({ vi }) => `Công an ${vi}`,
    en: ({ en }) => `Police of ${en}`,
    level: AgencyLevel.AGENCY_LEVEL_CENTRAL,
    kind: "ward-police",
    parent: "hn-congan",
    roles: ["WARD_POLICE_RESIDENCE", "WARD_POLICE", "WARD_OR_DISTRICT_POLICE"],
    note:
      "every ward has its police, who register residence (1.004222); not listed in the data, dates are those of the ward. " +
      "2.000986 names district police for urban districts, which the data does not have: the ward's answer there too",
  },
];

const districtAgencyRules: readonly AgencyRule[] = [
  {
    rule: "district-social-insurance",
    id: socialInsuranceOfficeId,
    vi: ({ vi }) => `Bảo hiểm xã hội ${vi}`,
    en: ({ en }) => `Social Security of ${en}`,
    level: AgencyLevel.AGENCY_LEVEL_CENTRAL,
    kind: "social-insurance-office",
    parent: "hn-bhxh",
    roles: ["SOCIAL_INSURANCE", "DISTRICT_SOCIAL_INSURANCE"],
    note:
      "2.000986 names the social insurance of the district; the offices are not listed in the data. " +
      "What followed them is not in the data, so from 2025-07-01 the city's office (hn-bhxh) answers",
  },
  {
    rule: "land-office-branch",
    id: landOfficeBranchId,
    vi: ({ vi }) => `Chi nhánh Văn phòng Đăng ký đất đai Hà Nội ${vi}`,
    en: ({ en }) => `Hanoi Land Registration Office, ${en} Branch`,
    level: AgencyLevel.AGENCY_LEVEL_DEPARTMENT,
    kind: "land-office-branch",
    parent: "hn-vpdkdd",
    roles: ["LAND_OFFICE_BRANCH"],
    note:
      "the data says that the office has branches and lists none; one per district is assumed. " +
      "What followed them is not in the data, so from 2025-07-01 the office itself (hn-vpdkdd) answers",
  },
];

interface UnitRule {
  readonly rule: string;
  readonly suffix: string;
  readonly vi: (place: Place) => string;
  readonly en: (place: Place) => string;
  readonly kind: string;
  readonly role: string;
  /** What it may be chosen for by anybody in the city, beside its role for its own area. */
  readonly cityWide?: Competence;
  readonly note: string;
}

/** The source of 1.001193 and 1.004873 lets a ward ask any other; the section that registers is the one that answers. */
const otherWard = competence("OTHER_WARD_PC", [CITY_AREA], ["birth", "marital-status"]);

const chairRule = (role: string): UnitRule => ({
  rule: "chair",
  suffix: "chu-tich",
  vi: ({ vi }) => `Chủ tịch UBND ${vi}`,
  en: ({ en }) => `Chair of the People's Committee of ${en}`,
  kind: "leadership",
  role,
  note: "the chair signs or decides in the procedure texts; an office, not a person",
});

const civilStatusRule: UnitRule = {
  rule: "ward-civil-status",
  suffix: "ho-tich",
  vi: ({ vi }) => `Bộ phận Tư pháp - Hộ tịch UBND ${vi}`,
  en: ({ en }) => `Civil status section, ${en}`,
  kind: "division",
  role: "WARD_PC_CIVIL_STATUS",
  cityWide: otherWard,
  note: "the procedure texts name the ward's civil-status officer (công chức tư pháp - hộ tịch)",
};

const formerWardUnitRules: readonly UnitRule[] = [
  {
    rule: "ward-one-stop-desk",
    suffix: "mot-cua",
    vi: ({ vi }) => `Bộ phận Một cửa UBND ${vi}`,
    en: ({ en }) => `One-stop desk of ${en}`,
    kind: "one-stop-desk",
    role: "WARD_ONE_STOP",
    note: "NĐ 61/2018/NĐ-CP has a one-stop desk at every ward",
  },
  civilStatusRule,
  {
    rule: "former-ward-culture-social",
    suffix: "vhxh",
    vi: ({ vi }) => `Bộ phận Văn hóa - Xã hội UBND ${vi}`,
    en: ({ en }) => `Culture and social affairs section, ${en}`,
    kind: "division",
    role: "WARD_CULTURE_SOCIAL_DIVISION",
    note: "before 2025-07-01 wards had an officer for culture and social affairs, not a division",
  },
  chairRule("WARD_CHAIR"),
];

const presentWardUnitRules: readonly UnitRule[] = [
  {
    rule: "ward-service-point",
    suffix: "mot-cua",
    vi: ({ vi }) => `Điểm Phục vụ hành chính công ${vi}`,
    en: ({ en }) => `Public administration service point of ${en}`,
    kind: "one-stop-desk",
    role: "WARD_ONE_STOP",
    // 1.001612: any ward registrar of the province receives.
    cityWide: competence("ANY_WARD_REGISTRAR_IN_PROVINCE", [CITY_AREA], ["household-business"]),
    note:
      "one of the 126 service points of the city's centre (hn-ttpvhcc) at wards; entered under the ward, whose committee solves what is " +
      "filed here; the point's own name was not seen",
  },
  civilStatusRule,
  {
    rule: "ward-culture-social-division",
    suffix: "vhxh",
    vi: ({ vi }) => `Phòng Văn hóa - Xã hội ${vi}`,
    en: ({ en }) => `Culture and social affairs division, ${en}`,
    kind: "division",
    role: "WARD_CULTURE_SOCIAL_DIVISION",
    note: "named as a role in 2.000286 (Cao Bằng); not seen for this ward",
  },
  chairRule("WARD_CHAIR"),
];

const districtUnitRules: readonly UnitRule[] = [
  {
    rule: "district-one-stop-desk",
    suffix: "mot-cua",
    vi: ({ vi }) => `Bộ phận Một cửa UBND ${vi}`,
    en: ({ en }) => `One-stop desk of ${en}`,
    kind: "one-stop-desk",
    role: "DISTRICT_ONE_STOP",
    note: "NĐ 61/2018/NĐ-CP has a one-stop desk at every district",
  },
  {
    rule: "district-labour-division",
    suffix: "ldtbxh",
    vi: ({ vi }) => `Phòng Lao động - Thương binh và Xã hội ${vi}`,
    en: ({ en }) => `Labour, Invalids and Social Affairs Division, ${en}`,
    kind: "division",
    role: "DISTRICT_LABOUR_DIVISION",
    note: "named in NĐ 20/2021/NĐ-CP article 8; in 2025 such divisions were being merged into Phòng Nội vụ, which was not seen for this district",
  },
  chairRule("DISTRICT_CHAIR"),
];

/** Ward police, district offices of social insurance and of land registration, a social assistance home, and the military. */
export function derivedAgencies(agencies: readonly SourceAgency[]): SeedAgency[] {
  const derived: SeedAgency[] = [];
  for (const committee of agencies) {
    const rules =
      committee.level === "ward" ? wardAgencyRules : committee.level === "district" ? districtAgencyRules : [];
    for (const rule of rules) derived.push(derivedAgency(rule, committee));
  }
  derived.push(socialHome, militaryCommand);
  return derived;
}

/** Desks, divisions and chairs of wards and districts, and the department desks that routes reach. */
export function derivedUnits(agencies: readonly SourceAgency[]): SeedUnit[] {
  const derived: SeedUnit[] = [];
  for (const committee of agencies) {
    for (const rule of unitRulesOf(committee)) derived.push(derivedUnit(rule, committee));
  }
  return [...derived, ...departmentDesks];
}

function unitRulesOf(committee: SourceAgency): readonly UnitRule[] {
  if (committee.level === "district") return districtUnitRules;
  if (committee.level !== "ward") return [];
  return (committee.validFrom ?? "") >= REORGANISATION_DAY ? presentWardUnitRules : formerWardUnitRules;
}

function daysOf(committee: SourceAgency): LegalDays {
  return { validFrom: committee.validFrom ?? "", validUntil: committee.validTo ?? "" };
}

function sourceOf(rule: string): string {
  return `derived by the rule "${rule}" of deploy/seed/derived-offices.ts`;
}

function derivedAgency(rule: AgencyRule, committee: SourceAgency): SeedAgency {
  const place = placeOf(committee);
  return {
    record: {
      id: rule.id(committee.id),
      name: { vi: rule.vi(place), en: rule.en(place) },
      level: rule.level,
      kind: rule.kind,
      parent: rule.parent,
      identifierCode: "",
      areaCode: "",
      competences: rule.roles.map((role) => competence(role, [committee.gsoCode!])),
      source: sourceOf(rule.rule),
      certain: false,
      note: rule.note,
    },
    ...daysOf(committee),
  };
}

function derivedUnit(rule: UnitRule, committee: SourceAgency): SeedUnit {
  const place = placeOf(committee);
  return {
    record: {
      id: `${committee.id}-${rule.suffix}`,
      agency: committee.id,
      name: { vi: rule.vi(place), en: rule.en(place) },
      kind: rule.kind,
      competences: [
        competence(rule.role, [committee.gsoCode!]),
        ...(rule.cityWide === undefined ? [] : [rule.cityWide]),
      ],
      source: sourceOf(rule.rule),
      certain: false,
      note: rule.note,
    },
    ...daysOf(committee),
  };
}

/** Day after the last day of the Department of Labour, whose homes and social protection went to the Department of Health. */
const SOCIAL_PROTECTION_MOVED_DAY = "2025-03-01";

const socialHome: SeedAgency = {
  record: {
    id: "hn-co-so-tgxh",
    name: { vi: "Cơ sở trợ giúp xã hội (thành phố Hà Nội)", en: "Social assistance home (Hanoi City)" },
    level: AgencyLevel.AGENCY_LEVEL_DEPARTMENT,
    kind: "social-assistance-home",
    parent: "hn-so-yt",
    identifierCode: "",
    areaCode: "",
    competences: [competence("SOCIAL_HOME", [CITY_AREA])],
    source: sourceOf("social-home"),
    certain: false,
    note:
      "2.000286 ends at a social assistance home; the homes of Hanoi are not in the data, so one stands here under a descriptive name. " +
      "Placed under the Department of Health, which takes part in 2.000286 in the text seen (Cao Bằng); for Hanoi not verified, nor is the start date",
  },
  validFrom: SOCIAL_PROTECTION_MOVED_DAY,
  validUntil: "",
};

const militaryCommand: SeedAgency = {
  record: {
    id: "hn-quan-su",
    name: { vi: "Cơ quan quân sự thành phố Hà Nội", en: "Military command of Hanoi City" },
    level: AgencyLevel.AGENCY_LEVEL_CENTRAL,
    kind: "military-command",
    parent: "",
    identifierCode: "",
    areaCode: "",
    competences: [competence("MILITARY_COMMAND", [CITY_AREA], ["investment-policy"])],
    source: sourceOf("military-command"),
    certain: false,
    note:
      "1.009645 asks the military where the matter touches them; no military office is in the data, so one stands here under a descriptive " +
      "name. It belongs to the Ministry of National Defence, which is not in the data either, so it has no parent",
  },
  validFrom: "",
  validUntil: "",
};

function departmentDesk(agency: string, vi: string, en: string, competences: Competence[], days: LegalDays): SeedUnit {
  return {
    record: {
      id: `${agency}-mot-cua`,
      agency,
      name: { vi: `Bộ phận Tiếp nhận và Trả kết quả ${vi}`, en: `One-stop desk of the ${en}` },
      kind: "one-stop-desk",
      competences,
      source: sourceOf("department-desk"),
      certain: false,
      note: "NĐ 61/2018/NĐ-CP article 19 clause 7: a file for a higher authority reaches it through that authority's desk; not seen in the data",
    },
    ...days,
  };
}

const departmentDesks: readonly SeedUnit[] = [
  departmentDesk(
    "hn-so-yt",
    "Sở Y tế",
    "Department of Health",
    [
      competence("DEPT_HEALTH", [CITY_AREA]),
      competence("DEPT_ONE_STOP", [CITY_AREA], ["social-home-admission", "social-allowance-3tier"]),
    ],
    { validFrom: "", validUntil: "" },
  ),
  departmentDesk(
    "hn-so-dttg",
    "Sở Dân tộc và Tôn giáo",
    "Department of Ethnic and Religious Affairs",
    [competence("DEPT_ONE_STOP", [CITY_AREA], ["religious-seat"])],
    { validFrom: "2025-03-01", validUntil: "" },
  ),
];
