import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "@lienthong/chassis/durable-file";
import { bytesPassed } from "@lienthong/chassis/passing-bytes";
import type { ServiceErrorLike } from "@lienthong/chassis/status";
import type {
  DocumentServiceClient,
  DownloadDocumentResponse,
  StoredDocument,
} from "@lienthong/contracts/exchange/v1/document_service";
import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import { type CommitmentHasher, commitmentHasher, commitmentsEqual } from "@lienthong/statement";
import { callError } from "./bus-call-error.ts";
import type { ByteSource } from "./documents-prepare.ts";
import { type DocumentTransport, keepTrying } from "./documents-upload.ts";

/** What is fetched, and where to. */
export interface DownloadDocument extends DocumentTransport {
  /** As the event names it: what arrives is held against these digests, which its author signed. */
  readonly document: Document;
  /** File to be made or replaced. It appears whole and verified, or not at all. */
  readonly path: string;
  /** For encrypted documents: makes the plain bytes. */
  readonly decrypt?: (travelling: ByteSource) => ByteSource;
  /** Keeps an encrypted document as it travelled, its `content_digest` unverified. Default false. */
  readonly keepEncrypted?: boolean;
  /** Salt of the plain bytes, where it came another way. Default: as the document service has it. */
  readonly contentSalt?: Uint8Array;
}

/** A document that is in its file and verified. */
export interface DownloadedDocument {
  readonly stored: StoredDocument;
  readonly path: string;
  /** False only for a document that was kept encrypted. */
  readonly contentVerified: boolean;
}

/** What arrived is not what the event names. Nothing was left in the file. */
export class DocumentRejectedError extends Error {
  override readonly name = "DocumentRejectedError";
  /** Attribute of Document that does not match. */
  readonly field: string;

  constructor(documentId: string, field: string, sentence: string) {
    super(`Document ${documentId} is rejected: ${sentence}`);
    this.field = field;
  }
}

/** Fetches a document, going on where a lost connection left it, and verifies both digests before the file appears. */
export async function downloadDocument(
  client: DocumentServiceClient,
  wanted: DownloadDocument,
): Promise<DownloadedDocument> {
  const aside = `${wanted.path}.${randomBytes(8).toString("hex")}`;
  const files = [`${aside}.arriving`, `${aside}.plain`] as const;
  try {
    const { stored, contentVerified } = await fetchVerified(client, wanted, files[0]);
    let whole: string = files[0];
    if (stored.encrypted && wanted.decrypt !== undefined) {
      await decryptVerified(wanted.decrypt, stored, wanted, files[0], files[1]);
      whole = files[1];
    }
    // Synced before: after a crash the name stands for whole bytes or does not exist.
    await rename(whole, wanted.path);
    await syncFolder(dirname(wanted.path));
    return { stored, path: wanted.path, contentVerified: contentVerified || whole === files[1] };
  } finally {
    for (const file of files) await rm(file, { force: true });
  }
}

/** A download as far as it has come, over several connections. */
interface Arriving {
  stored: StoredDocument | null;
  transfer: CommitmentHasher | null;
  content: CommitmentHasher | null;
  bytes: number;
}

async function fetchVerified(
  client: DocumentServiceClient,
  wanted: DownloadDocument,
  path: string,
): Promise<{ stored: StoredDocument; contentVerified: boolean }> {
  const { document } = wanted;
  const arriving: Arriving = { stored: null, transfer: null, content: null, bytes: 0 };
  const file = await open(path, "wx", 0o600);
  try {
    await keepTrying(
      wanted,
      () => fetchOnce(client, wanted, file, arriving),
      () => arriving.bytes,
      // A document that was taken back does not come by waiting.
      ({ retry, reason }) => retry !== "terminal" && reason !== "DOCUMENT_NOT_READY",
    );
    await file.sync();
  } finally {
    await file.close();
  }
  const { stored, transfer, content } = arriving;
  if (stored === null || transfer === null) throw new Error("The document service sent no document.");
  expectDigest(transfer, document.transferDigest, document, "transfer_digest");
  if (content !== null) expectDigest(content, document.contentDigest, document, "content_digest");
  return { stored, contentVerified: content !== null };
}

async function fetchOnce(
  client: DocumentServiceClient,
  wanted: DownloadDocument,
  file: FileHandle,
  arriving: Arriving,
): Promise<void> {
  const { shard, agency, document, signal, onProgress } = wanted;
  const { documentId } = document;
  const call = client.downloadDocument({ shard, agency, documentId, offset: BigInt(arriving.bytes) });
  call.on("error", () => {});
  const cancel = () => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    // Iterating reads no further while a piece is written, so that flow control reaches the server.
    for await (const { what } of call as AsyncIterable<DownloadDocumentResponse>) {
      if (what?.$case === "document") begin(what.value, wanted, arriving);
      if (what?.$case !== "chunk") continue;
      const { offset, data } = what.value;
      const total = Number(arriving.stored?.transferSizeBytes ?? 0n);
      if (Number(offset) !== arriving.bytes || arriving.bytes + data.length > total) {
        throw new DocumentRejectedError(documentId, "transfer_digest", "its bytes came out of order or are too many.");
      }
      arriving.transfer?.update(data);
      arriving.content?.update(data);
      await file.write(data, 0, data.length, arriving.bytes);
      arriving.bytes += data.length;
      bytesPassed(data.length);
      onProgress?.(arriving.bytes, total);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof Error && "metadata" in error ? callError(error as ServiceErrorLike) : error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    call.cancel();
  }
  if (arriving.stored === null || BigInt(arriving.bytes) !== arriving.stored.transferSizeBytes) {
    throw new DocumentRejectedError(documentId, "transfer_digest", "its bytes ended early.");
  }
}

/** Takes the description at the first connection; later ones must not change it. */
function begin(stored: StoredDocument, wanted: DownloadDocument, arriving: Arriving): void {
  if (arriving.stored !== null) return;
  const { document } = wanted;
  const { documentId, kind } = document;
  if (stored.transferSalt.length !== 32) {
    throw new DocumentRejectedError(documentId, "transfer_digest", "its salt is missing.");
  }
  if (!stored.encrypted && stored.transferSizeBytes !== document.sizeBytes) {
    throw new DocumentRejectedError(documentId, "size_bytes", `it has ${stored.transferSizeBytes} bytes.`);
  }
  const contentSalt = contentSaltOf(stored, wanted);
  if (stored.encrypted && wanted.keepEncrypted !== true && (wanted.decrypt === undefined || contentSalt.length === 0)) {
    const sentence = "it is encrypted; give `decrypt` and its salt, or set `keepEncrypted` to keep it as it travelled.";
    throw new DocumentRejectedError(documentId, "content_digest", sentence);
  }
  arriving.transfer = commitmentHasher(stored.transferSalt, kind);
  if (!stored.encrypted) {
    if (contentSalt.length !== 32)
      throw new DocumentRejectedError(documentId, "content_digest", "its salt is missing.");
    arriving.content = commitmentHasher(contentSalt, kind);
  }
  arriving.stored = stored;
}

async function decryptVerified(
  decrypt: NonNullable<DownloadDocument["decrypt"]>,
  stored: StoredDocument,
  wanted: DownloadDocument,
  from: string,
  to: string,
): Promise<void> {
  const { document } = wanted;
  const content = commitmentHasher(contentSaltOf(stored, wanted), document.kind);
  let sizeBytes = 0n;
  const file = await open(to, "wx", 0o600);
  try {
    for await (const piece of decrypt(createReadStream(from))) {
      content.update(piece);
      sizeBytes += BigInt(piece.length);
      await file.write(piece);
      bytesPassed(piece.length);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (sizeBytes !== document.sizeBytes) {
    throw new DocumentRejectedError(document.documentId, "size_bytes", `it has ${sizeBytes} plain bytes.`);
  }
  expectDigest(content, document.contentDigest, document, "content_digest");
}

function contentSaltOf(stored: StoredDocument, { contentSalt }: DownloadDocument): Uint8Array {
  return contentSalt ?? stored.contentSalt;
}

function expectDigest(hasher: CommitmentHasher, expected: Uint8Array, { documentId }: Document, field: string): void {
  if (commitmentsEqual(hasher.digest(), expected)) return;
  const sentence = `its bytes do not match the ${field} that the author signed. Refuse the handoff with DOCUMENT_UNUSABLE.`;
  throw new DocumentRejectedError(documentId, field, sentence);
}
