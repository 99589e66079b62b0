import { busError, type Clock } from "@lienthong/chassis";
import type { DocumentRecord } from "./document-record.ts";
import type { DossierTrails } from "./dossier-trails.ts";
import type { HeldRecord, RecordStore } from "./record-store.ts";

/** What looking up who may open what stands on. */
export interface AccessDependencies {
  readonly records: RecordStore;
  readonly trails: DossierTrails;
  /** Real UTC. */
  readonly clock: Clock;
}

/**
 * A document that an agency may open, its bytes there. Throws NOT_ENTITLED, the same whether there is no such document or it is not
 * for the agency; to those who may know of it, DOCUMENT_NOT_READY or DOCUMENT_ERASED.
 */
export async function documentToOpen(
  documentId: string,
  agency: string,
  on: AccessDependencies,
): Promise<DocumentRecord> {
  const held = await on.records.read(documentId);
  const { record } = held;
  if (record === null) throw notEntitled(agency, documentId);
  const trail = await on.trails.documents(record.dossier);
  const isNamed = trail.names(documentId, record.transferDigest);
  if (record.agency !== agency && !trail.namesFor(agency, documentId, record.transferDigest)) {
    throw notEntitled(agency, documentId);
  }
  if (record.state === "complete") return record;
  if (record.state === "erased") throw busError("DOCUMENT_ERASED", { document: documentId });
  if (record.state === "deleted" && isNamed) return restoreNamed(held, on);
  throw busError("DOCUMENT_NOT_READY", { document: documentId, state: shownState(record) });
}

/**
 * A document was taken back while a statement that names it was on its way: the statement is in the trail, so the document stays. Gives
 * the record as it then is.
 */
export async function restoreNamed(
  { record, sequence }: HeldRecord,
  on: Pick<AccessDependencies, "records" | "clock">,
): Promise<DocumentRecord> {
  const restored: DocumentRecord = { ...(record as DocumentRecord), state: "complete", stateMs: on.clock.nowMs() };
  // Losing against somebody else who restores, or erases, is as good: it is read again at the next call.
  await on.records.write(restored, sequence);
  return restored;
}

/** The state as refusals name it. */
export function shownState(record: DocumentRecord | null): string {
  if (record === null) return "absent";
  return record.state === "removing" ? "deleted" : record.state;
}

function notEntitled(agency: string, documentId: string) {
  return busError("NOT_ENTITLED", { field: "document_id", agency, document: documentId });
}
