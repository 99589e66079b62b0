import { timestampFromIso, timestampToMs } from "@lienthong/chassis/timestamp";
import { AgencyLevel } from "@lienthong/contracts/registry/v1/record";
import { type CompiledRoute, compileRoute } from "@lienthong/route";
import { type PlayScenarioOptions, ScenarioError } from "./play-options.ts";
import { type ProcedureHabits, playedProcedures } from "./played-procedures.ts";
import type { RoleBook } from "./role-book.ts";
import type { PlannedWard } from "./scenario-plan.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Monday 5 May 2025, 08:00: the first office hour of a week in which districts still exist. */
export const SCENARIO_START_MS = timestampToMs(timestampFromIso("2025-05-05T08:00:00+07:00"));
/** Legal day of the start, on which roles are resolved. */
export const SCENARIO_START_DATE = "2025-05-05";
/** Last office hour of the districts (they ended on 30 June 2025); by then everything is over that is not left open on purpose. */
export const SCENARIO_END_MS = timestampToMs(timestampFromIso("2025-06-30T17:00:00+07:00"));

/** A procedure with what `open` pins. */
export interface PinnedProcedure extends ProcedureHabits {
  readonly route: CompiledRoute;
  readonly name: { readonly vi: string; readonly en: string };
  readonly procedureEntry: Uint8Array;
  readonly routeEntry: Uint8Array;
  readonly calendarEntry: Uint8Array;
}

/** The procedures of the play, with their routes as the registry has them. */
export function pinnedProcedures(registry: PlayScenarioOptions["registry"]): Promise<PinnedProcedure[]> {
  return Promise.all(
    playedProcedures.map(async (habits): Promise<PinnedProcedure> => {
      const { key } = habits;
      const { procedure, entry, routes, calendarEntry } = await registry.getProcedure(key);
      const listed = routes[0];
      if (listed?.route === undefined) {
        throw new ScenarioError(
          `Procedure '${key}' has no route in the registry; load the seed with its routes first.`,
        );
      }
      if (calendarEntry.length === 0) {
        throw new ScenarioError("The registry has no calendar in force; load the seed with its calendar first.");
      }
      const route = compileRoute(listed.route);
      const name = procedure?.name ?? { vi: key, en: key };
      return { ...habits, route, name, procedureEntry: entry, routeEntry: listed.entry, calendarEntry };
    }),
  );
}

/** Wards in force at the start: those that take part, in order of id, and the ids of all others. */
export interface ScenarioWards {
  readonly wards: readonly PlannedWard[];
  readonly elsewhere: ReadonlySet<string>;
}

/** Picks wards of a few districts, so that a district sees dossiers of several wards. */
export async function scenarioWards(
  registry: PlayScenarioOptions["registry"],
  seed: number,
  wardsMax: number,
): Promise<ScenarioWards> {
  const listed = await registry.listAgencies({
    level: AgencyLevel.AGENCY_LEVEL_WARD,
    onDate: SCENARIO_START_DATE,
  });
  const wards = listed.flatMap(({ agency }) => (agency !== undefined && agency.areaCode !== "" ? [agency] : []));
  if (wards.length === 0) {
    throw new ScenarioError(`The registry has no ward in force on ${SCENARIO_START_DATE}; load the seed first.`);
  }
  const random = new SeededRandom("wards", seed);
  const byDistrict = Map.groupBy(
    wards.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    (ward) => ward.parent,
  );
  const perDistrict = Math.max(1, Math.ceil(Math.sqrt(wardsMax)));
  const chosen = random
    .shuffle([...byDistrict.values()])
    .flatMap((inDistrict) => random.shuffle(inDistrict).slice(0, perDistrict))
    .slice(0, wardsMax);
  const elsewhere = new Set(wards.map(({ id }) => id));
  for (const { id } of chosen) elsewhere.delete(id);
  return {
    wards: chosen.map(({ id, areaCode }) => ({ agency: id, areaCode })).sort((a, b) => (a.agency < b.agency ? -1 : 1)),
    elsewhere,
  };
}

/** Every agency that a dossier of these wards and procedures can reach: whose systems must receive. */
export async function agenciesReached(
  roles: RoleBook,
  dossiers: readonly { readonly ward: PlannedWard; readonly procedure: string }[],
  procedures: ReadonlyMap<string, PinnedProcedure>,
): Promise<Set<string>> {
  const pairs = new Map(dossiers.map((dossier) => [`${dossier.procedure} ${dossier.ward.agency}`, dossier]));
  const players = [...pairs.values()].flatMap(({ ward, procedure }) =>
    (procedures.get(procedure)?.route.record.steps ?? []).map((step) =>
      roles.players(step.role, ward.areaCode, procedure),
    ),
  );
  return new Set((await Promise.all(players)).flat().map(({ agency }) => agency));
}
