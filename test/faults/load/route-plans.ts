import type { Connection } from "@lienthong/client";

/** Procedures of the seed whose routes lead from desk to desk without a fork; today's agencies play them. */
const procedures = ["land-change-transfer", "land-security", "social-home-admission", "karaoke-group"] as const;

/** A dossier's way, with who is offered custody at each hop. */
export interface RoutePlan {
  readonly procedure: string;
  readonly areaCode: string;
  readonly opener: string;
  readonly open: {
    readonly procedureEntry: Uint8Array;
    readonly routeEntry: Uint8Array;
    readonly calendarEntry: Uint8Array;
    readonly step: string;
  };
  /** Steps in order, the first is the opener's; `edge` leads to it. */
  readonly steps: readonly {
    readonly step: string;
    readonly edge: string;
    readonly agency: string;
    readonly completionRequired: boolean;
  }[];
}

/** Reads the routes and who plays them from the registry, as an agency's system would. Ways that nobody plays here are left out. */
export async function readPlans(
  registry: Connection,
  areaCodes: readonly string[],
  today: string,
): Promise<RoutePlan[]> {
  const plans: RoutePlan[] = [];
  for (const procedure of procedures) {
    const described = await registry.registry.getProcedure(procedure).catch(() => null);
    const route = described?.routes[0];
    if (described === null || route?.route === undefined) continue;
    const { steps, edges } = route.route;
    const start = steps.find((step) => step.start);
    if (start === undefined) continue;
    const way = [{ step: start, edge: "" }];
    for (let at = start.id; way.length <= steps.length; ) {
      const edge = edges.find((candidate) => candidate.from === at && candidate.kind === 1);
      const next = steps.find((step) => step.id === edge?.to);
      if (edge === undefined || next === undefined || edge.fork !== "") break;
      way.push({ step: next, edge: edge.id });
      at = next.id;
    }
    for (const areaCode of areaCodes) {
      const resolved = await Promise.all(
        way.map(async ({ step, edge }) => {
          const question = { role: step.role, areaCode, procedure, onDate: today };
          const { candidates } = await registry.registry.resolveRole(question);
          return {
            step: step.id,
            edge,
            agency: candidates[0]?.agency ?? "",
            completionRequired: step.completionRequired,
          };
        }),
      ).catch(() => []);
      const opener = resolved[0]?.agency ?? "";
      if (opener === "" || resolved.length < 2 || resolved.some(({ agency }) => agency === "")) continue;
      const { entry: procedureEntry, calendarEntry } = described;
      const open = { procedureEntry, routeEntry: route.entry, calendarEntry, step: start.id };
      plans.push({ procedure, areaCode, opener, open, steps: resolved });
    }
  }
  if (plans.length === 0) throw new Error("The registry has no route that the load can play here.");
  return plans;
}
