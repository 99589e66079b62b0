import type { Addressee, Document } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import type { PlannedDossier } from "./scenario-plan.ts";

/** What the offices that take part know of a branch. */
export interface BranchRecord {
  readonly id: string;
  state:
    | "working"
    | "completed"
    | "handed over"
    | "recall asked"
    | "papers awaited"
    | "paused"
    | "forked"
    | "joined"
    | "returned"
    | "withdrawn"
    | "stopped";
  holder: Addressee;
  step: string;
  /** What `prior` must name. */
  head: Uint8Array;
  /** The papers that travel with it. */
  documents: readonly Document[];
  /** Its pending or last handoff. */
  handoff: HandoffRecord | null;
  /** State to go back to on a refusal or an agreed recall. */
  stateBefore: "working" | "completed";
  /** Edge over which the holder took it up, and when; null where it did not come by a handoff. */
  takenUp: { readonly edge: string; readonly atMs: number } | null;
  /** The work of its holder at its step; null while nobody works at it. */
  visit: VisitRecord | null;
  /** Spans, in this hold, during which the holder waited for the citizen. */
  waits: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Its live children, while it is forked. */
  children: readonly string[];
  /** The branch for which this one gives an opinion; empty: it gives none. */
  askedFor: string;
}

/** States in which a branch is over. */
const ended: ReadonlySet<BranchRecord["state"]> = new Set(["joined", "returned", "withdrawn", "stopped"]);

/** True once nothing more can be said of a branch. */
export function hasEnded(branch: BranchRecord): boolean {
  return ended.has(branch.state);
}

/** A handoff as both sides know it. */
export interface HandoffRecord {
  readonly edge: string;
  readonly step: string;
  readonly receiver: Addressee;
  readonly forwardedMs: number;
  /** Hash of the forward or consult event. */
  readonly forward: Uint8Array;
  /** How often this step was offered this branch, from 1. */
  readonly attempt: number;
}

/** Somebody's work at a step, from taking it up until it is done. */
export interface VisitRecord {
  /** How often this branch came to this step, from 1. */
  readonly number: number;
  /** When the work is done. */
  dueMs: number;
  /** What happens meanwhile, by time. */
  todo: readonly Interlude[];
  /** Opinions that the holder waits for before it completes, by branch. */
  readonly opinions: Set<string>;
  /** The work is done but for opinions. */
  waitsForOpinions: boolean;
}

/** Something that happens while a holder works at a step. */
export type Interlude = { readonly atMs: number } & (
  | { readonly kind: "assign"; readonly internalStep: number }
  | { readonly kind: "ask papers" }
  | { readonly kind: "consult" }
  | { readonly kind: "extend" }
  | { readonly kind: "pause" }
);

/** What an act on the agenda is about. */
export type Act =
  | { readonly kind: "open" }
  /** The citizen withdraws all of it. */
  | { readonly kind: "withdraw" }
  | {
      readonly kind:
        | "complete"
        /** Forwards over the next edge or fork, or returns the result. */
        | "pass on"
        /** Forwards what was refused or given back once more. */
        | "forward again"
        /** The receiver acknowledges or refuses. */
        | "answer"
        | "ask recall"
        | "answer recall"
        /** Puts the branch's next interlude into effect. */
        | "interlude"
        | "bring papers"
        | "resume"
        /** The citizen let the time pass. */
        | "stop";
      readonly branch: string;
    }
  /** The branches of a fork become one again. */
  | { readonly kind: "join"; readonly branch: string };

/** A dossier being played. */
export interface CaseRecord {
  readonly plan: PlannedDossier;
  readonly route: CompiledRoute;
  readonly procedureEntry: Uint8Array;
  readonly routeEntry: Uint8Array;
  readonly calendarEntry: Uint8Array;
  readonly branches: Map<string, BranchRecord>;
  /** Where it was opened: the agency with the unit that works at the start step, and the unit of the desk. */
  opener: Addressee;
  desk: Addressee;
  /** How often something happened, by name: visits of a step, offers of a step, acts of a kind. */
  readonly counts: Map<string, number>;
  /** It took an edge back once. */
  wentBack: boolean;
  /** The date promised was moved; that may be done once. */
  extended: boolean;
  /** A step that decides said no. */
  rejected: boolean;
  refusals: number;
  /** How it ended; null: it did not. */
  ending: "returned" | "withdrawn" | "stopped" | null;
}

/** A branch that its holder works at. */
export function newBranch(
  id: string,
  holder: Addressee,
  step: string,
  head: Uint8Array,
  documents: readonly Document[],
): BranchRecord {
  return {
    id,
    state: "working",
    holder,
    step,
    head,
    documents,
    handoff: null,
    stateBefore: "working",
    takenUp: null,
    visit: null,
    waits: [],
    children: [],
    askedFor: "",
  };
}

/** Name of the fork of the route that a forked branch took; empty: it is not forked. */
export function forkTaken(branch: BranchRecord, route: CompiledRoute): string {
  if (branch.children.length === 0) return "";
  return route.edgesFrom(branch.step).find((edge) => edge.fork !== "")?.fork ?? "";
}
