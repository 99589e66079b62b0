import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { type CustodyState, endStates } from "./custody-table.ts";
import type { StatementIds } from "./statement-ids.ts";

/** A dossier as its events tell it. Immutable; `evolve` gives the next one. */
export interface DossierState {
  /** Official code. */
  readonly dossier: string;
  /** Agency that opened it: the desk that owes the citizen the result. */
  readonly openedBy: string;
  readonly areaCode: string;
  /** Hashes of the pinned registry entries, 32 bytes each. */
  readonly procedureEntry: Uint8Array;
  readonly routeEntry: Uint8Array;
  /** Optional edges that the citizen chose. */
  readonly chosenEdges: readonly string[];
  /** Branches by id, ended ones included. */
  readonly branches: ReadonlyMap<string, BranchCustody>;
  /** Number of the event that moved the date promised; 0: none did. It is moved once (NĐ 61/2018/NĐ-CP article 19 clause 9). */
  readonly extendedBy: number;
  /**
   * By `supplementKey`, the number of the event that asked the citizen for papers: an agency asks once for all that is
   * missing (NĐ 61/2018/NĐ-CP article 15 clause 3).
   */
  readonly supplementRequests: ReadonlyMap<string, number>;
  /** Every statement that had its effect. */
  readonly statementIds: StatementIds;
  /** Number of the last event, from 1. */
  readonly number: number;
  /** Hash of the last event, 32 bytes. */
  readonly lastEvent: Uint8Array;
  /** Size of the registry head cited last; cited heads never decrease along a dossier. */
  readonly registrySize: bigint;
  /** Times of the last event; neither decreases along a dossier. */
  readonly recordedTime: Timestamp;
  readonly wallTime: Timestamp;
}

/** Custody of one branch. */
export interface BranchCustody {
  readonly branch: string;
  readonly state: CustodyState;
  /** Agency that holds it; empty where nobody does (FORKED, or ended). */
  readonly holder: string;
  /** Unit of the holder that is responsible; may be empty. */
  readonly unit: string;
  readonly step: string;
  /** Hash of the event that moved it last: what `prior` must name. While PAUSED or SUPPLEMENT_AWAITED, the event that began it. */
  readonly head: Uint8Array;
  /** Number within the dossier of that event. */
  readonly headNumber: number;
  /** Since when the holder has held it, legal time. */
  readonly heldSince: Timestamp;
  /** The handoff on offer. */
  readonly pending: PendingCustody | null;
  /** Its live children, and one edge that tells which fork of the route they took, while FORKED. */
  readonly fork: { readonly edge: string; readonly children: readonly string[] } | null;
  /** While a child has not left the step it was made at: the edge it was made for. */
  readonly owedEdge: string;
  /**
   * Branches that were asked for an opinion and have not ended. Those of a branch that was joined, or that gave its own opinion, go
   * on with the branch it became part of.
   */
  readonly consulted: readonly string[];
  /** What a branch that gives an opinion was asked in; null for every other branch. */
  readonly consultation: Consultation | null;
  /** While PAUSED: the citizen has a duty to pay, so that `resume` shows the proof. */
  readonly proofOwed: boolean;
  /** Agencies that hold it, held it, or were offered it: who may read it. */
  readonly readers: readonly string[];
}

/** Custody on offer. */
export interface PendingCustody {
  /** Hash of the forward (or consult) event; with the branch, the identity of the handoff. */
  readonly forward: Uint8Array;
  readonly receiver: string;
  readonly receiverUnit: string;
  readonly step: string;
  readonly edge: string;
  /** State to go back to on a refusal or an agreed recall. */
  readonly stateBefore: "WORKING" | "COMPLETED";
  /** A system of the receiver has settled it. */
  readonly delivered: boolean;
}

/** A request for opinions, as one of the branches asked knows it. */
export interface Consultation {
  /** Agency that asked. */
  readonly asker: string;
  /** Branch whose agency leads; empty: the asker leads. */
  readonly leadBranch: string;
  /** Agency that leads: to whom the leading branch is offered or which holds it; the asker once that one has declined. */
  readonly lead: string;
}

/** Most branches of a dossier that have not ended: `prior`, and with it a `withdraw`, names no more. */
export const openBranchesMax = 64;

/** Key of `supplementRequests`. Neither part has a slash. */
export function supplementKey(agency: string, step: string): string {
  return `${agency}/${step}`;
}

/** True once every branch has ended. */
export function hasEnded(state: DossierState): boolean {
  return [...state.branches.values()].every((branch) => endStates.has(branch.state));
}

/** Branches that have not ended, FORKED ones included. */
export function openBranches(state: DossierState): BranchCustody[] {
  return [...state.branches.values()].filter((branch) => !endStates.has(branch.state));
}

/**
 * Branches that the last event of a state concerns: those it moved; the one a bus statement is about; all, where it moved none
 * but is about the dossier (`erase`).
 */
export function branchesOfLastEvent(state: DossierState, busBranch?: string): string[] {
  if (busBranch !== undefined) return [busBranch];
  const all = [...state.branches.values()];
  const moved = all.filter((branch) => branch.headNumber === state.number);
  return (moved.length > 0 ? moved : all).map((branch) => branch.branch);
}

/** The branch that a branch was made from; undefined for the root. */
export function parentOf(state: DossierState, branch: BranchCustody): BranchCustody | undefined {
  const dot = branch.branch.lastIndexOf(".");
  return dot < 0 ? undefined : state.branches.get(branch.branch.slice(0, dot));
}

/** Branches that an agency may read: those it holds, held or is offered; the desk that opened the dossier reads all. */
export function readableBranches(state: DossierState, agency: string): BranchCustody[] {
  const branches = [...state.branches.values()];
  return agency === state.openedBy ? branches : branches.filter((branch) => branch.readers.includes(agency));
}
