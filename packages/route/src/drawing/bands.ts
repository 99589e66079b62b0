import { EdgeKind, type RouteRecord, StepKind } from "@lienthong/contracts/registry/v1/route";

/** Columns of boxes that fit side by side before the picture goes on in a new row. */
export const COLUMNS_PER_BAND = 4;

/** What is drawn in one row, as positions in the route. */
export interface Band {
  /** Steps that hold a branch, in columns left to right. */
  readonly ways: readonly number[];
  /** Steps that are asked by them, drawn below. */
  readonly asked: readonly number[];
}

/**
 * Rows of a picture, like lines of a text: a route of more than four columns is cut where one single edge leads on, never inside a fork.
 * Where there is no such place the row grows. `columns` from {@link columnsOf}.
 */
export function bandsOf(route: RouteRecord, columns: ReadonlyMap<string, number>): Band[] {
  const last = Math.max(...columns.values());
  const forward = route.edges.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_FORWARD);
  // A step that several ask is drawn once, so those who ask it stay in one row.
  const askers = route.steps.filter(isAsked).map((step) => askersOf(route, step.id).map((id) => columns.get(id)!));
  const cuts: number[] = [];
  for (let column = 0; column < last; column++) {
    const crossing = forward.filter(({ from, to }) => columns.get(from)! <= column && columns.get(to)! > column);
    const parts = askers.some((at) => Math.min(...at) <= column && Math.max(...at) > column);
    if (crossing.length === 1 && !parts) cuts.push(column);
  }
  const chosen = chooseCuts(cuts, last);
  const bandOf = (id: string): number => chosen.filter((cut) => cut < columns.get(id)!).length;
  const bands = Array.from({ length: chosen.length + 1 }, () => ({ ways: [] as number[], asked: [] as number[] }));
  for (const [index, step] of route.steps.entries()) {
    if (isAsked(step)) bands[bandOf(askersOf(route, step.id)[0]!)]!.asked.push(index);
    else bands[bandOf(step.id)]!.ways.push(index);
  }
  return bands;
}

/** Distance of each step that holds a branch from the first column, along forward edges, by step id. */
export function columnsOf(route: RouteRecord): Map<string, number> {
  const known = new Map<string, number>();
  const columnOf = (id: string): number => {
    const column = known.get(id);
    if (column !== undefined) return column;
    const before = route.edges.filter((edge) => edge.to === id && edge.kind === EdgeKind.EDGE_KIND_FORWARD);
    const found = before.length === 0 ? 0 : 1 + Math.max(...before.map((edge) => columnOf(edge.from)));
    known.set(id, found);
    return found;
  };
  for (const step of route.steps) if (!isAsked(step)) columnOf(step.id);
  return known;
}

function isAsked({ kind }: { readonly kind: StepKind }): boolean {
  return kind === StepKind.STEP_KIND_CONSULT;
}

/** Steps that ask a step, in the order of the route; one at least, or the step could not be reached. */
function askersOf(route: RouteRecord, id: string): string[] {
  const asking = new Set(route.edges.filter(({ to }) => to === id).map(({ from }) => from));
  return route.steps.map((step) => step.id).filter((step) => asking.has(step));
}

/** Fewest rows first; among those the most even ones, the first row the longest. `cuts` lie after a column, ascending. */
function chooseCuts(cuts: readonly number[], last: number): number[] {
  interface Plan {
    readonly cuts: readonly number[];
    /** Columns beyond those that fit, rows, unevenness: each matters only where those before are equal. */
    readonly cost: readonly [number, number, number];
  }
  const ends = [...cuts, last];
  /** Best plan for the columns from `start` on. */
  const plans = new Map<number, Plan>();
  const planFrom = (start: number): Plan => {
    const known = plans.get(start);
    if (known) return known;
    let best: Plan | undefined;
    for (const end of ends.filter((column) => column >= start)) {
      const width = end - start + 1;
      const own = [Math.max(0, width - COLUMNS_PER_BAND), 1, width * width] as const;
      const rest = end === last ? { cuts: [], cost: [0, 0, 0] as const } : planFrom(end + 1);
      const cost = [own[0] + rest.cost[0], own[1] + rest.cost[1], own[2] + rest.cost[2]] as const;
      // Later ends come later, so of equals the longer first row stays.
      if (best === undefined || !isLess(best.cost, cost)) {
        best = { cuts: end === last ? [] : [end, ...rest.cuts], cost };
      }
    }
    plans.set(start, best!);
    return best!;
  };
  return [...planFrom(0).cuts];
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value < b[at]!;
  return false;
}
