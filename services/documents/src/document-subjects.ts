import { shardToken } from "@lienthong/event-store";
import { uuidV7Pattern } from "@lienthong/statement";

const tokenPattern = /^[A-Za-z0-9]{22}$/;

/** Stream with one record per document. */
export function recordStreamName(shard: string): string {
  return `LT_DOCUMENTS_${shardToken(shard)}`;
}

/** Stream with the bytes. */
export function partStreamName(shard: string): string {
  return `LT_DOCUMENT_PARTS_${shardToken(shard)}`;
}

/** `lt.<shard>.document.<document id>`. */
export function recordSubject(shard: string, documentId: string): string {
  return `lt.${shardToken(shard)}.document.${idToken(documentId)}`;
}

/** The wildcard over all records of a shard. */
export function allRecordSubjects(shard: string): string {
  return `lt.${shardToken(shard)}.document.*`;
}

/** `lt.<shard>.part.<document id>.<token>`: the parts of one document, in order. The token is new whenever an upload begins from nothing. */
export function partSubject(shard: string, documentId: string, token: string): string {
  if (!tokenPattern.test(token)) throw new RangeError("The token of an upload has 22 letters and digits.");
  return `lt.${shardToken(shard)}.part.${idToken(documentId)}.${token}`;
}

/** `lt.<shard>.part.<document id>.<token>.writer.<n>`: there once the n-th writer of an upload, from 1, took it over; or any of them, `*`. */
export function writerSubject(shard: string, documentId: string, token: string, writer: number | "*"): string {
  return `${partSubject(shard, documentId, token)}.writer.${writer}`;
}

/** `lt.<shard>.part.<document id>.<token>.salts`: the salts of a document, one message that is written once. */
export function saltsSubject(shard: string, documentId: string, token: string): string {
  return `${partSubject(shard, documentId, token)}.salts`;
}

/** The wildcards over all parts, all marks of writers and all salts of a shard. */
export function allPartSubjects(shard: string): string[] {
  const parts = `lt.${shardToken(shard)}.part.*.*`;
  return [parts, `${parts}.writer.*`, `${parts}.salts`];
}

function idToken(documentId: string): string {
  // Written into a subject as it is: white space or a wildcard would change its meaning.
  if (!uuidV7Pattern.test(documentId)) throw new RangeError("A document id is a UUIDv7 in lower-case text form.");
  return documentId;
}
