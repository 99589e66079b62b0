import { busError, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { DocumentServiceService } from "@lienthong/contracts/exchange/v1/document_service";
import { restoreNamed } from "./document-access.ts";
import { type DocumentRecord, documentState } from "./document-record.ts";
import { partBytes } from "./document-streams.ts";
import type { PartStore } from "./part-store.ts";
import type { HeldRecord } from "./record-store.ts";
import { type Authorise, checkDocumentRequest, expectDelegated } from "./requests.ts";
import type { ServedDocuments, ShardDocuments } from "./served-documents.ts";

/** What an uploader's own questions stand on. */
export interface OwnDocumentsDependencies {
  readonly served: ServedDocuments;
  readonly authorise: Authorise;
}

/** DocumentService/GetUpload. */
export function getUploadPort(on: OwnDocumentsDependencies): HandlerFor<DocumentServiceService["getUpload"]> {
  return unaryHandler(async (request, context) => {
    const documents = on.served.expect(request.shard, "shard");
    checkDocumentRequest(request);
    expectDelegated(context.identity, request.agency, "agency", on.authorise);
    const { record } = await ownDocument(request, documents);
    return {
      state: documentState(record),
      durableBytes: BigInt(await durableBytesOf(record, documents.parts)),
      transferSizeBytes: BigInt(record.transferSizeBytes),
    };
  });
}

/**
 * DocumentService/DeleteDocument. Hides the document; its bytes go after the grace period, so that a statement that was checked just
 * before and becomes durable just after still finds them.
 */
export function deletePort(on: OwnDocumentsDependencies): HandlerFor<DocumentServiceService["deleteDocument"]> {
  return unaryHandler(async (request, context) => {
    const documents = on.served.expect(request.shard, "shard");
    checkDocumentRequest(request);
    expectDelegated(context.identity, request.agency, "agency", on.authorise);
    const { records, parts, clock } = documents;
    for (;;) {
      const held = await ownDocument(request, documents);
      const { record, sequence } = held;
      if (record.state === "deleted" || record.state === "removing") return {};
      if (record.state === "erased") throw busError("DOCUMENT_ERASED", { document: record.documentId });
      await expectUnnamed(record, documents);
      const hidden: DocumentRecord = { ...record, state: "deleted", stateMs: clock.nowMs() };
      if (record.state === "uploading") {
        // Nobody can have named it: it was never whole. A crash between the two leaves `removing`, which the collector goes on with.
        const removing = await records.write({ ...hidden, state: "removing" }, sequence);
        if (removing === null) continue;
        await parts.drop(record);
        await records.forget(record.documentId, removing.sequence);
        return {};
      }
      // From here on no statement that is checked can name it.
      const written = await records.write(hidden, sequence);
      if (written === null) continue;
      await expectUnnamed(record, documents).catch(async (error: unknown) => {
        await restoreNamed(written, documents);
        throw error;
      });
      return {};
    }
  });
}

async function expectUnnamed(record: DocumentRecord, on: ShardDocuments): Promise<void> {
  const trail = await on.trails.documents(record.dossier);
  if (trail.names(record.documentId, record.transferDigest)) {
    throw busError("DOCUMENT_NAMED", { field: "document_id", document: record.documentId });
  }
}

/** A document of the agency. Throws DOCUMENT_UNKNOWN, also for one that another agency uploaded. */
async function ownDocument(
  { documentId, agency }: { documentId: string; agency: string },
  on: ShardDocuments,
): Promise<HeldRecord & { record: DocumentRecord }> {
  const { record, sequence } = await on.records.read(documentId);
  if (record === null || record.agency !== agency) {
    throw busError("DOCUMENT_UNKNOWN", { field: "document_id", agency, document: documentId });
  }
  return { record, sequence };
}

async function durableBytesOf(record: DocumentRecord, parts: PartStore): Promise<number> {
  if (record.state !== "uploading") return record.token === "" ? 0 : record.transferSizeBytes;
  const last = await parts.last(record);
  return Math.min(record.transferSizeBytes, (last.index + 1) * partBytes);
}
