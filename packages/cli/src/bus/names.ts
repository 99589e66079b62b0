import { BusCallError, type RegistryCalls } from "@lienthong/client";
import { EdgeKind, type RouteRecord, StepKind } from "@lienthong/contracts/registry/v1/route";

/** Vietnamese names of offices and steps, and what the route says of them; an id stands for what the registry does not know. */
export interface Names {
  /** "UBND phường Trúc Bạch", or with a unit "Bộ phận Một cửa, UBND phường Trúc Bạch". */
  office(agency: string, unit?: string): string;
  step(id: string): string;
  /** Whether an opinion is given at the step; false where the route is not known. */
  asksOpinion(step: string): boolean;
  /** Whether the edge leads back to an earlier step; false where the route is not known. */
  goesBack(edge: string): boolean;
}

/** Clerks write UBND; whole, the words would take half of every line. */
export function shortOfficeName(name: string): string {
  return name.normalize("NFC").replaceAll("Ủy ban nhân dân", "UBND");
}

/** Looks the names of these agencies up, and takes those of the steps from the route. */
export async function lookUpNames(
  registry: RegistryCalls,
  agencies: Iterable<string>,
  route: RouteRecord | undefined,
): Promise<Names> {
  const agencyNames = new Map<string, string>();
  const unitNames = new Map<string, string>();
  const wanted = [...new Set(agencies)].filter((agency) => agency !== "");
  await Promise.all(
    wanted.map(async (id) => {
      try {
        const { agency, units } = await registry.getAgency(id);
        agencyNames.set(id, shortOfficeName(agency?.name?.vi ?? id));
        for (const unit of units) unitNames.set(unit.id, shortOfficeName(unit.name?.vi ?? unit.id));
      } catch (error) {
        if (!(error instanceof BusCallError) || error.reason !== "AGENCY_UNKNOWN") throw error;
      }
    }),
  );
  const steps = new Map(route?.steps.map((step) => [step.id, step]));
  const edges = new Map(route?.edges.map((edge) => [edge.id, edge.kind]));
  return {
    office(agency, unit = "") {
      const agencyName = agencyNames.get(agency) ?? agency;
      if (unit === "") return agencyName;
      const unitName = unitNames.get(unit) ?? unit;
      // Most units are named with their place already.
      return unitName.includes(placeIn(agencyName)) ? unitName : `${unitName}, ${agencyName}`;
    },
    step: (id) => steps.get(id)?.name?.vi.normalize("NFC") ?? id,
    asksOpinion: (id) => steps.get(id)?.kind === StepKind.STEP_KIND_CONSULT,
    goesBack: (id) => edges.get(id) === EdgeKind.EDGE_KIND_BACK,
  };
}

/** "phường Trúc Bạch" of "UBND phường Trúc Bạch". */
function placeIn(agencyName: string): string {
  return agencyName.replace(/^UBND /, "");
}
