import { EdgeKind, type RouteEdge, type RouteStep, StepKind } from "@lienthong/contracts/registry/v1/route";
import type { CompiledRoute } from "@lienthong/route";

/** A step that a dossier surely comes to, if nothing ends it before. */
export interface CourseStop {
  readonly step: RouteStep;
  /** Edge over which custody is handed to it; null for the start. */
  readonly edge: RouteEdge | null;
}

/**
 * The edges that a branch takes when its step is done, without going back or asking anybody: one, or all of a fork with the optional ones
 * that the citizen chose. None: the result is returned from here, or, for an opinion, given.
 */
export function edgesOnward(
  route: CompiledRoute,
  step: RouteStep,
  startStep: string,
  chosenEdges: readonly string[],
): readonly RouteEdge[] {
  const edges = route.edgesFrom(step.id).filter(({ kind }) => kind === EdgeKind.EDGE_KIND_FORWARD);
  const first = edges[0];
  if (first === undefined || (step.end && !bringsHome(route, step, first, startStep))) return [];
  if (first.fork === "") return [first];
  const fork = route.fork(step.id, first.fork);
  return (fork?.edges ?? []).filter(({ id, optional }) => !optional || chosenEdges.includes(id));
}

/** A result could be returned here, but the file was handed in with the office behind this edge: it goes home. */
function bringsHome(route: CompiledRoute, step: RouteStep, edge: RouteEdge, startStep: string): boolean {
  const handedInAt = route.step(startStep)?.role;
  return step.role !== handedInAt && route.step(edge.to)?.role === handedInAt;
}

/** The steps that a dossier comes to, each once, in the order of the route. */
export function courseOf(route: CompiledRoute, startStep: string, chosenEdges: readonly string[]): CourseStop[] {
  const stops = new Map<string, CourseStop>();
  const visit = (id: string, edge: RouteEdge | null): void => {
    const step = route.step(id);
    if (step === undefined || stops.has(id)) return;
    stops.set(id, { step, edge });
    for (const onward of edgesOnward(route, step, startStep, chosenEdges)) visit(onward.to, onward);
  };
  visit(startStep, null);
  return [...stops.values()];
}

/** Edges of a fork that a citizen may choose, in the order of the route. */
export function optionalEdges(route: CompiledRoute): string[] {
  return route.record.edges.filter(({ optional }) => optional).map(({ id }) => id);
}

/** The applicant has to pay here before anything goes on. */
export function isPayment({ kind }: RouteStep): boolean {
  return kind === StepKind.STEP_KIND_APPLICANT;
}

/** An agency that is asked gives its opinion here. */
export function isOpinion({ kind }: RouteStep): boolean {
  return kind === StepKind.STEP_KIND_CONSULT;
}
