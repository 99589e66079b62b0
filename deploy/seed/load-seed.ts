import { readdir, readFile } from "node:fs/promises";
import { formatRouteProblem, parseRouteFile } from "@lienthong/route";
import { calendarRecord } from "./calendar.ts";
import { checkSeed } from "./check-seed.ts";
import { derivedAgencies, derivedUnits } from "./derived-offices.ts";
import { procedures } from "./procedures.ts";
import { realAgencies } from "./real-agencies.ts";
import { type Seed, SeedDataError, type SeedRoute } from "./seed.ts";
import { readAgenciesFile, readCalendarFile, readProceduresFile } from "./source-files.ts";
import { successions } from "./successions.ts";

export { type RoleAnswer, type RoleQuestion, type RoleResolver, roleResolver } from "./resolve-role.ts";
export {
  type LegalDays,
  type Seed,
  type SeedAgency,
  SeedDataError,
  type SeedProcedure,
  type SeedRoute,
  type SeedSuccession,
  type SeedUnit,
} from "./seed.ts";

/**
 * Reads the data and route files of this folder and makes the records a registry of Hanoi begins with: agencies of the data first, in
 * its order, then the derived ones. Throws {@link SeedDataError} with every problem of the first stage that has any.
 */
export async function loadSeed(folder: URL = new URL("./", import.meta.url)): Promise<Seed> {
  const [agencies, procedureFile, calendar, routes] = await Promise.all([
    readAgenciesFile(folder),
    readProceduresFile(folder),
    readCalendarFile(folder),
    readRoutes(folder),
  ]);
  const seed: Seed = {
    agencies: [...realAgencies(agencies), ...derivedAgencies(agencies.agencies)],
    units: derivedUnits(agencies.agencies),
    successions: successions(agencies),
    procedures: procedures(procedureFile),
    routes,
    calendar: calendarRecord(calendar),
  };
  const problems = checkSeed(seed);
  if (problems.length > 0) throw new SeedDataError(problems);
  return seed;
}

async function readRoutes(folder: URL): Promise<SeedRoute[]> {
  const routesFolder = new URL("routes/", folder);
  const names = (await readdir(routesFolder)).filter((name) => name.endsWith(".yaml")).sort();
  const routes: SeedRoute[] = [];
  const problems: string[] = [];
  for (const name of names) {
    const parsed = parseRouteFile(await readFile(new URL(name, routesFolder), "utf8"), `routes/${name}`);
    if (parsed.ok) routes.push({ record: parsed.route });
    else problems.push(...parsed.problems.map(formatRouteProblem));
  }
  if (problems.length > 0) throw new SeedDataError(problems);
  // By id, older versions first, whatever the files are called.
  return routes.sort(
    ({ record: a }, { record: b }) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) || a.version - b.version,
  );
}
