import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { bytesPassed } from "@lienthong/chassis/passing-bytes";
import { type PreparedDocument, prepareDocument } from "@lienthong/client";
import { commitmentHasher, commitmentsEqual } from "@lienthong/statement";
import { readSaltsFile, writeSaltsFile } from "../bus/salts-file.ts";
import type { Session } from "../bus/session.ts";
import { usageError } from "../exit-codes.ts";
import { transferDisplay } from "../render/transfer-display.ts";
import type { DocumentsOf } from "./named-documents.ts";

/** A file to be put, and what it is. */
export interface FileToPut {
  readonly file: string;
  /** From the procedure's list, e.g. "application-form". */
  readonly kind: string;
  /** Media type; by default from the file's name. */
  readonly type?: string | undefined;
}

/** A document that is durable at the bus, and where its salts lie. */
export interface PutDocument {
  readonly prepared: PreparedDocument;
  readonly saltsFile: string;
  /** The bus had it already. */
  readonly repeated: boolean;
}

const mediaTypes: Readonly<Record<string, string>> = {
  ".pdf": "application/pdf",
  ".xml": "application/xml",
  ".json": "application/json",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".png": "image/png",
  ".tif": "image/tiff",
  ".tiff": "image/tiff",
  ".txt": "text/plain",
  ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

/**
 * Puts a file. Its id and salts are kept beside it from before the first byte travels: whoever puts the same file for the same dossier
 * again, after whatever broke, goes on with the same document where it stopped.
 */
export async function putFile(
  session: Session,
  of: DocumentsOf,
  { file, kind, type }: FileToPut,
): Promise<PutDocument> {
  const { context, agency, shard, dossier } = of;
  const { messages } = context;
  const mediaType = type ?? mediaTypes[extname(file).toLowerCase()] ?? "application/octet-stream";
  const isFile = await stat(file).then(
    (found) => found.isFile(),
    (error: NodeJS.ErrnoException) => {
      throw usageError(messages.usage.fileUnreadable(file, error.code ?? String(error)));
    },
  );
  if (!isFile) throw usageError(messages.usage.fileUnreadable(file, messages.document.noFile));
  const saltsFile = `${file}.${dossier.dossier}.salts.json`;
  const { documents } = await session.documents(agency);
  const kept = await keptDocument(saltsFile, file, { kind, mediaType });
  if (kept !== null) context.talk(messages.document.goesOn(kept.document.documentId));
  const prepared = kept ?? (await prepareDocument({ source: file, kind, mediaType }));
  if (kept === null) await writeSaltsFile(saltsFile, { what: "document", ...prepared });
  const display = transferDisplay(context);
  try {
    const { repeated } = await documents.uploadPrepared(prepared, {
      shard: shard.shard,
      dossier: dossier.dossier,
      agency,
      signal: context.signal,
      onProgress: display.update,
    });
    return { prepared, saltsFile, repeated };
  } finally {
    display.end();
  }
}

/** The document that this file was put as before; null where it was not, or the file has changed since. */
async function keptDocument(
  path: string,
  file: string,
  { kind, mediaType }: { readonly kind: string; readonly mediaType: string },
): Promise<PreparedDocument | null> {
  const kept = await readSaltsFile(path).catch(() => null);
  if (kept?.what !== "document") return null;
  const { document, contentSalt, transferSalt } = kept;
  const { size } = await stat(file);
  if (document.kind !== kind || document.mediaType !== mediaType || document.sizeBytes !== BigInt(size)) return null;
  const content = commitmentHasher(contentSalt, kind);
  for await (const piece of createReadStream(file) as AsyncIterable<Uint8Array>) {
    content.update(piece);
    bytesPassed(piece.length);
  }
  if (!commitmentsEqual(content.digest(), document.contentDigest)) return null;
  const plain = { encrypted: false, withholdContentSalt: false };
  return { document, contentSalt, transferSalt, ...plain, path: file, transferSizeBytes: size };
}
