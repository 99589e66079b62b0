import type { RefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import type { WorkingCalendar } from "./working-calendar.ts";

const msPerHour = 3_600_000;

/** One edge of a route: how handoffs over it went. Spans are hours of office time; null where nothing was measured. */
export interface HopFigures {
  readonly edge: string;
  /** Step it reaches, and its Vietnamese name. */
  readonly step: string;
  readonly stepName: string;
  /** Handoffs, refused and unanswered ones included. */
  readonly handoffs: number;
  readonly refusals: number;
  /** Median from forward to acknowledgement. */
  readonly acknowledgedMedianHours: number | null;
  /** Median from acknowledgement until the receiver first passed it on, joined or returned it. */
  readonly heldMedianHours: number | null;
}

/** One procedure of a play. */
export interface ProcedureFigures {
  readonly procedure: string;
  /** Vietnamese name. */
  readonly name: string;
  readonly dossiers: number;
  readonly handoffs: number;
  readonly refusals: number;
  /** Dossiers whose result the citizen has. */
  readonly returned: number;
  readonly open: number;
  readonly acknowledgedMedianHours: number | null;
  readonly heldMedianHours: number | null;
  /** In the order of the route. */
  readonly hops: readonly HopFigures[];
}

interface HopSpans {
  handoffs: number;
  refusals: number;
  readonly acknowledgedMs: number[];
  readonly heldMs: number[];
}

interface ProcedureCounts {
  readonly name: string;
  readonly route: CompiledRoute;
  dossiers: number;
  returned: number;
  readonly hops: Map<string, HopSpans>;
}

/** Counts what happens while it happens, by procedure and edge. */
export class ScenarioFigures {
  readonly #calendar: WorkingCalendar;
  readonly #procedures = new Map<string, ProcedureCounts>();
  readonly refusalReasons = new Map<RefusalReason, number>();

  constructor(calendar: WorkingCalendar) {
    this.#calendar = calendar;
  }

  procedure(key: string, name: string, route: CompiledRoute): void {
    const hops = new Map(
      route.record.edges.map((edge): [string, HopSpans] => [
        edge.id,
        { handoffs: 0, refusals: 0, acknowledgedMs: [], heldMs: [] },
      ]),
    );
    this.#procedures.set(key, { name, route, dossiers: 0, returned: 0, hops });
  }

  opened(procedure: string): void {
    this.#counts(procedure).dossiers++;
  }

  handedOver(procedure: string, edge: string): void {
    this.#hop(procedure, edge).handoffs++;
  }

  acknowledged(procedure: string, edge: string, fromMs: number, toMs: number): void {
    this.#hop(procedure, edge).acknowledgedMs.push(this.#calendar.between(fromMs, toMs));
  }

  refused(procedure: string, edge: string, reason: RefusalReason): void {
    this.#hop(procedure, edge).refusals++;
    this.refusalReasons.set(reason, (this.refusalReasons.get(reason) ?? 0) + 1);
  }

  /** A receiver passed on what it had acknowledged over this edge. */
  held(procedure: string, edge: string, fromMs: number, toMs: number): void {
    this.#hop(procedure, edge).heldMs.push(this.#calendar.between(fromMs, toMs));
  }

  returned(procedure: string): void {
    this.#counts(procedure).returned++;
  }

  get dossiersOpened(): number {
    return sum([...this.#procedures.values()], (counts) => counts.dossiers);
  }

  get dossiersFinished(): number {
    return sum([...this.#procedures.values()], (counts) => counts.returned);
  }

  get handoffs(): number {
    return sum(this.#allHops(), (hop) => hop.handoffs);
  }

  get refusals(): number {
    return sum(this.#allHops(), (hop) => hop.refusals);
  }

  /** In the order in which procedures were made known. */
  procedures(): ProcedureFigures[] {
    return [...this.#procedures].map(([procedure, { name, route, dossiers, returned, hops }]) => {
      const spans = [...hops.values()];
      return {
        procedure,
        name,
        dossiers,
        handoffs: sum(spans, (hop) => hop.handoffs),
        refusals: sum(spans, (hop) => hop.refusals),
        returned,
        open: dossiers - returned,
        acknowledgedMedianHours: medianHours(spans.flatMap((hop) => hop.acknowledgedMs)),
        heldMedianHours: medianHours(spans.flatMap((hop) => hop.heldMs)),
        hops: [...hops].map(([edge, hop]): HopFigures => {
          const step = route.edge(edge)?.to ?? "";
          return {
            edge,
            step,
            stepName: route.step(step)?.name?.vi ?? step,
            handoffs: hop.handoffs,
            refusals: hop.refusals,
            acknowledgedMedianHours: medianHours(hop.acknowledgedMs),
            heldMedianHours: medianHours(hop.heldMs),
          };
        }),
      };
    });
  }

  #allHops(): HopSpans[] {
    return [...this.#procedures.values()].flatMap(({ hops }) => [...hops.values()]);
  }

  #counts(procedure: string): ProcedureCounts {
    const counts = this.#procedures.get(procedure);
    if (counts === undefined) throw new Error(`Nothing is counted for procedure '${procedure}'.`);
    return counts;
  }

  #hop(procedure: string, edge: string): HopSpans {
    const hop = this.#counts(procedure).hops.get(edge);
    if (hop === undefined) throw new Error(`Nothing is counted for edge '${edge}' of ${procedure}.`);
    return hop;
  }
}

/** Median of spans in hours, to a hundredth; null for none. */
export function medianHours(spansMs: readonly number[]): number | null {
  if (spansMs.length === 0) return null;
  const sorted = spansMs.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] as number;
  const lower = sorted[(sorted.length - 1) >> 1] as number;
  return Math.round(((lower + upper) / 2 / msPerHour) * 100) / 100;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
