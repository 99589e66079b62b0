import { readdirSync, readFileSync } from "node:fs";
import { localDateOfMs } from "@lienthong/chassis/timestamp";
import type { CalendarRecord } from "@lienthong/contracts/registry/v1/record";
import { type CompiledRoute, compileRoute, parseRouteFile } from "@lienthong/route";
import { SCENARIO_START_MS } from "../src/index.ts";
import { playedProcedures } from "../src/played-procedures.ts";
import type { PlannedProcedure, PlanOptions } from "../src/scenario-plan.ts";
import { workingCalendar } from "../src/working-calendar.ts";

/** Milliseconds of a local time of Hanoi, "YYYY-MM-DDTHH:MM". */
export function instant(local: string): number {
  return Date.parse(`${local}:00+07:00`);
}

const name = { vi: "Ngày nghỉ", en: "Day off" };

/** Hanoi's calendar of spring 2025. */
export const hanoiCalendar: CalendarRecord = {
  id: "vn-state",
  version: "2025",
  timeZone: "Asia/Ho_Chi_Minh",
  utcOffsetMinutes: 420,
  restWeekdays: [6, 7],
  daysOff: ["2025-04-07", "2025-04-30", "2025-05-01", "2025-05-02"].map((date) => ({ date, name, certain: true })),
  daysWorked: [{ date: "2025-04-26", name, certain: true }],
  officeHours: [
    { startMinute: 8 * 60, endMinute: 12 * 60, certain: true },
    { startMinute: 13 * 60, endMinute: 17 * 60, certain: true },
  ],
  source: "",
};

const routesFolder = new URL("../../../deploy/seed/routes/", import.meta.url);

let compiled: Map<string, CompiledRoute> | null = null;

/** The routes of the seed, by procedure; read once. */
export function seedRoutes(): Map<string, CompiledRoute> {
  compiled ??= readRoutes();
  return compiled;
}

function readRoutes(): Map<string, CompiledRoute> {
  const routes = readdirSync(routesFolder).map((file) => {
    const parsed = parseRouteFile(readFileSync(new URL(file, routesFolder), "utf8"), file);
    if (!parsed.ok) throw new Error(`${file} cannot be used.`);
    return compileRoute(parsed.route);
  });
  return new Map(routes.map((route) => [route.procedure, route]));
}

/** The procedures that are played, with the seed's routes. */
export function seedProcedures(): PlannedProcedure[] {
  const routes = seedRoutes();
  return playedProcedures.map((habits) => {
    const route = routes.get(habits.key);
    if (route === undefined) throw new Error(`The seed has no route for ${habits.key}.`);
    return { ...habits, route };
  });
}

/** Options of a plan over the seed's routes and a few wards. */
export function planOptions(seed: number, dossiers: number): PlanOptions {
  return {
    seed,
    dossiers,
    openRatio: 0.06,
    wards: ["00001", "00004", "00007"].map((areaCode) => ({ agency: `hn-wold-${areaCode}`, areaCode })),
    procedures: seedProcedures(),
    calendar: workingCalendar(hanoiCalendar),
    startMs: SCENARIO_START_MS,
    localDate: localDateOfMs,
  };
}
