import { Metadata } from "@grpc/grpc-js";
import { Status } from "@lienthong/contracts/google/rpc/status";
import { type Attachment, asBusError, type BusError } from "./bus-error.ts";
import { STATUS_DETAILS_KEY, toStatus } from "./status-details.ts";

/**
 * Most bytes of a serialised status in a trailer. Trailers are HTTP/2 headers, and grpc-java refuses more than 8,192 bytes of
 * them by default; base64 makes these 5,400 into 7,200, which leaves room for the sentence and the rest.
 */
export const STATUS_DETAILS_BYTES_MAX = 5_400;

/** Most characters of the sentence in the header `grpc-message`; the serialised status has it whole. */
const SENTENCE_CHARS_MAX = 300;

/** What grpc-js sends as the status of a call. */
export interface GrpcServiceError extends Error {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

function boundedDetails(error: BusError): Uint8Array {
  const candidates: (readonly Attachment[])[] = [
    error.attachments,
    error.attachments.map(({ typeName, bytes, smallerBytes }) => ({ typeName, bytes: smallerBytes ?? bytes })),
    [],
  ];
  let bytes: Uint8Array = new Uint8Array();
  for (const attachments of candidates) {
    bytes = Status.encode(toStatus(error, attachments)).finish();
    if (bytes.length <= STATUS_DETAILS_BYTES_MAX) break;
  }
  return bytes;
}

/**
 * The status of a refusal as grpc-js wants it. When the attachments make the trailer too long for common clients, their smaller
 * forms go instead, else none; inside a message (`toStatus`) they go whole.
 */
export function toServiceError(thrown: unknown): GrpcServiceError {
  const error = asBusError(thrown);
  const metadata = new Metadata();
  metadata.set(STATUS_DETAILS_KEY, Buffer.from(boundedDetails(error)));
  // grpc-js percent-encodes the sentence with encodeURI, which throws on half a surrogate pair; and a header is no place for more.
  const sentence = error.message.toWellFormed();
  const details =
    sentence.length <= SENTENCE_CHARS_MAX ? sentence : `${sentence.slice(0, SENTENCE_CHARS_MAX).toWellFormed()}…`;
  return Object.assign(new Error(error.message), { code: error.code, details, metadata });
}
