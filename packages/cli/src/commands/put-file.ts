import { createReadStream } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { type PreparedDocument, prepareDocument } from "@lienthong/client";
import { Document } from "@lienthong/contracts/exchange/v1/statement";
import { commitmentHasher, commitmentsEqual } from "@lienthong/statement";
import type { Session } from "../bus/session.ts";
import { usageError } from "../exit-codes.ts";
import { hex } from "../json-shapes.ts";
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
  if (kept === null) await keep(saltsFile, prepared);
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

/** What is kept beside the file. Whoever has the salts can prove what was committed to, so only the owner may read it. */
interface KeptSalts {
  readonly document: unknown;
  readonly contentSalt: string;
  readonly transferSalt: string;
}

async function keep(path: string, { document, contentSalt, transferSalt }: PreparedDocument): Promise<void> {
  const kept: KeptSalts = {
    document: Document.toJSON(document),
    contentSalt: hex(contentSalt),
    transferSalt: hex(transferSalt),
  };
  // Written aside and renamed: a crash leaves no half salts that a later put would trip over.
  await writeFile(`${path}.new`, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The document that this file was put as before; null where it was not, or the file has changed since. */
async function keptDocument(
  path: string,
  file: string,
  { kind, mediaType }: { readonly kind: string; readonly mediaType: string },
): Promise<PreparedDocument | null> {
  let document: Document;
  let salts: { readonly contentSalt: Uint8Array; readonly transferSalt: Uint8Array };
  try {
    const kept = JSON.parse(await readFile(path, "utf8")) as KeptSalts;
    document = Document.fromJSON(kept.document);
    salts = {
      contentSalt: Uint8Array.from(Buffer.from(kept.contentSalt, "hex")),
      transferSalt: Uint8Array.from(Buffer.from(kept.transferSalt, "hex")),
    };
  } catch {
    return null;
  }
  const { size } = await stat(file);
  if (document.kind !== kind || document.mediaType !== mediaType || document.sizeBytes !== BigInt(size)) return null;
  const content = commitmentHasher(salts.contentSalt, kind);
  for await (const piece of createReadStream(file) as AsyncIterable<Uint8Array>) content.update(piece);
  if (!commitmentsEqual(content.digest(), document.contentDigest)) return null;
  return { document, ...salts, encrypted: false, withholdContentSalt: false, path: file, transferSizeBytes: size };
}
