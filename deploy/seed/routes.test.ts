import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Limit } from "@lienthong/contracts/registry/v1/envelope";
import { type RouteRecord, StepClock, StepKind } from "@lienthong/contracts/registry/v1/route";
import {
  checkRoute,
  compileRoute,
  drawRoute,
  explainRoute,
  formatRouteProblem,
  parseRouteFile,
} from "@lienthong/route";
import { describe, expect, test } from "vitest";
import { isValidOn } from "./legal-days.ts";
import { loadSeed, roleResolver } from "./load-seed.ts";

const THREE_LEVELS = "2025-05-05";
const TWO_LEVELS = "2026-05-05";
const here = new URL("./", import.meta.url);
const seed = await loadSeed();
const data: { procedures: SourceProcedure[] } = JSON.parse(
  await readFile(new URL("data/procedures.json", here), "utf8"),
);
const routes = new Map(seed.routes.map(({ record }) => [record.id, record]));
const resolvers = new Map([THREE_LEVELS, TWO_LEVELS].map((day) => [day, roleResolver(seed, day)]));

interface SourceProcedure {
  readonly key: string;
  readonly steps: readonly unknown[];
}

/** Roles of which one is chosen per dossier: any department, any ward. */
const chosenPerDossier = new Set([
  "CONSULTED_AGENCIES",
  "HOLDING_AGENCY",
  "OTHER_WARD_PC",
  "ANY_WARD_REGISTRAR_IN_PROVINCE",
]);

/**
 * Each route on a legal day in the area of a ward, and who plays its steps, in the order of the file: Trúc Bạch before the reorganisation,
 * Cầu Giấy after it. "any:" is one of several.
 */
const travelled: readonly (readonly [string, string, string, readonly string[]])[] = [
  ["adoption-foreign", TWO_LEVELS, "00166", ["hn-so-tp", "hn-congan", "hn-w-00166", "vn-bo-tp", "hn", "hn-so-tp"]],
  ["birth", TWO_LEVELS, "00166", ["hn-ttpvhcc", "hn-w-00166", "any:hn-w-00004"]],
  ["birth-bhyt-paper", THREE_LEVELS, "00004", ["hn-wold-00004", "hn-bhxh-d-001", "hn-wold-00004"]],
  ["birth-group", THREE_LEVELS, "00004", ["hn-wold-00004", "hn-ca-wold-00004", "hn-bhxh-d-001", "hn-wold-00004"]],
  ["birth-group-paper", THREE_LEVELS, "00004", ["hn-wold-00004", "hn-ca-wold-00004", "hn-bhxh-d-001", "hn-wold-00004"]],
  ["civil-extract", THREE_LEVELS, "00004", ["hn-so-tp"]],
  ["construction-permit", TWO_LEVELS, "00166", ["hn-w-00166", "any:hn-so-xd"]],
  ["copy-original-register", TWO_LEVELS, "00166", ["hn-ttpvhcc", "any:hn-so-tp", "hn-ttpvhcc"]],
  ["death", TWO_LEVELS, "00166", ["hn-ttpvhcc", "hn-w-00166"]],
  ["death-group-2026", TWO_LEVELS, "00166", ["hn-w-00166", "hn-ca-w-00166", "hn-so-yt", "hn-bhxh", "hn-w-00166"]],
  ["funeral-allowance-3tier", THREE_LEVELS, "00004", ["hn-wold-00004", "hn-d-001", "hn-wold-00004"]],
  ["household-business", TWO_LEVELS, "00166", ["any:hn-w-00004", "hn-w-00166", "hn-thue-cs5"]],
  [
    "investment-policy",
    TWO_LEVELS,
    "00166",
    [
      "hn-w-00166",
      "hn-ttpvhcc",
      "hn-so-tc",
      "any:hn-so-qhkt",
      "hn-w-00166",
      "hn-congan",
      "hn-quan-su",
      "hn",
      "hn-ttpvhcc",
      "hn-w-00166",
    ],
  ],
  ["karaoke-group", TWO_LEVELS, "00166", ["hn-ttpvhcc", "hn-w-00166", "hn-congan", "hn-so-vhtt"]],
  ["land-allocation-ward", TWO_LEVELS, "00166", ["hn-w-00166", "hn-vpdkdd", "hn-thue-cs5", "hn-vpdkdd", "hn-w-00166"]],
  [
    "land-change-transfer",
    TWO_LEVELS,
    "00166",
    ["hn-w-00166", "hn-vpdkdd", "hn-thue-cs5", "hn-w-00166", "hn-vpdkdd", "hn-w-00166"],
  ],
  [
    "land-first-registration-gcn",
    TWO_LEVELS,
    "00166",
    ["hn-w-00166", "hn-vpdkdd", "hn-thue-cs5", "hn-w-00166", "hn-vpdkdd", "hn-w-00166"],
  ],
  ["land-security", THREE_LEVELS, "00004", ["hn-ttpvhcc", "hn-vpdkdd-d-001", "hn-ttpvhcc"]],
  ["marital-status", THREE_LEVELS, "00004", ["hn-wold-00004", "any:hn-wold-00001"]],
  ["religious-seat", TWO_LEVELS, "00166", ["hn-so-dttg", "hn-vp-ubnd", "hn-so-dttg"]],
  ["residence", TWO_LEVELS, "00166", ["hn-ca-w-00166"]],
  ["residence-removal", TWO_LEVELS, "00166", ["hn-ca-w-00166"]],
  ["social-allowance", THREE_LEVELS, "00004", ["hn-wold-00004", "hn-d-001", "hn-so-yt", "hn-d-001", "hn-wold-00004"]],
  ["social-home-admission", THREE_LEVELS, "00004", ["hn-wold-00004", "hn-so-yt", "hn-co-so-tgxh", "hn-wold-00004"]],
  ["social-housing-condition", TWO_LEVELS, "00166", ["hn-ttpvhcc", "hn-vpdkdd", "hn-w-00166", "hn-ca-w-00166"]],
];

function wardsOn(day: string): string[] {
  return seed.agencies
    .filter((agency) => agency.record.level === 1 && agency.record.areaCode !== "" && isValidOn(agency, day))
    .map(({ record }) => record.areaCode);
}

function holdersOf(route: RouteRecord, day: string, areaCode: string): Map<string, string[]> {
  const resolve = resolvers.get(day)!;
  return new Map(
    route.steps.map(({ id, role }) => [
      id,
      resolve({ role, areaCode, procedure: route.procedure }).agencies.map((agency) => agency.id),
    ]),
  );
}

describe("the routes of the seed", () => {
  test("are one for each procedure whose steps are known, and none for the others", () => {
    const served = seed.routes.map(({ record }) => record.procedure).sort();
    const known = data.procedures.filter(({ steps }) => steps.length > 0).map(({ key }) => key);
    expect(served).toEqual(known.sort());
    expect(data.procedures.filter(({ steps }) => steps.length === 0).map(({ key }) => key)).toEqual([
      "birth-group-2026",
      "death-group-nd63",
      "land-debt-removal",
      "household-business-change",
      "adoption-domestic",
    ]);
    expect(travelled.map(([id]) => id)).toEqual([...routes.keys()]);
  });

  test.each(travelled)("%s resolves on %s in area %s, step by step", (id, day, area, expected) => {
    const route = routes.get(id)!;
    const holders = holdersOf(route, day, area);
    expect(route.steps).toHaveLength(expected.length);
    for (const [at, { id: step, role }] of route.steps.entries()) {
      const found = holders.get(step)!;
      const wanted = expected[at]!;
      if (wanted.startsWith("any:")) {
        expect(chosenPerDossier).toContain(role);
        expect(found).toContain(wanted.slice("any:".length));
      } else expect(found).toEqual([wanted]);
    }
  });

  test.each(travelled)(
    "%s resolves on %s for every other ward too, each role to one agency unless it is chosen, and each edge between two",
    (id, day) => {
      const route = routes.get(id)!;
      for (const area of wardsOn(day)) {
        const holders = holdersOf(route, day, area);
        for (const { id: step, role } of route.steps) {
          const found = holders.get(step)!;
          if (chosenPerDossier.has(role)) expect(found.length).toBeGreaterThan(1);
          else expect(found).toHaveLength(1);
        }
        for (const { from, to } of route.edges) {
          const pairs = holders.get(from)!.flatMap((a) => holders.get(to)!.map((b) => a !== b));
          expect(pairs).toContain(true);
        }
      }
    },
    60_000,
  );

  test("resolve on 5 May 2025 as well, but for those whose offices the wards have only since 1 July, and the reverse", () => {
    const unresolved = (day: string, area: string) =>
      [...routes.values()]
        .filter((route) => [...holdersOf(route, day, area).values()].some((found) => found.length === 0))
        .map(({ id }) => id);
    expect(unresolved(THREE_LEVELS, "00004")).toEqual([
      "household-business",
      "karaoke-group",
      "land-first-registration-gcn",
    ]);
    expect(unresolved(TWO_LEVELS, "00166")).toEqual(["funeral-allowance-3tier", "social-allowance"]);
  });

  test.each([...routes])("%s can be travelled, told and drawn in both languages", (_id, route) => {
    expect(checkRoute(route)).toEqual([]);
    expect(compileRoute(route).startSteps.length).toBeGreaterThanOrEqual(1);
    for (const [locale, first] of [
      ["vi", "Bước 1."],
      ["en", "Step 1."],
    ] as const) {
      const text = explainRoute(route, locale);
      expect(text).toContain(first);
      // A role without a name would be told by its code alone.
      for (const { role } of route.steps) expect(text).toContain(`[${role}]`);
      expect(drawRoute(route, locale)).toContain("</svg>");
    }
    for (const name of [
      route.name,
      ...route.steps.flatMap((step) => [step.name, ...step.internalSteps.map((part) => part.name)]),
    ]) {
      expect(name?.vi).toMatch(/\S/);
      expect(name?.en).toMatch(/\S/);
    }
    expect(route.source).toMatch(/\S/);
    if (!route.certain || route.composed) expect(route.note).toMatch(/\S/);
  });

  test.each([...routes])("%s has no time that its source does not have", (id, route) => {
    const told = new Set<string>();
    const collect = (value: unknown): void => {
      if (Array.isArray(value)) for (const item of value) collect(item);
      if (typeof value !== "object" || value === null) return;
      const { value: number, unit, does } = value as { value?: unknown; unit?: unknown; does?: unknown };
      if (typeof number === "number")
        told.add(`${Math.round(number * 100)} ${unitNumbers[unit as keyof typeof unitNumbers]}`);
      // "assign 1, appraise 6, review 1": shares of a step, in its unit.
      if (typeof does === "string")
        for (const [share] of does.matchAll(/\d+(?:\.\d+)?/g)) told.add(`${Math.round(Number(share) * 100)} 3`);
      for (const inner of Object.values(value)) collect(inner);
    };
    collect(data.procedures.find(({ key }) => key === route.procedure));
    // Printed in the note of its total: "two appointments of 10 + 5 days in Đồng Tháp".
    if (id === "land-allocation-ward") for (const span of ["1000 4", "500 4"]) told.add(span);
    told.add("0 3");
    const isTold = (limit: Limit | undefined) => limit === undefined || told.has(`${limit.hundredths} ${limit.unit}`);
    for (const appointment of route.appointments) expect(isTold(appointment.limit)).toBe(true);
    for (const step of route.steps) {
      // Taken from another procedure, as its note says, and outside the total.
      if (id === "social-allowance" && step.id === "department-opinion") continue;
      const parts = step.internalSteps.map(({ limit }) => limit);
      const sum = parts.reduce((total, limit) => total + (limit?.hundredths ?? 0), 0);
      expect(isTold(step.limit) || step.limit?.hundredths === sum, `${step.id}: ${step.limit?.hundredths}`).toBe(true);
      for (const limit of [step.limitIfVerified, step.publicPosting, ...parts]) expect(isTold(limit)).toBe(true);
    }
    if (route.total === undefined) expect(["adoption-foreign", "death-group-2026"]).toContain(id);
  });

  test.each([
    ["land-change-transfer", 800],
    ["land-first-registration-gcn", 2_000],
    ["karaoke-group", 1_600],
    ["investment-policy", 1_700],
    ["religious-seat", 3_000],
    ["social-home-admission", 2_500],
    ["social-allowance", 2_000],
    ["funeral-allowance-3tier", 500],
  ])("%s keeps the total of its source: its own steps sum up to it", (id, hundredths) => {
    const { steps, total } = routes.get(id)!;
    const counted = steps.filter(
      ({ clock, kind }) => clock === StepClock.STEP_CLOCK_RUNNING && kind !== StepKind.STEP_KIND_CONSULT,
    );
    expect(counted.reduce((sum, { limit }) => sum + (limit?.hundredths ?? 0), 0)).toBe(hundredths);
    expect(total?.hundredths).toBe(hundredths);
  });

  test("keep what is special: two clocks, a holder while the citizen pays, deemed consent, choices, handoff rules", () => {
    const step = (route: string, id: string) => routes.get(route)!.steps.find((each) => each.id === id)!;
    expect(step("land-change-transfer", "tax").clock).toBe(StepClock.STEP_CLOCK_OUTSIDE);
    expect(step("land-change-transfer", "payment")).toMatchObject({
      kind: StepKind.STEP_KIND_APPLICANT,
      clock: StepClock.STEP_CLOCK_PAUSED,
      role: "WARD_ONE_STOP",
    });
    expect(routes.get("land-change-transfer")!.appointments.map(({ limit }) => limit?.hundredths)).toEqual([500, 300]);
    expect(step("construction-permit", "opinions")).toMatchObject({
      deemedConsent: true,
      limit: { hundredths: 1_200 },
    });
    expect(routes.get("death-group-2026")!.edges.filter(({ optional }) => optional)).toHaveLength(2);
    expect(routes.get("birth-group")!.handoffRules).toMatchObject({
      syncAfterCompletion: { hundredths: 1_000, unit: 1 },
      receiptStatusWithin: { hundredths: 200, unit: 2 },
    });
  });

  test("the example of docs/routes.md is the birth group as it stands here, and its table and picture are of today", async () => {
    const page = await readFile(new URL("../../docs/routes.md", here), "utf8");
    const example = /```yaml\n(id: birth-group\n[\s\S]*?)```/.exec(page)?.[1];
    const parsed = parseRouteFile(example ?? "", "docs/routes.md");
    if (!parsed.ok) throw new Error(parsed.problems.map(formatRouteProblem).join("\n"));
    expect(parsed.route).toEqual(routes.get("birth-group"));
    for (const { id, certain } of routes.values()) {
      expect(page).toMatch(new RegExp(`^\\| \\[${id}\\]\\(.*\\| ${certain ? "yes" : "no"} +\\|$`, "m"));
    }
    const picture = await readFile(new URL("../../docs/pictures/land-change-transfer.svg", here), "utf8");
    expect(picture).toBe(drawRoute(routes.get("land-change-transfer")!, "vi"));
  });
});

const unitNumbers = { minute: 1, working_hour: 2, working_day: 3, calendar_day: 4 } as const;

test("two versions of a route stand side by side, the older first, each with its own limits", async () => {
  const folder = await mkdtemp(join(tmpdir(), "seed-"));
  try {
    for (const part of ["data", "routes"]) await cp(new URL(part, here), join(folder, part), { recursive: true });
    const text = await readFile(join(folder, "routes/residence.yaml"), "utf8");
    const later = text.replace("version: 1", "version: 2").replaceAll("value: 7", "value: 5");
    // A name that sorts before the older file's.
    await writeFile(join(folder, "routes/a-residence-later.yaml"), later);
    expect(await readdir(join(folder, "routes"))).toHaveLength(seed.routes.length + 1);
    const both = await loadSeed(pathToFileURL(`${folder}/`));
    const versions = both.routes.map(({ record }) => record).filter(({ id }) => id === "residence");
    expect(versions.map(({ version, total }) => [version, total?.hundredths])).toEqual([
      [1, 700],
      [2, 500],
    ]);
    expect(new Set(versions.map(({ procedure }) => procedure)).size).toBe(1);
  } finally {
    await rm(folder, { recursive: true });
  }
});
