import { asBusError, type BusError, busError, type PeerIdentity } from "@lienthong/chassis";
import { messageDescriptor } from "@lienthong/contracts/descriptors";
import type {
  DocumentChunk,
  UploadDocumentRequest,
  UploadStart,
} from "@lienthong/contracts/exchange/v1/document_service";
import { Document } from "@lienthong/contracts/exchange/v1/statement";
import { dossierCodePattern, idPattern, saltBytes, strictMessage, uuidV7Pattern } from "@lienthong/statement";

/** Most bytes in one chunk. */
export const chunkBytesMax = 262_144;

const documentCheck = strictMessage(messageDescriptor("lienthong.exchange.v1.Document"));

/** Why a system may not act for an agency; null if it may. May throw the refusal as well. */
export type Authorise = (identity: PeerIdentity, agency: string) => BusError | null;

/** A `start` whose form is right. */
export interface CheckedStart {
  readonly start: UploadStart;
  readonly document: Document;
}

/** Checks how an upload starts, all but its shard. Throws a refusal that names the field. */
export function checkStart(start: UploadStart, transferBytesMax: number): CheckedStart {
  checkDossier(start.dossier, "start.dossier");
  checkAgency(start.agency, "start.agency");
  const { document } = start;
  if (document === undefined)
    throw busError("FIELD_MISSING", { field: "start.document", allowed: "the document as statements will name it" });
  documentCheck.check(Document.encode(document).finish(), "start.document");
  if (document.transferDigest.length === 0) {
    const allowed = "32 bytes: a document without it does not travel through the bus";
    throw busError("FIELD_MISSING", { field: "start.document.transfer_digest", allowed });
  }
  if (start.transferSizeBytes > BigInt(transferBytesMax)) {
    const found = `${start.transferSizeBytes} bytes`;
    const allowed = `at most ${transferBytesMax} bytes`;
    throw busError("DOCUMENT_TOO_LARGE", { field: "start.transfer_size_bytes", allowed, found });
  }
  if (!start.encrypted && start.transferSizeBytes !== document.sizeBytes)
    throw invalid("start.transfer_size_bytes", "document.size_bytes, because the plain bytes travel");
  if (start.transferSalt.length !== saltBytes) throw invalid("start.transfer_salt", "32 bytes");
  if (start.contentSalt.length !== saltBytes && !(start.encrypted && start.contentSalt.length === 0))
    throw invalid("start.content_salt", "32 bytes; or none, if encrypted is set");
  if (Buffer.compare(start.contentSalt, start.transferSalt) === 0)
    throw invalid("start.transfer_salt", "another salt than content_salt");
  return { start, document };
}

/** Checks a later message of an upload. Throws a refusal that names the field. */
export function checkChunk(request: UploadDocumentRequest, offset: number, endOffset: number): DocumentChunk {
  if (request.what?.$case !== "chunk")
    throw busError("FIELD_MISSING", { field: "chunk", allowed: "a chunk after start" });
  const chunk = request.what.value;
  if (chunk.data.length === 0 || chunk.data.length > chunkBytesMax) throw invalid("chunk.data", "1 to 262,144 bytes");
  if (chunk.offset !== BigInt(offset)) throw invalid("chunk.offset", `${offset}, where the bytes before it end`);
  if (offset + chunk.data.length > endOffset) throw invalid("chunk.data", `no more than ${endOffset} bytes in all`);
  return chunk;
}

/** Checks the fields that say which document, for whom. */
export function checkDocumentRequest(request: { agency: string; documentId: string }): void {
  checkAgency(request.agency, "agency");
  checkDocumentId(request.documentId, "document_id");
}

export function checkDossier(dossier: string, field: string): void {
  if (!dossierCodePattern.test(dossier)) throw invalid(field, "an official dossier code such as H26-250505-0001");
}

export function checkAgency(agency: string, field: string): void {
  if (!idPattern.test(agency)) throw invalid(field, "1 to 64 of a-z, 0-9 and '-', not beginning with '-'");
}

export function checkDocumentId(documentId: string, field: string): void {
  if (!uuidV7Pattern.test(documentId)) throw invalid(field, "a UUIDv7 in lower-case text form, 36 characters");
}

/** Throws SYSTEM_UNKNOWN or DELEGATION_MISSING unless the caller speaks for the agency. */
export function expectDelegated(
  identity: PeerIdentity | null,
  agency: string,
  field: string,
  authorise: Authorise,
): asserts identity is PeerIdentity {
  if (identity === null) throw busError("SYSTEM_UNKNOWN");
  let refusal: BusError | null;
  try {
    refusal = authorise(identity, agency);
  } catch (error) {
    refusal = asBusError(error);
  }
  if (refusal === null) return;
  // An agency that the registry does not know is delegated to nobody.
  const reason = refusal.reason === "AGENCY_UNKNOWN" ? "DELEGATION_MISSING" : refusal.reason;
  throw busError(reason, { system: identity.systemId, ...refusal.metadata, agency, field }, { cause: refusal.cause });
}

export function invalid(field: string, allowed: string): BusError {
  return busError("FIELD_INVALID", { field, allowed });
}
