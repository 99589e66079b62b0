import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { checkFields } from "./check-fields.ts";
import { checkGraph } from "./check-graph.ts";
import type { RouteProblem } from "./route-problem.ts";

/**
 * Everything that is wrong with a route, wherever it came from; empty when a dossier can travel it. Bounds are those of
 * registry/v1/route.proto. Whether its procedure and roles exist is for the registry to say.
 */
export function checkRoute(route: RouteRecord): RouteProblem[] {
  return [...checkFields(route), ...checkGraph(route)];
}
