import type {
  DocumentServiceClient,
  GetUploadResponse,
  StoredDocument,
} from "@lienthong/contracts/exchange/v1/document_service";
import { type DownloadDocument, type DownloadedDocument, downloadDocument } from "./documents-download.ts";
import { type DocumentSource, type PreparedDocument, prepareDocument } from "./documents-prepare.ts";
import { type UploadedDocument, type UploadTarget, uploadPrepared } from "./documents-upload.ts";
import { type CallSettings, unaryCall } from "./unary-call.ts";

/** One document, and the agency that asks. */
export interface DocumentQuestion {
  readonly shard: string;
  readonly agency: string;
  readonly documentId: string;
}

/** Which documents of a dossier are asked about. */
export interface DocumentsQuestion {
  readonly shard: string;
  readonly agency: string;
  /** Official code. */
  readonly dossier: string;
  /** Only these, at most 128; absent or empty: all that the agency may open. */
  readonly documentIds?: readonly string[];
}

/** What the document service is asked. Calls reject with BusCallError. */
export interface DocumentCalls {
  /**
   * Hashes a document, uploads it, and resolves when it is durable and verified there: its `document` may then be named. The salts that
   * were made are in the answer; keep them with the file.
   */
  uploadDocument(upload: DocumentSource & UploadTarget): Promise<UploadedDocument & PreparedDocument>;
  /** Uploads what `prepareDocument` made; for those who must go on after a restart under the same id. */
  uploadPrepared(prepared: PreparedDocument, target: UploadTarget): Promise<UploadedDocument>;
  /** Fetches a document into a file and verifies it. Rejects with DocumentRejectedError if it is not what the event names. */
  downloadDocument(download: DownloadDocument): Promise<DownloadedDocument>;
  /** Documents of a dossier that the agency may open, all pages. */
  describeDocuments(question: DocumentsQuestion, settings?: CallSettings): Promise<StoredDocument[]>;
  /** How far an own upload is. */
  getUpload(question: DocumentQuestion, settings?: CallSettings): Promise<GetUploadResponse>;
  /** Takes an own document back while no event names it. */
  deleteDocument(question: DocumentQuestion, settings?: CallSettings): Promise<void>;
}

const pageSizeMax = 500;

export function documentCalls(client: DocumentServiceClient, defaults: CallSettings): DocumentCalls {
  return {
    async uploadDocument(upload) {
      const { discard, ...prepared } = await prepareDocument(upload);
      try {
        return { ...prepared, ...(await uploadPrepared(client, prepared, upload)) };
      } finally {
        await discard();
      }
    },
    uploadPrepared: (prepared, target) => uploadPrepared(client, prepared, target),
    downloadDocument: (download) => downloadDocument(client, download),
    async describeDocuments({ shard, agency, dossier, documentIds = [] }, settings = defaults) {
      const documents: StoredDocument[] = [];
      let pageToken = "";
      do {
        const request = { shard, agency, dossier, documentIds: [...documentIds], pageSize: pageSizeMax, pageToken };
        const page = await unaryCall(client.describeDocuments.bind(client), request, settings);
        documents.push(...page.documents);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return documents;
    },
    getUpload: ({ shard, agency, documentId }, settings = defaults) =>
      unaryCall(client.getUpload.bind(client), { shard, agency, documentId }, settings),
    async deleteDocument({ shard, agency, documentId }, settings = defaults) {
      await unaryCall(client.deleteDocument.bind(client), { shard, agency, documentId }, settings);
    },
  };
}
