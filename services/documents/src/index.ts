export type { Collected } from "./collector.ts";
export { type DocumentServiceOptions, documentService } from "./document-service.ts";
export { assertDocumentStreams, type DocumentStreamsOptions, reconcileDocumentStreams } from "./document-streams.ts";
export { createDocuments, type Documents, type DocumentsOptions } from "./documents.ts";
export { createDocumentsCheck, type DocumentsCheck } from "./documents-check.ts";
export { ServedDocuments } from "./served-documents.ts";
