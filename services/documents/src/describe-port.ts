import { type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { DocumentServiceService, StoredDocument } from "@lienthong/contracts/exchange/v1/document_service";
import { type DocumentRecord, storedDocument } from "./document-record.ts";
import { type Authorise, checkAgency, checkDocumentId, checkDossier, expectDelegated, invalid } from "./requests.ts";
import type { ServedDocuments } from "./served-documents.ts";

/** What describing stands on. */
export interface DescribePortDependencies {
  readonly served: ServedDocuments;
  readonly authorise: Authorise;
}

const documentIdsMax = 128;
const pageSizeMax = 500;
const pageSizeDefault = 100;
/** Records looked up at once. */
const recordsPerRead = 200;

/** DocumentService/DescribeDocuments. */
export function describePort(on: DescribePortDependencies): HandlerFor<DocumentServiceService["describeDocuments"]> {
  return unaryHandler(async (request, context) => {
    const { shard, agency, dossier, documentIds, pageSize, pageToken } = request;
    const { trails, records: store, parts, uploadedBy } = on.served.expect(shard, "shard");
    checkAgency(agency, "agency");
    checkDossier(dossier, "dossier");
    if (documentIds.length > documentIdsMax) throw invalid("document_ids", `0 to ${documentIdsMax} items`);
    for (const [index, id] of documentIds.entries()) checkDocumentId(id, `document_ids[${index}]`);
    if (pageSize > pageSizeMax) throw invalid("page_size", `0 to ${pageSizeMax}`);
    if (pageToken !== "") checkDocumentId(pageToken, "page_token");
    expectDelegated(context.identity, agency, "agency", on.authorise);

    const trail = await trails.documents(dossier);
    const mayOpen = (record: DocumentRecord) =>
      record.dossier === dossier &&
      (record.agency === agency || trail.namesFor(agency, record.documentId, record.transferDigest));
    const asked = documentIds.length > 0 ? documentIds : [...trail.documentIds, ...uploadedBy(agency, dossier)];
    const candidates = [...new Set(asked)].filter((id) => id > pageToken).sort();
    const wanted = pageSize === 0 ? pageSizeDefault : pageSize;
    const open: DocumentRecord[] = [];
    const described = (): Promise<StoredDocument[]> =>
      Promise.all(open.map(async (record) => storedDocument(record, await parts.salts(record))));
    for (let start = 0; start < candidates.length; start += recordsPerRead) {
      const ids = candidates.slice(start, start + recordsPerRead);
      const records = await store.readSeveral(ids);
      for (const id of ids) {
        const record = records.get(id);
        if (record === undefined || !mayOpen(record)) continue;
        if (open.length === wanted)
          return { documents: await described(), nextPageToken: open.at(-1)?.documentId ?? "" };
        open.push(record);
      }
    }
    return { documents: await described(), nextPageToken: "" };
  });
}
