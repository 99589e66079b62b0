import { timestampFromMs } from "@lienthong/chassis";
import {
  DocumentState,
  type StoredDocument,
  type UploadStart,
} from "@lienthong/contracts/exchange/v1/document_service";
import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import type { DocumentSalts } from "./document-salts.ts";

/**
 * - `uploading`: parts are missing.
 * - `complete`: whole and verified; from here on its bytes never change.
 * - `deleted`: hidden from new statements; its bytes stay for the grace period, and for good if an event names it after all.
 * - `removing`: no event names it and none can any more; its parts are being dropped, then the record goes.
 * - `erased`: by a statement; salts and parts are gone, or go in a moment.
 */
export type RecordState = "uploading" | "complete" | "deleted" | "removing" | "erased";

/** What the service knows about one document; one message of the records' stream. */
export interface DocumentRecord {
  readonly documentId: string;
  readonly dossier: string;
  /** Agency that uploads it. */
  readonly agency: string;
  readonly kind: string;
  readonly mediaType: string;
  /** Size of the plain bytes. */
  readonly sizeBytes: number;
  /** Size of the bytes that travel. */
  readonly transferSizeBytes: number;
  readonly encrypted: boolean;
  /** 32 bytes each. Their salts lie with the parts: earlier words on a record stay on disk until the store tidies up. */
  readonly contentDigest: Uint8Array;
  readonly transferDigest: Uint8Array;
  readonly state: RecordState;
  /** When it came into this state, real UTC, milliseconds since 1970. */
  readonly stateMs: number;
  /** When its upload began, likewise. */
  readonly createdMs: number;
  /** Names its parts and salts; empty once they are dropped. */
  readonly token: string;
  /** Stream sequences of every 16th part, from the first: where a download that starts in the middle begins to look. */
  readonly landmarks: readonly number[];
}

/** A landmark is kept for every so many parts. */
export const partsPerLandmark = 16;

const formatVersion = 2;

/** Bytes of a record: JSON, digests in hexadecimal, landmarks as differences. */
export function encodeRecord(record: DocumentRecord): Uint8Array {
  const { contentDigest, transferDigest, landmarks, ...plain } = record;
  return new TextEncoder().encode(
    JSON.stringify({
      version: formatVersion,
      ...plain,
      contentDigest: hex(contentDigest),
      transferDigest: hex(transferDigest),
      landmarks: landmarks.map((sequence, index) => sequence - (landmarks[index - 1] ?? 0)),
    }),
  );
}

/** The inverse of `encodeRecord`. Throws for bytes that it did not write. */
export function decodeRecord(bytes: Uint8Array): DocumentRecord {
  const { version, ...plain } = JSON.parse(new TextDecoder().decode(bytes));
  if (version !== formatVersion) {
    throw new Error(`The record of a document has format version ${version}, not ${formatVersion}.`);
  }
  let sequence = 0;
  return {
    ...plain,
    contentDigest: fromHex(plain.contentDigest),
    transferDigest: fromHex(plain.transferDigest),
    landmarks: (plain.landmarks as number[]).map((difference) => {
      sequence += difference;
      return sequence;
    }),
  };
}

/** The record with which an upload begins. `start` is checked already. */
export function recordOfStart(start: UploadStart, document: Document, token: string, nowMs: number): DocumentRecord {
  return {
    documentId: document.documentId,
    dossier: start.dossier,
    agency: start.agency,
    kind: document.kind,
    mediaType: document.mediaType,
    sizeBytes: Number(document.sizeBytes),
    transferSizeBytes: Number(start.transferSizeBytes),
    encrypted: start.encrypted,
    contentDigest: document.contentDigest,
    transferDigest: document.transferDigest,
    state: "uploading",
    stateMs: nowMs,
    createdMs: nowMs,
    token,
    landmarks: [],
  };
}

/** The document as statements name it. */
export function documentOf(record: DocumentRecord): Document {
  const { documentId, kind, mediaType, sizeBytes, contentDigest, transferDigest } = record;
  return { documentId, kind, mediaType, sizeBytes: BigInt(sizeBytes), contentDigest, transferDigest };
}

const states: Readonly<Record<RecordState, DocumentState>> = {
  uploading: DocumentState.DOCUMENT_STATE_UPLOADING,
  complete: DocumentState.DOCUMENT_STATE_COMPLETE,
  deleted: DocumentState.DOCUMENT_STATE_DELETED,
  removing: DocumentState.DOCUMENT_STATE_DELETED,
  erased: DocumentState.DOCUMENT_STATE_ERASED,
};

/** The state as the contract has it. */
export function documentState(record: DocumentRecord): DocumentState {
  return states[record.state];
}

const noBytes = new Uint8Array(0);

/** The record as the contract shows it, with its salts; null: they are gone. */
export function storedDocument(record: DocumentRecord, salts: DocumentSalts | null): StoredDocument {
  return {
    document: documentOf(record),
    dossier: record.dossier,
    agency: record.agency,
    transferSizeBytes: BigInt(record.transferSizeBytes),
    encrypted: record.encrypted,
    contentSalt: salts?.contentSalt ?? noBytes,
    transferSalt: salts?.transferSalt ?? noBytes,
    state: documentState(record),
    stateTime: timestampFromMs(record.stateMs),
  };
}

/** First attribute in which a document as it is named differs from the one that is stored, by its proto name; null if none does. */
export function differingAttribute(named: Document, stored: DocumentRecord): string | null {
  if (named.kind !== stored.kind) return "kind";
  if (named.mediaType !== stored.mediaType) return "media_type";
  if (named.sizeBytes !== BigInt(stored.sizeBytes)) return "size_bytes";
  if (!sameBytes(named.contentDigest, stored.contentDigest)) return "content_digest";
  return sameBytes(named.transferDigest, stored.transferDigest) ? null : "transfer_digest";
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}
