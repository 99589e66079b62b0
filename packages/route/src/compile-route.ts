import type { RouteEdge, RouteRecord, RouteStep } from "@lienthong/contracts/registry/v1/route";
import { checkRoute } from "./check-route.ts";
import { formatRouteProblem, type RouteProblem } from "./route-problem.ts";

/** The branches that are taken together. */
export interface CompiledFork {
  readonly name: string;
  /** All of them, in the order of the route. */
  readonly edges: readonly RouteEdge[];
  /** Those that must be taken. */
  readonly required: readonly RouteEdge[];
}

/** A route ready to be asked. Every question is one lookup. */
export interface CompiledRoute {
  readonly id: string;
  readonly version: number;
  /** Key of the procedure it serves. */
  readonly procedure: string;
  readonly record: RouteRecord;
  readonly startSteps: readonly RouteStep[];
  readonly endSteps: readonly RouteStep[];
  step(id: string): RouteStep | undefined;
  edge(id: string): RouteEdge | undefined;
  /** Edges that leave a step, of every kind; none for a step that does not exist. */
  edgesFrom(stepId: string): readonly RouteEdge[];
  /** The fork of this name that leaves this step. */
  fork(stepId: string, forkName: string): CompiledFork | undefined;
  /** The step that joins a fork. */
  joinOf(forkName: string): RouteStep | undefined;
}

/** Thrown for a route that breaks its rules; `problems` names all of them. */
export class RouteInvalidError extends Error {
  override readonly name = "RouteInvalidError";
  readonly problems: readonly RouteProblem[];

  constructor(routeId: string, problems: readonly RouteProblem[]) {
    super(`route "${routeId}" cannot be used:\n${problems.map(formatRouteProblem).join("\n")}`);
    this.problems = problems;
  }
}

const noEdges: readonly RouteEdge[] = [];

/** Builds the lookups, once per route. Throws {@link RouteInvalidError} if `checkRoute` finds anything. */
export function compileRoute(route: RouteRecord): CompiledRoute {
  const problems = checkRoute(route);
  if (problems.length > 0) throw new RouteInvalidError(route.id, problems);

  const steps = new Map(route.steps.map((step) => [step.id, step]));
  const edges = new Map(route.edges.map((edge) => [edge.id, edge]));
  const edgesFrom = Map.groupBy(route.edges, (edge) => edge.from);
  const joins = new Map(route.steps.filter((step) => step.joinsFork !== "").map((step) => [step.joinsFork, step]));
  const forks = new Map<string, Map<string, CompiledFork>>();
  for (const [name, group] of Map.groupBy(route.edges, (edge) => edge.fork)) {
    if (name === "") continue;
    const from = group[0]!.from;
    const atStep = forks.get(from) ?? new Map<string, CompiledFork>();
    atStep.set(name, { name, edges: group, required: group.filter((edge) => !edge.optional) });
    forks.set(from, atStep);
  }

  return {
    id: route.id,
    version: route.version,
    procedure: route.procedure,
    record: route,
    startSteps: route.steps.filter((step) => step.start),
    endSteps: route.steps.filter((step) => step.end),
    step: (id) => steps.get(id),
    edge: (id) => edges.get(id),
    edgesFrom: (stepId) => edgesFrom.get(stepId) ?? noEdges,
    fork: (stepId, forkName) => forks.get(stepId)?.get(forkName),
    joinOf: (forkName) => joins.get(forkName),
  };
}
