import type { Timestamp } from "@lienthong/chassis/timestamp";
import type { Document, Statement } from "@lienthong/contracts/exchange/v1/statement";
import {
  erasureReasonWords,
  extensionReasonWords,
  pauseReasonWords,
  recallReasonWords,
  recallRefusalWords,
  refusalReasonWords,
  stopReasonWords,
  supplementReasonWords,
  withdrawalReasonWords,
} from "../contract-words.ts";

/** A document as a statement names it. */
export interface NamedDocument {
  readonly documentId: string;
  readonly kind: string;
  readonly mediaType: string;
  readonly sizeBytes: bigint;
}

/** What only some statements say; empty where a statement does not say it. */
export interface StatementDetails {
  /** Name of the contract without prefix, e.g. "INCOMPLETE". */
  readonly reason: string;
  /** Documents it names, in its order; those of several branches one after the other. */
  readonly documents: readonly NamedDocument[];
  /** Until when: of an extension, a request for papers, a warning. */
  readonly dueTime: Timestamp | undefined;
  /** Kinds of papers asked for. */
  readonly documentKinds: readonly string[];
  /** Unit that becomes responsible; null unless it is an assignment, empty for the agency as such. */
  readonly assignedUnit: string | null;
  /** Part of the step's internal work, from 1; 0: none. */
  readonly internalStep: number;
  /** Branch whose agency leads a consultation; empty: who asks. */
  readonly leadBranch: string;
  /** Documents erased; none: all. */
  readonly erasedIds: readonly string[];
}

const nothing: StatementDetails = {
  reason: "",
  documents: [],
  dueTime: undefined,
  documentKinds: [],
  assignedUnit: null,
  internalStep: 0,
  leadBranch: "",
  erasedIds: [],
};

/** Reads the details of a statement. */
export function detailsOf(what: Statement["what"]): StatementDetails {
  const base = { ...nothing, documents: documentsOf(what) };
  switch (what?.$case) {
    case "refuse":
      return { ...base, reason: refusalReasonWords.nameOf(what.value.reason) };
    case "askRecall":
      return { ...base, reason: recallReasonWords.nameOf(what.value.reason) };
    case "refuseRecall":
      return { ...base, reason: recallRefusalWords.nameOf(what.value.reason) };
    case "requestSupplement": {
      const { reason, documentKinds, dueTime } = what.value;
      return { ...base, reason: supplementReasonWords.nameOf(reason), documentKinds, dueTime };
    }
    case "pause":
      return { ...base, reason: pauseReasonWords.nameOf(what.value.reason) };
    case "extend":
      return { ...base, reason: extensionReasonWords.nameOf(what.value.reason), dueTime: what.value.dueTime };
    case "assign":
      return { ...base, assignedUnit: what.value.unit, internalStep: what.value.internalStep };
    case "withdraw":
      return { ...base, reason: withdrawalReasonWords.nameOf(what.value.reason) };
    case "stop":
      return { ...base, reason: stopReasonWords.nameOf(what.value.reason) };
    case "consult":
      return { ...base, leadBranch: what.value.leadBranch };
    case "erase":
      return { ...base, reason: erasureReasonWords.nameOf(what.value.reason), erasedIds: what.value.documentIds };
    default:
      return base;
  }
}

function documentsOf(what: Statement["what"]): NamedDocument[] {
  if (what === undefined) return [];
  const { value } = what;
  const documents: Document[] =
    "branches" in value
      ? value.branches.flatMap((branch) => branch.documents)
      : "documents" in value
        ? value.documents
        : [];
  const byId = new Map(documents.map((document) => [document.documentId, document]));
  return [...byId.values()].map(({ documentId, kind, mediaType, sizeBytes }) => ({
    documentId,
    kind,
    mediaType,
    sizeBytes,
  }));
}
