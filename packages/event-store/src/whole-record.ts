// Whether a record came back with its payload beginning where it began when it was written. nats-server's checksum of a record covers headers
// and payload as one run of bytes, and not the four bytes that say where the one ends: with one of their bits flipped the record passes the
// checksum and its payload is read shorter, or with a piece of the headers before it. The headers give that away: they end in an empty line and
// have no other. (Seen with nats-server 2.15; `test/faults/disk` flips every byte.)
import type { Msg } from "@nats-io/nats-core";

const emptyLine = "\r\n\r\n";
/** The same four bytes as one number. */
const emptyLineWord = 0x0d0a0d0a;
const firstLine = "NATS/1.0\r\n";
/** The first header that the server adds to what it answers a direct get with. */
const firstAdded = "Nats-Stream: ";
const headerBytesMax = 8_192;

/** A record with other bytes than were written. */
export class RecordDamagedError extends Error {
  override readonly name = "RecordDamagedError";

  constructor(streamName: string, sequence: number) {
    super(`Record ${sequence} of ${streamName} is damaged on disk: its payload does not begin where it did.`);
  }
}

/** For a record whose headers and payload come apart; a record may have no headers. */
export function isWhole(headers: Uint8Array, payload: Uint8Array): boolean {
  if (headers.length === 0) return !asText(payload.subarray(0, firstLine.length)).startsWith(firstLine);
  const endsAt = asText(headers).indexOf(emptyLine);
  return endsAt >= 0 && headers.length === endsAt + emptyLine.length;
}

/** For a message that a consumer delivered: its payload is a window into the buffer in which its headers, if it has any, stand before it. */
export function isDeliveredWhole(message: Msg): boolean {
  const { buffer, byteOffset } = message.data;
  if (byteOffset >= 4) {
    const before = new DataView(buffer, byteOffset - 4, 4);
    if (before.getUint32(0) === emptyLineWord) return true;
  }
  try {
    return message.headers === undefined && isWhole(new Uint8Array(0), message.data);
  } catch {
    // Headers that cannot be read.
    return false;
  }
}

/** The same for a payload of a direct get's answer, in which the server has put headers of its own behind the stored ones, in place of the empty line. */
export function followsItsAnswerHeaders(payload: Uint8Array): boolean {
  const { buffer, byteOffset } = payload;
  const from = Math.max(0, byteOffset - headerBytesMax);
  const before = asText(new Uint8Array(buffer, from, byteOffset - from));
  const addedAt = before.lastIndexOf(firstAdded);
  const stored = before.slice(before.lastIndexOf(firstLine, addedAt), addedAt);
  if (!stored.startsWith(firstLine) || !stored.endsWith("\r\n") || stored.includes(emptyLine)) return false;
  return !startsWithHeaderText(payload);
}

/** Whole lines may be missing above; then they, and the empty line, stand where the payload should begin. No protobuf message begins so. */
function startsWithHeaderText(payload: Uint8Array): boolean {
  const text = asText(payload.subarray(0, headerBytesMax));
  return /^[\t\r\n -~]*?\r\n\r\n/.test(text);
}

function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
