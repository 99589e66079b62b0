import { busError } from "@lienthong/chassis";
import { sha256 } from "@lienthong/tlog";

export const pageSizeDefault = 100;
export const pageSizeMax = 1_000;

/** The number of items a page may have; 0 asks for the default. */
export function pageSizeOf(pageSize: number): number {
  if (pageSize === 0) return pageSizeDefault;
  if (pageSize > pageSizeMax) {
    throw busError("FIELD_INVALID", {
      field: "page_size",
      allowed: `1 to ${pageSizeMax}, or 0 for ${pageSizeDefault}`,
    });
  }
  return pageSize;
}

/** One page of a list that is sorted by id. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Empty: that was all. */
  readonly nextPageToken: string;
}

/**
 * Cuts a page out of `sorted`. A token is the last id of the page before, bound to what was asked for, so that it cannot be used
 * with another question; what was added or ended meanwhile is seen or not, but nothing comes twice.
 */
export function pageOf<T extends { readonly id: string }>(
  sorted: readonly T[],
  question: readonly (string | number | boolean)[],
  pageSize: number,
  pageToken: string,
): Page<T> {
  const size = pageSizeOf(pageSize);
  const after = pageToken === "" ? null : lastIdOf(pageToken, question);
  const start = after === null ? 0 : sorted.findIndex(({ id }) => id > after);
  const items = start < 0 ? [] : sorted.slice(start, start + size);
  const hasMore = start >= 0 && start + size < sorted.length;
  const last = items.at(-1);
  return { items, nextPageToken: hasMore && last !== undefined ? tokenOf(last.id, question) : "" };
}

const tokenBytesOfQuestion = 8;

function fingerprint(question: readonly (string | number | boolean)[]): Buffer {
  return Buffer.from(sha256(new TextEncoder().encode(JSON.stringify(question)))).subarray(0, tokenBytesOfQuestion);
}

function tokenOf(id: string, question: readonly (string | number | boolean)[]): string {
  return Buffer.concat([fingerprint(question), Buffer.from(id)]).toString("base64url");
}

function lastIdOf(token: string, question: readonly (string | number | boolean)[]): string {
  const bytes = Buffer.from(token, "base64url");
  if (!bytes.subarray(0, tokenBytesOfQuestion).equals(fingerprint(question))) {
    throw busError("FIELD_INVALID", {
      field: "page_token",
      allowed: "empty, or next_page_token of the page before, with the same question",
    });
  }
  return bytes.subarray(tokenBytesOfQuestion).toString();
}
