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
  /** Hash of the event that moved it last: what `prior` must name. */
  readonly head: Uint8Array;
  /** Number within the dossier of that event. */
  readonly headNumber: number;
  /** Since when the holder has held it, legal time. */
  readonly heldSince: Timestamp;
  /** The handoff on offer. */
  readonly pending: PendingCustody | null;
  /** Its live children, and one edge that tells which fork of the route they took, while FORKED. */
  readonly fork: { readonly edge: string; readonly children: readonly string[] } | null;
  /** While a child of a fork has not left the forking step: the edge it was made for. */
  readonly owedEdge: string;
  /** Agencies that hold it, held it, or were offered it: who may read it. */
  readonly readers: readonly string[];
}

/** Custody on offer. */
export interface PendingCustody {
  /** Hash of the forward event; with the branch, the identity of the handoff. */
  readonly forward: Uint8Array;
  readonly receiver: string;
  readonly receiverUnit: string;
  readonly step: string;
  readonly edge: string;
  /** State to go back to on a refusal. */
  readonly stateBefore: "WORKING" | "COMPLETED";
  /** A system of the receiver has settled it. */
  readonly delivered: boolean;
}

/** True once every branch has ended. */
export function hasEnded(state: DossierState): boolean {
  return [...state.branches.values()].every((branch) => endStates.has(branch.state));
}

/** Branches that an agency may read: those it holds, held or is offered; the desk that opened the dossier reads all. */
export function readableBranches(state: DossierState, agency: string): BranchCustody[] {
  const branches = [...state.branches.values()];
  return agency === state.openedBy ? branches : branches.filter((branch) => branch.readers.includes(agency));
}
