import { busError, bytesPassed, type HandlerFor, Places, serverStreamHandler } from "@lienthong/chassis";
import type { DocumentServiceService } from "@lienthong/contracts/exchange/v1/document_service";
import { documentToOpen } from "./document-access.ts";
import { type DocumentRecord, partsPerLandmark, storedDocument } from "./document-record.ts";
import { partBytes } from "./document-streams.ts";
import { type Authorise, checkDocumentRequest, expectDelegated, invalid } from "./requests.ts";
import type { ServedDocuments, ShardDocuments } from "./served-documents.ts";

/** What downloading stands on. */
export interface DownloadPortDependencies {
  readonly served: ServedDocuments;
  readonly downloadsAtOnceMax: number;
  readonly authorise: Authorise;
}

/** Bytes in one message: gRPC takes 16 messages before it tells that the caller does not read. */
const chunkBytes = 65_536;
/** How often a part that a replica does not have yet is asked for again, and the pause before. */
const attemptsMax = 20;
const attemptPauseMs = 100;

/** DocumentService/DownloadDocument. */
export function downloadPort(on: DownloadPortDependencies): HandlerFor<DocumentServiceService["downloadDocument"]> {
  const places = new Places(on.downloadsAtOnceMax, "downloads");
  return serverStreamHandler(async (request, stream, context) => {
    const documents = on.served.expect(request.shard, "shard");
    checkDocumentRequest(request);
    expectDelegated(context.identity, request.agency, "agency", on.authorise);
    const leave = places.take(context.identity?.systemId ?? "");
    try {
      const record = await documentToOpen(request.documentId, request.agency, documents);
      if (request.offset > BigInt(record.transferSizeBytes)) {
        throw invalid("offset", `0 to ${record.transferSizeBytes}, the size of the bytes that travel`);
      }
      const salts = await documents.parts.salts(record);
      await stream.send({ what: { $case: "document", value: storedDocument(record, salts) } });
      for await (const { offset, data } of bytesFrom(Number(request.offset), record, documents)) {
        if (context.ended) throw context.endReason();
        if (context.drainSignal.aborted) throw busError("DRAINING");
        // Asked again for every part: a delegation may end while a download goes on for minutes.
        expectDelegated(context.identity, request.agency, "agency", on.authorise);
        for (let at = 0; at < data.length; at += chunkBytes) {
          const chunk = asBuffer(data.subarray(at, at + chunkBytes));
          await stream.send({ what: { $case: "chunk", value: { offset: BigInt(offset + at), data: chunk } } });
          bytesPassed(chunk.length);
        }
      }
    } finally {
      leave();
    }
  });
}

/** The bytes of a document from an offset on, part by part. */
async function* bytesFrom(
  offset: number,
  record: DocumentRecord,
  { parts, records }: ShardDocuments,
): AsyncGenerator<{ offset: number; data: Uint8Array }> {
  const partCount = Math.ceil(record.transferSizeBytes / partBytes);
  const firstWanted = Math.floor(offset / partBytes);
  const landmark = Math.floor(firstWanted / partsPerLandmark);
  let next = { index: landmark * partsPerLandmark, sequence: record.landmarks[landmark] ?? 1 };
  for (let attempt = 1; next.index < partCount && firstWanted < partCount; attempt++) {
    for await (const { index, sequence, data } of parts.read(record, next)) {
      attempt = 1;
      next = { index: index + 1, sequence: sequence + 1 };
      if (index < firstWanted) continue;
      const skipped = Math.max(0, offset - index * partBytes);
      if (skipped < data.length) yield { offset: index * partBytes + skipped, data: data.subarray(skipped) };
    }
    if (next.index >= partCount) return;
    // A replica may lag behind the leader that told the document complete; or its bytes went while we read.
    const now = await records.read(record.documentId);
    if (now.record?.state === "erased") throw busError("DOCUMENT_ERASED", { document: record.documentId });
    if (now.record?.token !== record.token) throw busError("DOCUMENT_NOT_READY", { document: record.documentId });
    if (attempt >= attemptsMax) {
      throw new Error(`Part ${next.index} of document ${record.documentId} is missing from the store.`);
    }
    await new Promise((resume) => setTimeout(resume, attemptPauseMs));
  }
}

/** The same bytes, not a copy. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
