import { type BusError, busError, realClock } from "@lienthong/chassis";
import { BranchState, type Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import type { TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import {
  type BranchCustody,
  branchesOfLastEvent,
  type CustodyState,
  type DossierState,
  evolve,
  hasEnded,
  readableBranches,
} from "@lienthong/domain";
import { hexOf, legalDayAt, type RegistryState } from "@lienthong/registry-state";
import { dossierCodePattern, type ReadEvent, readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { absentDossier, type DossierStore, type StoredEvent } from "./dossier-store.ts";
import { ShardStoppedError } from "./shard-guard.ts";

/** What a reader of a dossier may see. */
export interface ReadableDossier {
  readonly state: DossierState;
  readonly events: readonly {
    readonly stored: StoredEvent;
    readonly event: ReadEvent;
    readonly hash: Uint8Array;
    readonly visible: boolean;
  }[];
  readonly branches: readonly BranchCustody[];
  /** Audit scope that entitles the reader; empty: its own branches do. */
  readonly auditScope: string;
}

/** Reads a dossier at the leader on behalf of an agency. Throws DOSSIER_UNKNOWN or NOT_ENTITLED. */
export async function readDossierFor(
  question: { shard: string; dossier: string; agency: string },
  store: DossierStore,
  registry: RegistryState,
): Promise<ReadableDossier> {
  const { dossier, agency } = question;
  if (!dossierCodePattern.test(dossier)) {
    throw busError("FIELD_INVALID", { field: "dossier", allowed: "an official dossier code such as H26-250505-0001" });
  }
  const unreadable = (error: unknown): never => {
    throw error instanceof ShardStoppedError ? error : busError("STORE_UNAVAILABLE", {}, { cause: error });
  };
  const stored = await store.events(dossier).catch(unreadable);
  let folded: DossierState | null = null;
  const read: { stored: StoredEvent; event: ReadEvent; hash: Uint8Array; concerns: string[] }[] = [];
  for (const event of stored) {
    const hash = leafHash(event.bytes);
    const parsed = readEvent(event.bytes);
    folded = evolve(folded, parsed, hash);
    read.push({ stored: event, event: parsed, hash, concerns: branchesOf(parsed, folded) });
  }
  if (folded === null) {
    // "There is none" is said on a majority's word only.
    if (!(await store.isConfirmed(dossier, absentDossier).catch(unreadable))) throw busError("STORE_UNAVAILABLE");
    throw busError("DOSSIER_UNKNOWN", { field: "dossier", dossier });
  }
  const auditScope = auditScopeOver(registry, question, folded);
  const branches = auditScope !== "" ? [...folded.branches.values()] : readableBranches(folded, agency);
  if (branches.length === 0) throw notEntitled(agency, dossier);
  const visible = new Set(branches.map((branch) => branch.branch));
  return {
    state: folded,
    branches,
    auditScope,
    events: read.map(({ concerns, ...entry }) => ({
      ...entry,
      visible: concerns.some((branch) => visible.has(branch)),
    })),
  };
}

/**
 * Branches that an event concerns, `after` it: all that it moved, also where the statement does not name them (a stop ends the
 * opinions that were asked for, and who was asked may see why).
 */
function branchesOf(event: ReadEvent, after: DossierState): string[] {
  return branchesOfLastEvent(after, event.body.$case === "bus" ? event.body.bus.branch : undefined);
}

/** The agency's audit scope that covers this dossier; empty: none does. */
function auditScopeOver(
  registry: RegistryState,
  question: { shard: string; agency: string },
  state: DossierState,
): string {
  const procedure = registry.procedureByEntry(hexOf(state.procedureEntry))?.record.key ?? "";
  const holders = new Set([state.openedBy, ...[...state.branches.values()].flatMap((branch) => branch.readers)]);
  const covering = registry
    .auditScopesOf(question.agency, legalDayAt(realClock.nowMs()))
    .find(
      ({ record }) =>
        (record.shards.length === 0 || record.shards.includes(question.shard)) &&
        (record.procedures.length === 0 || record.procedures.includes(procedure)) &&
        (record.agencies.length === 0 || record.agencies.some((agency) => holders.has(agency))),
    );
  return covering?.id ?? "";
}

function notEntitled(agency: string, dossier: string): BusError {
  return busError("NOT_ENTITLED", { field: "agency", agency, dossier });
}

const branchStates: Readonly<Record<CustodyState, BranchState>> = {
  WORKING: BranchState.BRANCH_STATE_WORKING,
  COMPLETED: BranchState.BRANCH_STATE_COMPLETED,
  HANDED_OVER: BranchState.BRANCH_STATE_HANDED_OVER,
  RECALL_ASKED: BranchState.BRANCH_STATE_RECALL_ASKED,
  FORKED: BranchState.BRANCH_STATE_FORKED,
  JOINED: BranchState.BRANCH_STATE_JOINED,
  SUPPLEMENT_AWAITED: BranchState.BRANCH_STATE_SUPPLEMENT_AWAITED,
  PAUSED: BranchState.BRANCH_STATE_PAUSED,
  RETURNED: BranchState.BRANCH_STATE_RETURNED,
  WITHDRAWN: BranchState.BRANCH_STATE_WITHDRAWN,
  STOPPED: BranchState.BRANCH_STATE_STOPPED,
};

/** The state of a dossier as the contract shows it. */
export function dossierMessage(shard: string, readable: ReadableDossier, registry: RegistryState): Dossier {
  const { state, branches } = readable;
  const route = registry.routeByEntry(hexOf(state.routeEntry))?.record;
  return {
    dossier: state.dossier,
    shard,
    procedure: registry.procedureByEntry(hexOf(state.procedureEntry))?.record.key ?? "",
    route: route === undefined ? "" : `${route.id}/${route.version}`,
    areaCode: state.areaCode,
    openedBy: state.openedBy,
    eventCount: BigInt(state.number),
    lastEvent: state.lastEvent,
    branches: branches
      .toSorted((a, b) => (a.branch < b.branch ? -1 : 1))
      .map((branch) => ({
        branch: branch.branch,
        state: branchStates[branch.state],
        holder: branch.holder,
        unit: branch.unit,
        step: branch.step,
        head: branch.head,
        pending:
          branch.pending === null
            ? undefined
            : {
                handoff: { forward: branch.pending.forward, branch: branch.branch },
                receiver: { agency: branch.pending.receiver, unit: branch.pending.receiverUnit },
                step: branch.pending.step,
                edge: branch.pending.edge,
                delivered: branch.pending.delivered,
              },
        heldSince: branch.heldSince,
      })),
    ended: hasEnded(state),
  };
}

/** A page of a trail: events of branches that the reader may not see appear as their hashes, so that the chain still shows. */
export function trailPage(
  readable: ReadableDossier,
  pageSize: number,
  pageToken: string,
): { entries: TrailEntry[]; nextPageToken: string } {
  if (pageSize > 500) throw busError("FIELD_INVALID", { field: "page_size", allowed: "0 to 500" });
  if (pageToken !== "" && !/^[1-9]\d{0,9}$/.test(pageToken)) {
    throw busError("FIELD_INVALID", {
      field: "page_token",
      allowed: "empty, or next_page_token of the page before as it came",
    });
  }
  const start = pageToken === "" ? 0 : Number(pageToken);
  const end = start + (pageSize === 0 ? 100 : pageSize);
  const entries = readable.events.slice(start, end).map(({ stored, event, hash, visible }) => ({
    number: event.header.number,
    leafIndex: BigInt(stored.sequence - 1),
    hash,
    event: visible ? stored.bytes : new Uint8Array(0),
  }));
  return { entries, nextPageToken: end < readable.events.length ? String(end) : "" };
}
