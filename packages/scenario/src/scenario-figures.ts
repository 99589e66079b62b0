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
  /** Handoffs that their sender asked back. */
  readonly recalls: number;
  /** Median from forward to acknowledgement. */
  readonly acknowledgedMedianHours: number | null;
  /** Median from acknowledgement until the receiver first passed it on, joined or returned it. */
  readonly heldMedianHours: number | null;
}

/** What happens beside handoffs, counted. */
export interface HappeningCounts {
  /** Requests to the citizen for papers. */
  readonly supplements: number;
  /** Pauses until the citizen has paid. */
  readonly pauses: number;
  /** Dates promised that were moved. */
  readonly extensions: number;
  /** Opinions given. */
  readonly opinions: number;
  /** Moves along an edge back. */
  readonly stepsBack: number;
  /** Parts of a step given to a unit. */
  readonly assignments: number;
}

/** How dossiers ended. */
export interface EndCounts {
  /** Dossiers whose result the citizen has. */
  readonly returned: number;
  readonly withdrawn: number;
  readonly stopped: number;
}

/** One procedure of a play. */
export interface ProcedureFigures extends HappeningCounts, EndCounts {
  readonly procedure: string;
  /** Vietnamese name. */
  readonly name: string;
  /** English name; the Vietnamese one where there is none. */
  readonly nameEn: string;
  readonly dossiers: number;
  readonly handoffs: number;
  readonly refusals: number;
  readonly recalls: number;
  readonly open: number;
  readonly acknowledgedMedianHours: number | null;
  readonly heldMedianHours: number | null;
  /** Share of all time held after a handoff during which the holder waited for the citizen (papers, payment), 0 to 1; null: nothing was held. */
  readonly citizenShare: number | null;
  /** In the order of the route. */
  readonly hops: readonly HopFigures[];
}

interface HopSpans {
  handoffs: number;
  refusals: number;
  recalls: number;
  readonly acknowledgedMs: number[];
  readonly heldMs: number[];
}

interface ProcedureCounts {
  readonly name: string;
  readonly nameEn: string;
  readonly route: CompiledRoute;
  dossiers: number;
  readonly happenings: Record<keyof HappeningCounts, number>;
  readonly ends: Record<keyof EndCounts, number>;
  /** Of all holds after a handoff, and of it waiting for the citizen. */
  heldMs: number;
  waitedMs: number;
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

  procedure(key: string, name: { readonly vi: string; readonly en: string }, route: CompiledRoute): void {
    const hops = new Map(
      route.record.edges.map((edge): [string, HopSpans] => [
        edge.id,
        { handoffs: 0, refusals: 0, recalls: 0, acknowledgedMs: [], heldMs: [] },
      ]),
    );
    this.#procedures.set(key, {
      name: name.vi,
      nameEn: name.en || name.vi,
      route,
      dossiers: 0,
      happenings: { supplements: 0, pauses: 0, extensions: 0, opinions: 0, stepsBack: 0, assignments: 0 },
      ends: { returned: 0, withdrawn: 0, stopped: 0 },
      heldMs: 0,
      waitedMs: 0,
      hops,
    });
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

  recallAsked(procedure: string, edge: string): void {
    this.#hop(procedure, edge).recalls++;
  }

  /** A receiver passed on what it had acknowledged over this edge; it waited for the citizen during `waits`. */
  held(
    procedure: string,
    edge: string,
    fromMs: number,
    toMs: number,
    waits: readonly { readonly fromMs: number; readonly toMs: number }[],
  ): void {
    const heldMs = this.#calendar.between(fromMs, toMs);
    this.#hop(procedure, edge).heldMs.push(heldMs);
    const counts = this.#counts(procedure);
    counts.heldMs += heldMs;
    counts.waitedMs += sum(waits, (wait) => this.#calendar.between(wait.fromMs, Math.min(wait.toMs, toMs)));
  }

  happened(procedure: string, what: keyof HappeningCounts): void {
    this.#counts(procedure).happenings[what]++;
  }

  ended(procedure: string, how: keyof EndCounts): void {
    this.#counts(procedure).ends[how]++;
  }

  get dossiersOpened(): number {
    return sum([...this.#procedures.values()], (counts) => counts.dossiers);
  }

  /** Dossiers whose result the citizen has. */
  get dossiersFinished(): number {
    return sum([...this.#procedures.values()], (counts) => counts.ends.returned);
  }

  get handoffs(): number {
    return sum(this.#allHops(), (hop) => hop.handoffs);
  }

  /** In the order in which procedures were made known; those without a dossier are left out. */
  procedures(): ProcedureFigures[] {
    return [...this.#procedures].flatMap(([procedure, counts]): ProcedureFigures[] => {
      const { name, nameEn, route, dossiers, happenings, ends, heldMs, waitedMs, hops } = counts;
      if (dossiers === 0) return [];
      const spans = [...hops.values()];
      return [
        {
          procedure,
          name,
          nameEn,
          dossiers,
          handoffs: sum(spans, (hop) => hop.handoffs),
          refusals: sum(spans, (hop) => hop.refusals),
          recalls: sum(spans, (hop) => hop.recalls),
          ...happenings,
          ...ends,
          open: dossiers - ends.returned - ends.withdrawn - ends.stopped,
          acknowledgedMedianHours: medianHours(spans.flatMap((hop) => hop.acknowledgedMs)),
          heldMedianHours: medianHours(spans.flatMap((hop) => hop.heldMs)),
          citizenShare: heldMs === 0 ? null : Math.round((waitedMs / heldMs) * 1_000) / 1_000,
          hops: [...hops].map(([edge, hop]): HopFigures => {
            const step = route.edge(edge)?.to ?? "";
            return {
              edge,
              step,
              stepName: route.step(step)?.name?.vi ?? step,
              handoffs: hop.handoffs,
              refusals: hop.refusals,
              recalls: hop.recalls,
              acknowledgedMedianHours: medianHours(hop.acknowledgedMs),
              heldMedianHours: medianHours(hop.heldMs),
            };
          }),
        },
      ];
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
