import { type BranchCustody, type CustodyState, type DossierState, endStates, StatementIds } from "@lienthong/domain";
import { type DossierRow, microsecondsOf, timestampOfMicroseconds } from "./rows.ts";

/** What is remembered of a dossier between two of its events. */
export interface FoldedDossier {
  /** As `evolve` needs it; of ended branches only the state, of the past only what moves. */
  readonly state: DossierState;
  /** By open and held branch: leaf of the event with which its holding began. */
  readonly began: ReadonlyMap<string, number>;
  /** By branch with a pending handoff: leaf of the forward. */
  readonly forwarded: ReadonlyMap<string, number>;
  /** Who opened it or was offered a branch. Sorted. */
  readonly agencies: readonly string[];
  readonly openedLeaf: number;
  readonly procedureEntry: string;
  readonly procedure: string;
  readonly route: string;
}

type EndedText = readonly [branch: string, state: CustodyState];
type OpenText = readonly [
  branch: string,
  state: CustodyState,
  holder: string,
  unit: string,
  step: string,
  heldSinceUs: number,
  began: number,
  pending: PendingText | 0,
  fork: readonly [edge: string, children: readonly string[]] | 0,
  owedEdge: string,
  consulted: readonly string[],
  consultation: readonly [asker: string, leadBranch: string, lead: string] | 0,
];
type PendingText = readonly [
  forward: string,
  leaf: number,
  receiver: string,
  receiverUnit: string,
  step: string,
  edge: string,
  stateBefore: "WORKING" | "COMPLETED",
  delivered: 0 | 1,
];

/** Custody as text, for the row of the dossier. The same whether the state was folded in one go or was read back in between. */
export function foldToText({ state, began, forwarded }: FoldedDossier): string {
  const branches = [...state.branches.values()].toSorted((a, b) => (a.branch < b.branch ? -1 : 1));
  return JSON.stringify(
    branches.map((branch): EndedText | OpenText => {
      if (endStates.has(branch.state)) return [branch.branch, branch.state];
      const { pending, fork, consultation } = branch;
      return [
        branch.branch,
        branch.state,
        branch.holder,
        branch.unit,
        branch.step,
        microsecondsOf(branch.heldSince),
        began.get(branch.branch) ?? -1,
        pending === null
          ? 0
          : [
              Buffer.from(pending.forward).toString("hex"),
              forwarded.get(branch.branch) ?? -1,
              pending.receiver,
              pending.receiverUnit,
              pending.step,
              pending.edge,
              pending.stateBefore,
              pending.delivered ? 1 : 0,
            ],
        fork === null ? 0 : [fork.edge, fork.children],
        branch.owedEdge,
        branch.consulted,
        consultation === null ? 0 : [consultation.asker, consultation.leadBranch, consultation.lead],
      ];
    }),
  );
}

/** The row of a dossier, as far as the fold needs it. */
export type StoredDossier = Omit<DossierRow, "last_leaf" | "ended">;

const noBytes = new Uint8Array(0);
const noTime = { seconds: 0n, nanos: 0 };

/** The inverse of `foldToText`. */
export function foldFromRow(row: StoredDossier): FoldedDossier {
  const began = new Map<string, number>();
  const forwarded = new Map<string, number>();
  const branches = new Map<string, BranchCustody>();
  for (const text of JSON.parse(row.fold) as (EndedText | OpenText)[]) {
    const branch = branchOf(text);
    branches.set(branch.branch, branch);
    if (text.length === 2) continue;
    if (text[6] >= 0) began.set(branch.branch, text[6]);
    if (text[7] !== 0) forwarded.set(branch.branch, text[7][1]);
  }
  return {
    state: {
      dossier: row.dossier,
      openedBy: row.opened_by,
      areaCode: row.area_code,
      procedureEntry: noBytes,
      routeEntry: noBytes,
      chosenEdges: [],
      branches,
      extendedBy: 0,
      supplementRequests: new Map(),
      statementIds: StatementIds.empty,
      number: row.events,
      lastEvent: noBytes,
      registrySize: 0n,
      recordedTime: noTime,
      wallTime: noTime,
    },
    began,
    forwarded,
    agencies: row.agencies,
    openedLeaf: row.opened_leaf,
    procedureEntry: row.procedure_entry,
    procedure: row.procedure,
    route: row.route,
  };
}

function branchOf(text: EndedText | OpenText): BranchCustody {
  const [branch, state] = text;
  const ended: BranchCustody = {
    branch,
    state,
    holder: "",
    unit: "",
    step: "",
    head: noBytes,
    headNumber: 0,
    heldSince: noTime,
    pending: null,
    fork: null,
    owedEdge: "",
    consulted: [],
    consultation: null,
    proofOwed: false,
    readers: [],
  };
  if (text.length === 2) return ended;
  const [, , holder, unit, step, heldSinceUs, , pending, fork, owedEdge, consulted, consultation] = text;
  return {
    ...ended,
    holder,
    unit,
    step,
    heldSince: timestampOfMicroseconds(heldSinceUs),
    pending:
      pending === 0
        ? null
        : {
            forward: Uint8Array.from(Buffer.from(pending[0], "hex")),
            receiver: pending[2],
            receiverUnit: pending[3],
            step: pending[4],
            edge: pending[5],
            stateBefore: pending[6],
            delivered: pending[7] === 1,
          },
    fork: fork === 0 ? null : { edge: fork[0], children: fork[1] },
    owedEdge,
    consulted,
    consultation:
      consultation === 0 ? null : { asker: consultation[0], leadBranch: consultation[1], lead: consultation[2] },
  };
}

/** The state without what only a decision needs, so that memory does not grow with a dossier's length. */
export function withoutPast(state: DossierState): DossierState {
  return { ...state, statementIds: StatementIds.empty, supplementRequests: new Map() };
}
