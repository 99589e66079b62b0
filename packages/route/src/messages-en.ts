import { type Limit, TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import type { Messages } from "./messages.ts";

const units: ReadonlyMap<TimeUnit, readonly [string, string]> = new Map([
  [TimeUnit.TIME_UNIT_MINUTE, ["minute", "minutes"]],
  [TimeUnit.TIME_UNIT_WORKING_HOUR, ["working hour", "working hours"]],
  [TimeUnit.TIME_UNIT_WORKING_DAY, ["working day", "working days"]],
  [TimeUnit.TIME_UNIT_CALENDAR_DAY, ["calendar day", "calendar days"]],
] as const);

function span(limit: Limit): string {
  if (limit.hundredths === 0) return "at once";
  const [one, many] = units.get(limit.unit) ?? ["unit", "units"];
  return `${limit.hundredths / 100} ${limit.hundredths === 100 ? one : many}`;
}

export const messagesEn: Messages = {
  roles: {
    ONE_STOP: "one-stop desk",
    WARD_ONE_STOP: "ward one-stop desk",
    DISTRICT_ONE_STOP: "district one-stop desk",
    DEPT_ONE_STOP: "department one-stop desk",
    WARD_PC: "ward People's Committee",
    WARD_PC_CIVIL_STATUS: "ward civil-status officer",
    WARD_CHAIR: "chair of the ward People's Committee",
    WARD_CULTURE_SOCIAL_DIVISION: "ward culture and social affairs division",
    WARD_POLICE_RESIDENCE: "ward police (residence)",
    WARD_LAND_UNIT: "ward land unit",
    WARD_BUSINESS_REGISTRAR: "ward business registrar",
    DISTRICT_LABOUR_DIVISION: "district labour division",
    DISTRICT_CHAIR: "chair of the district People's Committee",
    SOCIAL_INSURANCE: "social insurance office",
    LAND_OFFICE_BRANCH: "land registration office or branch",
    TAX_OFFICE: "tax office",
    DEPT_HEALTH: "Department of Health",
    DEPT_HOME_AFFAIRS: "Department of Home Affairs",
    DEPT_JUSTICE: "Department of Justice",
    DEPT_FINANCE: "Department of Finance",
    SOCIAL_HOME: "social assistance home",
    CITY_PC: "city People's Committee",
    CONSULTED_AGENCIES: "consulted agencies",
    APPLICANT: "applicant",
  },
  route: (name, id, version, procedure) => `Route: ${name} (${id}, version ${version}), procedure ${procedure}.`,
  composed: "Put together from several sources; no single text shows it whole.",
  uncertain: "Parts of it were inferred.",
  total: (limit) => `Overall limit: ${limit}.`,
  appointment: (number, limit, meaning) =>
    `Appointment ${number}: ${limit}${meaning === "" ? "" : ` (note: "${meaning}")`}.`,
  syncRule: (limit) => `After a step is finished the next system has it within ${limit}.`,
  receiptRule: (limit) => `The receiver reports receipt within ${limit}.`,
  limit: span,
  limitNote: (note) => ` (note: "${note}")`,
  step: (number, name) => `Step ${number}. ${name}`,
  stepReference: (number, name) => `step ${number} (${name})`,
  who: (role, kind) =>
    kind === "consult"
      ? `Asked for an opinion: ${role}.`
      : kind === "applicant"
        ? `The applicant acts; held meanwhile by: ${role}.`
        : `Done by: ${role}.`,
  opensHere: "A dossier may open here.",
  joins: (fork) => `Waits for every branch of the fork "${fork}" and joins them.`,
  timeGranted: (limit) => `Time granted: ${limit}.`,
  timeUnknown: "Time granted: not known.",
  timeIfVerified: (limit) => `If facts must be verified: ${limit}.`,
  posting: (limit) => `Public posting inside this time: ${limit}.`,
  clockOutside: "This time runs under another law and does not count against the overall limit.",
  clockPaused: "The clock stands still meanwhile.",
  deemedConsent: "Silence beyond the limit counts as agreement.",
  internalTitle: "Inside the agency:",
  internal: (name, limit) => (limit === undefined ? name : `${name}: ${limit}`),
  completionRequired: "The step must be completed before the dossier moves on.",
  next: (step) => `Then goes on to ${step}.`,
  forks: (fork) => `Then forks ("${fork}"), at the same time to:`,
  branch: (step, optional, lead) => `${step}${lead ? ", which leads" : ""}${optional ? ", if chosen" : ""}`,
  back: (step) => `May go back to ${step}.`,
  consult: (step) => `May ask an opinion: ${step}.`,
  copies: (roles) => `The result also goes to: ${roles}.`,
  ends: "The result is returned to the citizen here.",
};
