import type { Addressee, Document } from "@lienthong/contracts/exchange/v1/statement";
import type { CompiledRoute } from "@lienthong/route";
import type { PlannedDossier } from "./scenario-plan.ts";

/** What the offices that take part know of a branch. */
export interface BranchRecord {
  readonly id: string;
  state: "working" | "completed" | "handed over" | "forked" | "joined" | "returned";
  holder: Addressee;
  step: string;
  /** What `prior` must name. */
  head: Uint8Array;
  /** The papers that travel with it. */
  documents: readonly Document[];
  /** Its pending or last handoff. */
  handoff: HandoffRecord | null;
  /** State to go back to on a refusal. */
  stateBefore: "working" | "completed";
  /** Edge over which the holder took it up, and when; null where it did not come by a handoff. */
  takenUp: { readonly edge: string; readonly atMs: number } | null;
  /** Its live children. */
  children: readonly string[];
  /** The edge back that its holder decided to take; empty: it goes on. */
  edgeBack: string;
}

/** A handoff as both sides know it. */
export interface HandoffRecord {
  readonly edge: string;
  readonly step: string;
  readonly receiver: Addressee;
  readonly forwardedMs: number;
  /** How often this step was offered this branch, from 1. */
  readonly attempt: number;
}

/** What an act on the agenda is about. */
export type Act =
  | { readonly kind: "open" }
  | { readonly kind: "complete"; readonly branch: string }
  /** Forwards over the next edge or fork, or returns the result. */
  | { readonly kind: "pass on"; readonly branch: string }
  /** Forwards what was refused once more. */
  | { readonly kind: "forward again"; readonly branch: string }
  /** The receiver acknowledges or refuses. */
  | { readonly kind: "answer"; readonly branch: string }
  | { readonly kind: "join"; readonly into: string };

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
  /** A step that decides said no. */
  rejected: boolean;
  refusals: number;
  returned: boolean;
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
    children: [],
    edgeBack: "",
  };
}

/** Name of the fork of the route that a forked branch took; empty: it is not forked. */
export function forkTaken(branch: BranchRecord, route: CompiledRoute): string {
  if (branch.children.length === 0) return "";
  return route.edgesFrom(branch.step).find((edge) => edge.fork !== "")?.fork ?? "";
}
