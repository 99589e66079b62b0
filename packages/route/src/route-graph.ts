import { EdgeKind, type RouteEdge, type RouteRecord, type RouteStep } from "@lienthong/contracts/registry/v1/route";

/** A fork: all edges of one name. */
export interface ForkGroup {
  readonly name: string;
  readonly edges: readonly RouteEdge[];
}

/** Lookups over a route whose ids are unique and whose edges all lead between its steps. */
export class RouteGraph {
  readonly route: RouteRecord;
  readonly steps: ReadonlyMap<string, RouteStep>;
  readonly forks: ReadonlyMap<string, ForkGroup>;
  readonly #out: ReadonlyMap<string, readonly RouteEdge[]>;
  readonly #in: ReadonlyMap<string, readonly RouteEdge[]>;

  constructor(route: RouteRecord) {
    this.route = route;
    this.steps = new Map(route.steps.map((step) => [step.id, step]));
    this.#out = groupBy(route.edges, (edge) => edge.from);
    this.#in = groupBy(route.edges, (edge) => edge.to);
    this.forks = new Map(
      [...groupBy(route.edges, (edge) => edge.fork)]
        .filter(([name]) => name !== "")
        .map(([name, edges]) => [name, { name, edges }]),
    );
  }

  out(stepId: string, ...kinds: EdgeKind[]): readonly RouteEdge[] {
    return (this.#out.get(stepId) ?? []).filter((edge) => kinds.includes(edge.kind));
  }

  in(stepId: string, ...kinds: EdgeKind[]): readonly RouteEdge[] {
    return (this.#in.get(stepId) ?? []).filter((edge) => kinds.includes(edge.kind));
  }

  /** Steps reached from `from` (themselves included) along edges of these kinds, never going on from `stopAt`. */
  reached(from: Iterable<string>, kinds: readonly EdgeKind[], stopAt?: string): Set<string> {
    return walk(from, (id) => (id === stopAt ? [] : this.out(id, ...kinds).map((edge) => edge.to)));
  }

  /** Steps from which one of `to` can be reached (themselves included) along edges of these kinds. */
  reaching(to: Iterable<string>, kinds: readonly EdgeKind[]): Set<string> {
    return walk(to, (id) => this.in(id, ...kinds).map((edge) => edge.from));
  }

  joinsOf(fork: string): RouteStep[] {
    return this.route.steps.filter((step) => step.joinsFork === fork);
  }

  /** Forward edges that close a circle. Empty when the forward edges have an order. */
  forwardEdgesClosingACycle(): RouteEdge[] {
    const closing: RouteEdge[] = [];
    const state = new Map<string, "open" | "done">();
    const visit = (id: string): void => {
      state.set(id, "open");
      for (const edge of this.out(id, EdgeKind.EDGE_KIND_FORWARD)) {
        const seen = state.get(edge.to);
        if (seen === "open") closing.push(edge);
        else if (seen === undefined) visit(edge.to);
      }
      state.set(id, "done");
    };
    for (const step of [...this.route.steps.filter(({ start }) => start), ...this.route.steps]) {
      if (!state.has(step.id)) visit(step.id);
    }
    return closing;
  }
}

function walk(from: Iterable<string>, next: (id: string) => readonly string[]): Set<string> {
  const seen = new Set(from);
  for (const id of seen) for (const following of next(id)) seen.add(following);
  return seen;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
