import { type BusError, busError } from "@lienthong/chassis";
import type { Statement } from "@lienthong/contracts/exchange/v1/statement";
import { documentsNamedBy, type NamedDocument, readEvent } from "@lienthong/statement";
import type { DossierStore } from "./dossier-store.ts";

/** Who knows which documents are there. */
export interface DocumentsCheck {
  /** Why a statement may not name these documents, all of which travel; null if it may. May reject with a refusal that can pass. */
  refusalFor(statement: Statement, named: readonly NamedDocument[]): Promise<BusError | null>;
}

/**
 * Throws unless every document that a statement names, and that travels through the bus, is complete in the store and as named.
 *
 * This runs before the statement is decided, and what it finds may change at once. A document that is taken back after it was found here
 * keeps its bytes for a grace period, far longer than a statement takes to become durable, and for good if an event names it
 * by then: so an event never names bytes that are gone. A statement that had its effect already is let through, whatever became
 * of its documents since: the write path answers it with its event.
 */
export async function expectDocumentsReady(
  statement: Statement,
  on: { readonly documents: DocumentsCheck | null; readonly dossiers: DossierStore },
): Promise<void> {
  const named = documentsNamedBy(statement).filter(({ document }) => document.transferDigest.length > 0);
  if (named.length === 0) return;
  const refusal = await refusalOf(statement, named, on.documents);
  if (refusal === null || (await wasRecorded(statement, on.dossiers))) return;
  throw refusal;
}

async function refusalOf(
  statement: Statement,
  named: readonly NamedDocument[],
  documents: DocumentsCheck | null,
): Promise<BusError | null> {
  if (documents !== null) return documents.refusalFor(statement, named);
  return busError("STATEMENT_UNSUPPORTED", {
    field: `${named[0]?.field}.transfer_digest`,
    message: "This exchange runs without a document service; name documents without a transfer_digest.",
  });
}

/** Whether the author's statement of this id is in the trail, as the leader has it. */
async function wasRecorded(statement: Statement, dossiers: DossierStore): Promise<boolean> {
  const events = await dossiers.events(statement.dossier).catch((error: unknown) => {
    throw busError("STORE_UNAVAILABLE", {}, { cause: error });
  });
  return events.some(({ bytes }) => {
    const { body } = readEvent(bytes);
    return (
      body.$case === "statement" &&
      body.statement.statementId === statement.statementId &&
      body.statement.author?.agency === statement.author?.agency
    );
  });
}
