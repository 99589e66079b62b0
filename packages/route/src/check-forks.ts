import { EdgeKind, type RouteEdge, type RouteStep } from "@lienthong/contracts/registry/v1/route";
import type { ForkGroup, RouteGraph } from "./route-graph.ts";
import type { RouteProblem, RouteProblemCode } from "./route-problem.ts";

const { EDGE_KIND_FORWARD, EDGE_KIND_BACK } = EdgeKind;

/**
 * Checks forks and joins. The inside of a fork is every step that a branch can be at before the join; a branch must not end
 * there, begin there, or leave other than through the join, or the branches could never become one again.
 */
export function checkForks(graph: RouteGraph): RouteProblem[] {
  const problems: RouteProblem[] = [];
  const report = (code: RouteProblemCode, path: RouteProblem["path"], elements: string[], message: string): void => {
    problems.push({ code, path, elements, message });
  };
  const stepPath = (step: RouteStep, field: string) => ["steps", graph.route.steps.indexOf(step), field];
  const edgePath = (edge: RouteEdge, field: string) => ["edges", graph.route.edges.indexOf(edge), field];

  for (const step of graph.route.steps) {
    if (step.joinsFork !== "" && !graph.forks.has(step.joinsFork)) {
      report(
        "JOIN_UNKNOWN_FORK",
        stepPath(step, "joins_fork"),
        [step.id, step.joinsFork],
        `step "${step.id}" joins the fork "${step.joinsFork}", which no edge has; forks here: ${list(graph.forks.keys())}`,
      );
    }
  }

  const insides = new Map<string, Set<string>>();
  for (const fork of graph.forks.values()) {
    const join = checkForkShape(graph, fork, report, stepPath, edgePath);
    if (join) insides.set(fork.name, insideOf(graph, fork, join));
  }

  for (const [name, inside] of insides) {
    const fork = graph.forks.get(name)!;
    const join = graph.joinsOf(name)[0]!;
    const canJoin = graph.reaching([join.id], [EDGE_KIND_FORWARD, EDGE_KIND_BACK]);
    for (const id of inside) {
      const step = graph.steps.get(id)!;
      if (step.end) {
        report(
          "END_INSIDE_FORK",
          stepPath(step, "end"),
          [id, name],
          `step "${id}" is an end inside the fork "${name}"; a result is returned at or after "${join.id}", which joins it`,
        );
      } else if (!canJoin.has(id)) {
        report(
          "BRANCH_MISSES_JOIN",
          stepPath(step, "id"),
          [id, name],
          `from step "${id}" a branch of the fork "${name}" never reaches "${join.id}", which joins it; add an edge`,
        );
      }
      if (step.joinsFork !== "" && insides.has(step.joinsFork)) {
        const inner = graph.forks.get(step.joinsFork)!;
        if (!inside.has(inner.edges[0]!.from)) {
          report(
            "FORKS_CROSS",
            stepPath(step, "joins_fork"),
            [id, name, inner.name],
            `step "${id}" joins "${inner.name}" while branches of "${name}" are still open; join the inner fork first`,
          );
        }
      }
    }
    for (const step of [...inside, join.id].map((id) => graph.steps.get(id)!).filter(({ start }) => start)) {
      report(
        "START_INSIDE_FORK",
        stepPath(step, "start"),
        [step.id, name],
        `step "${step.id}" is a start but lies inside the fork "${name}" or joins it; a dossier opens before a fork`,
      );
    }
    for (const edge of graph.route.edges) {
      if (edge.kind !== EDGE_KIND_FORWARD || edge.fork === name || inside.has(edge.from)) continue;
      if (inside.has(edge.to)) {
        report(
          "FORK_ENTERED_FROM_OUTSIDE",
          edgePath(edge, "to"),
          [edge.id, edge.to, name],
          `edge "${edge.id}" enters the fork "${name}" at "${edge.to}" from outside; only edges of the fork lead into it`,
        );
      } else if (edge.to === join.id) {
        report(
          "JOIN_ENTERED_FROM_OUTSIDE",
          edgePath(edge, "to"),
          [edge.id, edge.to, name],
          `edge "${edge.id}" reaches "${edge.to}" without branches of "${fork.name}" to join; lead it to another step`,
        );
      }
    }
  }

  for (const edge of graph.route.edges) {
    if (edge.kind !== EDGE_KIND_BACK) continue;
    const crossed = [...insides]
      .filter(([, inside]) => inside.has(edge.from) !== inside.has(edge.to))
      .map(([name]) => name);
    if (crossed.length > 0) {
      report(
        "BACK_EDGE_CROSSES_FORK",
        edgePath(edge, "to"),
        [edge.id, ...crossed],
        `edge "${edge.id}" goes back across the border of the fork ${list(crossed)}; one branch cannot leave or enter a fork alone`,
      );
    }
  }
  return problems;
}

/** Checks a fork's own edges and that exactly one step joins it; returns that step when the inside can be told. */
function checkForkShape(
  graph: RouteGraph,
  fork: ForkGroup,
  report: (code: RouteProblemCode, path: RouteProblem["path"], elements: string[], message: string) => void,
  stepPath: (step: RouteStep, field: string) => RouteProblem["path"],
  edgePath: (edge: RouteEdge, field: string) => RouteProblem["path"],
): RouteStep | undefined {
  const first = fork.edges[0]!;
  for (const edge of fork.edges) {
    if (edge.kind !== EDGE_KIND_FORWARD) {
      report(
        "FORK_EDGE_KIND",
        edgePath(edge, "kind"),
        [edge.id, fork.name],
        `edge "${edge.id}" belongs to the fork "${fork.name}", so it is of kind forward`,
      );
    }
    if (edge.from !== first.from) {
      report(
        "FORK_LEAVES_SEVERAL_STEPS",
        edgePath(edge, "from"),
        [edge.id, fork.name],
        `edge "${edge.id}" of the fork "${fork.name}" leaves "${edge.from}", but "${first.id}" leaves "${first.from}"; all edges of a fork leave one step`,
      );
    }
  }
  if (fork.edges.length < 2) {
    report(
      "FORK_TOO_FEW_EDGES",
      edgePath(first, "fork"),
      [first.id, fork.name],
      `the fork "${fork.name}" has one edge; a fork has two or more`,
    );
  } else if (fork.edges.every((edge) => edge.optional)) {
    report(
      "FORK_ALL_OPTIONAL",
      edgePath(first, "optional"),
      [fork.name],
      `every edge of the fork "${fork.name}" is optional; at least one is not, or nothing might be left to join`,
    );
  }
  const leads = fork.edges.filter((edge) => edge.lead);
  if (leads.length > 1) {
    report(
      "FORK_SEVERAL_LEADS",
      edgePath(leads[1]!, "lead"),
      [leads[1]!.id, fork.name],
      `the fork "${fork.name}" has ${leads.length} leads; at most one agency leads`,
    );
  }
  const joins = graph.joinsOf(fork.name);
  if (joins.length === 0) {
    report(
      "FORK_NOT_JOINED",
      edgePath(first, "fork"),
      [fork.name],
      `no step joins the fork "${fork.name}"; name it in joins_fork of the step where its branches meet`,
    );
  }
  for (const step of joins.slice(1)) {
    report(
      "FORK_JOINED_TWICE",
      stepPath(step, "joins_fork"),
      [step.id, fork.name],
      `steps "${joins[0]!.id}" and "${step.id}" both join the fork "${fork.name}"; exactly one step does`,
    );
  }
  return joins.length === 1 ? joins[0] : undefined;
}

function insideOf(graph: RouteGraph, fork: ForkGroup, join: RouteStep): Set<string> {
  const heads = fork.edges.map((edge) => edge.to);
  const inside = graph.reached(heads, [EDGE_KIND_FORWARD], join.id);
  inside.delete(join.id);
  return inside;
}

function list(names: Iterable<string>): string {
  const quoted = [...names].map((name) => `"${name}"`);
  return quoted.length === 0 ? "none" : quoted.join(", ");
}
