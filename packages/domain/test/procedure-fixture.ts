import { EdgeKind, RouteRecord, StepClock, StepKind } from "@lienthong/contracts/registry/v1/route";
import { type CompiledRoute, compileRoute } from "@lienthong/route";
import type { Rulebook } from "../src/index.ts";

/** 32 bytes that stand for a registry entry's hash. */
export const entryHash = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

export const procedureEntry = entryHash(0x11);
export const calendarEntry = entryHash(0x44);
export const areaCode = "00004";
export const procedureKey = "test-procedure";

interface StepOptions {
  start?: boolean;
  end?: boolean;
  completionRequired?: boolean;
  joinsFork?: string;
  kind?: StepKind;
  /** Parts of the work inside the agency. */
  internal?: number;
}

interface EdgeOptions {
  fork?: string;
  optional?: boolean;
  back?: boolean;
  consult?: boolean;
  lead?: boolean;
}

const step = (id: string, role: string, { internal = 0, ...options }: StepOptions = {}) => ({
  id,
  role,
  name: { vi: id, en: "" },
  kind: StepKind.STEP_KIND_WORK,
  clock: StepClock.STEP_CLOCK_RUNNING,
  internalSteps: Array.from({ length: internal }, (_, index) => ({ name: { vi: `${id} ${index + 1}`, en: "" } })),
  ...options,
});

const opinion = { kind: StepKind.STEP_KIND_CONSULT };

const edge = (id: string, from: string, to: string, { back, consult, ...options }: EdgeOptions = {}) => ({
  id,
  from,
  to,
  kind: back ? EdgeKind.EDGE_KIND_BACK : consult ? EdgeKind.EDGE_KIND_CONSULT : EdgeKind.EDGE_KIND_FORWARD,
  ...options,
});

const route = (id: string, steps: ReturnType<typeof step>[], edges: ReturnType<typeof edge>[]): CompiledRoute =>
  compileRoute(
    RouteRecord.fromPartial({
      id,
      version: 1,
      procedure: procedureKey,
      name: { vi: id },
      steps,
      edges,
      composed: true,
      certain: false,
      source: "made for tests",
    }),
  );

/** Desk, department, desk. */
export const chainRoute = route(
  "chain",
  [step("receive", "DESK", { start: true }), step("appraise", "APPRAISER"), step("hand-back", "DESK", { end: true })],
  [edge("to-appraise", "receive", "appraise"), edge("to-hand-back", "appraise", "hand-back")],
);

/** Like the birth group: certify, then residence, insurance and (if chosen) an allowance beside each other, then the desk. */
export const groupRoute = route(
  "group",
  [
    step("receive", "DESK", { start: true }),
    step("certify", "CIVIL_STATUS", { completionRequired: true }),
    step("certify-opinion", "APPRAISER", opinion),
    step("residence", "POLICE", { internal: 2 }),
    step("residence-opinion", "CIVIL_STATUS", opinion),
    step("residence-check", "POLICE_OFFICE", { completionRequired: true }),
    step("insurance", "INSURANCE"),
    step("allowance", "ALLOWANCE"),
    step("collect", "CIVIL_STATUS", { joinsFork: "group" }),
    step("hand-back", "DESK", { end: true, completionRequired: true }),
  ],
  [
    edge("to-certify", "receive", "certify"),
    edge("send-back", "certify", "receive", { back: true }),
    edge("to-residence", "certify", "residence", { fork: "group" }),
    edge("to-insurance", "certify", "insurance", { fork: "group" }),
    edge("to-allowance", "certify", "allowance", { fork: "group", optional: true }),
    edge("ask-certify", "certify", "certify-opinion", { consult: true }),
    edge("ask-residence", "residence", "residence-opinion", { consult: true }),
    edge("to-check", "residence", "residence-check"),
    edge("recheck", "residence-check", "residence", { back: true }),
    edge("residence-done", "residence-check", "collect"),
    edge("insurance-done", "insurance", "collect"),
    edge("allowance-done", "allowance", "collect"),
    edge("collect-again", "collect", "certify", { back: true }),
    edge("to-hand-back", "collect", "hand-back"),
  ],
);

/** A fork inside a fork, an edge of the outer one straight to the joining step, and a forking step that is an end too. */
export const nestedRoute = route(
  "nested",
  [
    step("receive", "DESK", { start: true, end: true }),
    step("survey", "CIVIL_STATUS"),
    step("map", "POLICE"),
    step("soil", "INSURANCE"),
    step("survey-done", "CIVIL_STATUS", { joinsFork: "inner" }),
    step("tax", "ALLOWANCE"),
    step("gather", "DESK", { joinsFork: "outer", end: true }),
  ],
  [
    edge("to-survey", "receive", "survey", { fork: "outer" }),
    edge("to-tax", "receive", "tax", { fork: "outer" }),
    edge("straight", "receive", "gather", { fork: "outer", optional: true }),
    edge("to-map", "survey", "map", { fork: "inner" }),
    edge("to-soil", "survey", "soil", { fork: "inner", optional: true }),
    edge("map-done", "map", "survey-done"),
    edge("soil-done", "soil", "survey-done"),
    edge("survey-gathered", "survey-done", "gather"),
    edge("tax-gathered", "tax", "gather"),
    edge("gather-again", "gather", "receive", { back: true }),
  ],
);

/** Like a permit: opinions are asked, and asked in turn for others; the citizen pays; what cannot be appraised goes back. */
export const permitRoute = route(
  "permit",
  [
    step("receive", "DESK", { start: true }),
    step("appraise", "APPRAISER", { completionRequired: true, internal: 3 }),
    step("opinion", "ALLOWANCE", { ...opinion, completionRequired: true }),
    step("site-opinion", "POLICE", opinion),
    step("detail", "INSURANCE", opinion),
    step("pay", "DESK", { kind: StepKind.STEP_KIND_APPLICANT }),
    step("permit", "APPRAISER"),
    step("hand-back", "DESK", { end: true }),
  ],
  [
    edge("to-appraise", "receive", "appraise"),
    edge("ask-opinion", "appraise", "opinion", { consult: true, lead: true }),
    edge("ask-site", "appraise", "site-opinion", { consult: true }),
    edge("ask-detail", "opinion", "detail", { consult: true }),
    edge("send-back", "appraise", "receive", { back: true }),
    edge("to-pay", "appraise", "pay"),
    edge("to-permit", "pay", "permit"),
    edge("to-hand-back", "permit", "hand-back"),
  ],
);

export const routes = [
  { entry: entryHash(0x21), route: chainRoute },
  { entry: entryHash(0x22), route: groupRoute },
  { entry: entryHash(0x23), route: nestedRoute },
  { entry: entryHash(0x24), route: permitRoute },
] as const;

/** Agencies by role; some play several, so that a branch can go from an agency to itself. */
export const competent: Readonly<Record<string, readonly string[]>> = {
  DESK: ["ward-1", "ward-2"],
  CIVIL_STATUS: ["ward-1", "district-1"],
  APPRAISER: ["department-1", "department-2"],
  POLICE: ["police-1", "police-2"],
  POLICE_OFFICE: ["police-2", "district-1"],
  INSURANCE: ["insurance-1", "insurance-2", "ward-2"],
  ALLOWANCE: ["district-1", "department-1"],
};

export const agencies: readonly string[] = [...new Set(Object.values(competent).flat()), "stranger"];

/** Units, by the agency they belong to. */
export const units: Readonly<Record<string, string>> = {
  "ward-1-desk": "ward-1",
  "police-1-counter": "police-1",
  "police-1-records": "police-1",
};

/** A registry on one day; `ceased` names agencies and units that are no longer in force. */
export function rulebook(ceased: ReadonlySet<string> = new Set(), shardClosed = false): Rulebook {
  const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
  return {
    shardClosed,
    procedureKey: (entry) => (same(entry, procedureEntry) ? procedureKey : undefined),
    route: (entry) => routes.find((known) => same(known.entry, entry))?.route,
    hasCalendar: (entry) => same(entry, calendarEntry),
    agencyStatus: (agency) =>
      !agencies.includes(agency) ? "unknown" : ceased.has(agency) ? "not in force" : "in force",
    unitStatus: (unit, agency) => (units[unit] !== agency ? "unknown" : ceased.has(unit) ? "not in force" : "in force"),
    areaExists: (code) => code === areaCode,
    competentAgencies: ({ role }) => (competent[role] ?? []).filter((agency) => !ceased.has(agency)),
    isCompetent: ({ agency, role }) => !ceased.has(agency) && (competent[role]?.includes(agency) ?? false),
  };
}
