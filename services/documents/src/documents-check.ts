import { type BusError, busError } from "@lienthong/chassis";
import type { Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { NamedDocument } from "@lienthong/statement";
import type { NatsConnection } from "@nats-io/nats-core";
import { shownState } from "./document-access.ts";
import { type DocumentRecord, differingAttribute } from "./document-record.ts";
import { createDossierTrails, type DossierTrails } from "./dossier-trails.ts";
import { createRecordStore } from "./record-store.ts";

/** Whether a statement may name the documents that it names. */
export interface DocumentsCheck {
  /**
   * Why it may not, naming the first document at fault; null if each is complete and as named, and its author may open it.
   * `named`: the documents of the statement that travel. Rejects with STORE_UNAVAILABLE.
   */
  refusalFor(statement: Statement, named: readonly NamedDocument[]): Promise<BusError | null>;
}

/** The check of a shard, for whoever writes its events. It needs no more than to read streams. */
export function createDocumentsCheck(connection: NatsConnection, shard: string): DocumentsCheck {
  const store = createRecordStore(connection, shard);
  const trails = createDossierTrails(connection, shard);

  return {
    async refusalFor(statement, named) {
      const records = await store.readSeveral(named.map(({ document }) => document.documentId));
      for (const one of named) {
        const { documentId } = one.document;
        if (recordRefusal(statement, one, records.get(documentId)) === null) continue;
        // A replica may lag behind. What it says in favour was so a moment ago, and bytes outlive that by the grace period;
        // what it says against is asked again at the leader.
        const { record } = await store.read(documentId);
        const refusal = recordRefusal(statement, one, record ?? undefined);
        if (refusal !== null) return refusal;
        records.set(documentId, record as DocumentRecord);
      }
      return authorRefusal(statement, named, records, trails);
    },
  };
}

function recordRefusal(
  statement: Statement,
  { document, field }: NamedDocument,
  record: DocumentRecord | undefined,
): BusError | null {
  const about = { document: document.documentId };
  const isOfDossier = record?.dossier === statement.dossier;
  if (record?.state === "erased" && isOfDossier) return busError("DOCUMENT_ERASED", { field, ...about });
  if (record?.state !== "complete") {
    const state = shownState(isOfDossier ? (record ?? null) : null);
    return busError("DOCUMENT_NOT_READY", { field, ...about, state });
  }
  if (!isOfDossier) return busError("DOCUMENT_DIFFERS", { field: `${field}.document_id`, ...about });
  const attribute = differingAttribute(document, record);
  return attribute === null ? null : busError("DOCUMENT_DIFFERS", { field: `${field}.${attribute}`, ...about });
}

/**
 * Nobody gives others what it may not open itself: an event that shows a document's digests to an agency that it is not for must not let
 * that agency name it for somebody else.
 */
async function authorRefusal(
  statement: Statement,
  named: readonly NamedDocument[],
  records: ReadonlyMap<string, DocumentRecord>,
  trails: DossierTrails,
): Promise<BusError | null> {
  const author = statement.author?.agency ?? "";
  const foreign = named.filter(({ document }) => records.get(document.documentId)?.agency !== author);
  if (foreign.length === 0) return null;
  const trail = await trails.documents(statement.dossier);
  const refused = foreign.find(({ document }) => !trail.namesFor(author, document.documentId, document.transferDigest));
  return refused === undefined
    ? null
    : busError("NOT_ENTITLED", { field: refused.field, agency: author, document: refused.document.documentId });
}
