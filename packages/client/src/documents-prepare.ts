import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesPassed } from "@lienthong/chassis/passing-bytes";
import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import { commitmentHasher, newSalt } from "@lienthong/statement";
import { v7 as uuidV7 } from "uuid";

/** Bytes in pieces, in order. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** What a document is made from. */
export interface DocumentSource {
  /** Path of a file, or the bytes. A file must not change until the upload is over. */
  readonly source: string | Uint8Array | ByteSource;
  /** What it is, from the procedure's list, e.g. "application-form". */
  readonly kind: string;
  /** E.g. "application/pdf". */
  readonly mediaType: string;
  /** UUIDv7; made if absent. */
  readonly documentId?: string;
  /** Makes the bytes that travel from the plain ones. Absent: the plain bytes travel. */
  readonly encrypt?: (plain: ByteSource) => ByteSource;
  /** Leaves the salt of the plain bytes out of what the bus is given; for encrypted documents only. Default false. */
  readonly withholdContentSalt?: boolean;
  /** Folder for bytes that are not in a file yet. Default: the system's. */
  readonly spoolDirectory?: string;
}

/** A document that is ready to be uploaded and named. Whoever wants to continue after a restart keeps all of it. */
export interface PreparedDocument {
  /** To be put into a statement. */
  readonly document: Document;
  /** 32 bytes each, made for this document; whoever holds one can prove what was committed to. Keep them with the file. */
  readonly contentSalt: Uint8Array;
  readonly transferSalt: Uint8Array;
  readonly encrypted: boolean;
  readonly withholdContentSalt: boolean;
  /** File with the bytes that travel. */
  readonly path: string;
  readonly transferSizeBytes: number;
}

/** A prepared document and how to clear away what was made for it. */
export interface SpooledDocument extends PreparedDocument {
  /** Removes the file with the bytes that travel, if it was made for this. */
  discard(): Promise<void>;
}

/** Reads a document once, in pieces: makes its salts and digests, and a file of the bytes that travel unless they lie in one. */
export async function prepareDocument(source: DocumentSource): Promise<SpooledDocument> {
  const { kind, mediaType, encrypt, withholdContentSalt = false, documentId = uuidV7() } = source;
  if (withholdContentSalt && encrypt === undefined) {
    throw new Error("The salt of plain bytes cannot be withheld: the bus verifies what it carries in the clear.");
  }
  const contentSalt = newSalt();
  const transferSalt = newSalt();
  const content = commitmentHasher(contentSalt, kind);
  const transfer = commitmentHasher(transferSalt, kind);
  let sizeBytes = 0;
  let transferSizeBytes = 0;

  async function* plainBytes(): ByteSource {
    const { source: from } = source;
    const pieces = typeof from === "string" ? createReadStream(from) : from instanceof Uint8Array ? [from] : from;
    for await (const piece of pieces as AsyncIterable<Uint8Array>) {
      content.update(piece);
      sizeBytes += piece.length;
      yield piece;
      bytesPassed(piece.length);
    }
  }
  async function* travellingBytes(): ByteSource {
    for await (const piece of encrypt === undefined ? plainBytes() : encrypt(plainBytes())) {
      transfer.update(piece);
      transferSizeBytes += piece.length;
      yield piece;
    }
  }

  let path: string;
  let folder: string | null = null;
  const discard = async () => {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  };
  if (typeof source.source === "string" && encrypt === undefined) {
    path = source.source;
    for await (const _ of travellingBytes()) {
      // Hashed and counted on the way.
    }
  } else {
    folder = await mkdtemp(join(source.spoolDirectory ?? tmpdir(), "lienthong-document-"));
    path = join(folder, documentId);
    try {
      await writeAll(path, travellingBytes());
    } catch (error) {
      await discard();
      throw error;
    }
  }
  return {
    document: {
      documentId,
      kind,
      mediaType,
      sizeBytes: BigInt(sizeBytes),
      contentDigest: content.digest(),
      transferDigest: transfer.digest(),
    },
    contentSalt,
    transferSalt,
    encrypted: encrypt !== undefined,
    withholdContentSalt,
    path,
    transferSizeBytes,
    discard,
  };
}

/** Writes pieces to a new file that only its owner may read. */
async function writeAll(path: string, pieces: ByteSource): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for await (const piece of pieces) await file.write(piece);
  } finally {
    await file.close();
  }
}
