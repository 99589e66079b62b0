export { checkRoute } from "./check-route.ts";
export { type CompiledFork, type CompiledRoute, compileRoute, RouteInvalidError } from "./compile-route.ts";
export { drawRoute } from "./draw-route.ts";
export { explainRoute } from "./explain-route.ts";
export type { RouteLocale } from "./local-name.ts";
export { type ParsedRouteFile, parseRouteFile, ROUTE_FILE_CHARACTERS_MAX } from "./parse-route-file.ts";
export {
  formatPath,
  formatRouteProblem,
  type RoutePath,
  type RouteProblem,
  type RouteProblemCode,
} from "./route-problem.ts";
