import {
  EdgeKind,
  type RouteEdge,
  type RouteRecord,
  type RouteStep,
  StepKind,
} from "@lienthong/contracts/registry/v1/route";
import { checkForks } from "./check-forks.ts";
import { EDGES_MAX, STEPS_MAX } from "./field-rules.ts";
import { RouteGraph } from "./route-graph.ts";
import type { RouteProblem, RouteProblemCode } from "./route-problem.ts";

const { EDGE_KIND_FORWARD, EDGE_KIND_BACK, EDGE_KIND_CONSULT } = EdgeKind;

/**
 * Checks a route as a graph. What later checks build on comes first: while ids or references are wrong, or forward edges run
 * in a circle, there is no order of steps to speak of, and only those problems are reported.
 */
export function checkGraph(route: RouteRecord): RouteProblem[] {
  const check = new GraphCheck(route);
  if (route.steps.length > STEPS_MAX || route.edges.length > EDGES_MAX) return [];
  check.identifiers();
  check.startsAndEnds();
  if (check.problems.some(({ code }) => foundations.has(code))) return check.problems;
  const graph = new RouteGraph(route);
  check.edgeFlags();
  check.consultations(graph);
  check.cycles(graph);
  if (check.problems.some(({ code }) => foundations.has(code))) return check.problems;
  check.reachability(graph);
  check.backEdges(graph);
  check.problems.push(...checkForks(graph));
  return check.problems;
}

const foundations: ReadonlySet<RouteProblemCode> = new Set<RouteProblemCode>([
  "STEP_ID_DUPLICATE",
  "EDGE_ID_DUPLICATE",
  "EDGE_STEP_UNKNOWN",
  "EDGE_TO_ITSELF",
  "FORWARD_CYCLE",
]);

class GraphCheck {
  readonly problems: RouteProblem[] = [];
  readonly route: RouteRecord;

  constructor(route: RouteRecord) {
    this.route = route;
  }

  private atStep(code: RouteProblemCode, step: RouteStep, field: string, message: string): void {
    this.problems.push({ code, path: ["steps", this.route.steps.indexOf(step), field], elements: [step.id], message });
  }

  private atEdge(code: RouteProblemCode, edge: RouteEdge, field: string, message: string, also: string[] = []): void {
    const path = ["edges", this.route.edges.indexOf(edge), field];
    this.problems.push({ code, path, elements: [edge.id, ...also], message });
  }

  identifiers(): void {
    const steps = new Set<string>();
    for (const step of this.route.steps) {
      if (steps.has(step.id)) {
        this.atStep("STEP_ID_DUPLICATE", step, "id", `"${step.id}" is the id of an earlier step; step ids are unique`);
      }
      steps.add(step.id);
    }
    const edges = new Set<string>();
    for (const edge of this.route.edges) {
      if (edges.has(edge.id)) {
        this.atEdge("EDGE_ID_DUPLICATE", edge, "id", `"${edge.id}" is the id of an earlier edge; edge ids are unique`);
      }
      edges.add(edge.id);
      for (const field of ["from", "to"] as const) {
        if (!steps.has(edge[field])) {
          this.atEdge(
            "EDGE_STEP_UNKNOWN",
            edge,
            field,
            `edge "${edge.id}" names the step "${edge[field]}", which the route does not have; steps: ${[...steps].join(", ")}`,
            [edge[field]],
          );
        }
      }
      if (edge.from === edge.to) {
        this.atEdge(
          "EDGE_TO_ITSELF",
          edge,
          "to",
          `edge "${edge.id}" leads from "${edge.from}" to itself; work that stays with one agency is an internal step`,
          [edge.to],
        );
      }
    }
  }

  startsAndEnds(): void {
    const report = (code: RouteProblemCode, message: string): void => {
      this.problems.push({ code, path: ["steps"], elements: [], message });
    };
    if (!this.route.steps.some(({ start }) => start))
      report("START_MISSING", "no step is a start; mark one with start: true");
    if (!this.route.steps.some(({ end }) => end)) report("END_MISSING", "no step is an end; mark one with end: true");
  }

  edgeFlags(): void {
    for (const edge of this.route.edges) {
      if (edge.optional && edge.fork === "") {
        this.atEdge(
          "OPTIONAL_WITHOUT_FORK",
          edge,
          "optional",
          `edge "${edge.id}" is of no fork; only edges of a fork are optional`,
        );
      }
      if (edge.lead && edge.fork === "" && edge.kind !== EDGE_KIND_CONSULT) {
        this.atEdge(
          "LEAD_WITHOUT_FORK",
          edge,
          "lead",
          `edge "${edge.id}" is of no fork; only parallel work has a lead`,
        );
      }
    }
  }

  consultations(graph: RouteGraph): void {
    for (const edge of this.route.edges) {
      const asks = edge.kind === EDGE_KIND_CONSULT;
      const target = graph.steps.get(edge.to)!;
      const targetGivesOpinion = target.kind === StepKind.STEP_KIND_CONSULT;
      if (asks && !targetGivesOpinion) {
        this.atEdge(
          "CONSULT_EDGE_TARGET",
          edge,
          "to",
          `edge "${edge.id}" asks an opinion, so "${edge.to}" is a step of kind consult`,
          [edge.to],
        );
      }
      if (!asks && targetGivesOpinion) {
        this.atEdge(
          "CONSULT_STEP_ENTRY",
          edge,
          "kind",
          `edge "${edge.id}" leads to "${edge.to}", which only gives opinions; its kind is consult`,
          [edge.to],
        );
      }
      if (!asks && graph.steps.get(edge.from)!.kind === StepKind.STEP_KIND_CONSULT) {
        this.atEdge(
          "CONSULT_STEP_EXIT",
          edge,
          "from",
          `edge "${edge.id}" leaves "${edge.from}", which only gives opinions; an opinion ends with its completion`,
          [edge.from],
        );
      }
    }
    for (const step of this.route.steps) {
      if (step.kind !== StepKind.STEP_KIND_CONSULT) continue;
      for (const [flagged, field] of [
        [step.start, "start"],
        [step.end, "end"],
        [step.joinsFork !== "", "joins_fork"],
      ] as const) {
        if (flagged) {
          this.atStep("CONSULT_STEP_FLAG", step, field, `step "${step.id}" only gives opinions, so it has no ${field}`);
        }
      }
    }
  }

  cycles(graph: RouteGraph): void {
    for (const edge of graph.forwardEdgesClosingACycle()) {
      this.atEdge(
        "FORWARD_CYCLE",
        edge,
        "kind",
        `edge "${edge.id}" leads forward from "${edge.from}" to "${edge.to}", which comes before it; an edge to an earlier step is of kind back`,
      );
    }
  }

  reachability(graph: RouteGraph): void {
    const starts = this.route.steps.filter(({ start }) => start).map(({ id }) => id);
    const ends = this.route.steps.filter(({ end }) => end).map(({ id }) => id);
    const reached = graph.reached(starts, [EDGE_KIND_FORWARD, EDGE_KIND_CONSULT]);
    const ending = graph.reaching(ends, [EDGE_KIND_FORWARD, EDGE_KIND_BACK]);
    if (starts.length > 0 && ends.length > 0 && !ends.some((id) => reached.has(id))) {
      this.problems.push({
        code: "END_UNREACHABLE",
        path: ["steps"],
        elements: ends,
        message: `no end (${ends.join(", ")}) can be reached from a start (${starts.join(", ")}); add the edges between them`,
      });
    }
    for (const step of this.route.steps) {
      if (starts.length > 0 && !reached.has(step.id)) {
        this.atStep(
          "STEP_UNREACHABLE",
          step,
          "id",
          `step "${step.id}" cannot be reached from a start; add an edge to it or remove it`,
        );
      }
      if (ends.length > 0 && step.kind !== StepKind.STEP_KIND_CONSULT && !ending.has(step.id)) {
        this.atStep(
          "STEP_DEAD_END",
          step,
          "id",
          `from step "${step.id}" no end can be reached; add an edge or mark it end: true`,
        );
      }
    }
  }

  backEdges(graph: RouteGraph): void {
    for (const edge of this.route.edges) {
      if (edge.kind !== EDGE_KIND_BACK) continue;
      if (!graph.reached([edge.to], [EDGE_KIND_FORWARD]).has(edge.from)) {
        this.atEdge(
          "BACK_EDGE_NOT_BACK",
          edge,
          "to",
          `edge "${edge.id}" is of kind back, but "${edge.to}" does not come before "${edge.from}"; a back edge goes to an earlier step`,
          [edge.to],
        );
      }
    }
  }
}
