import { type BusError, busError } from "@lienthong/chassis";
import { JetStreamApiError } from "@nats-io/jetstream";

const wrongLastSequence = 10071;
const wrongLastSequenceConstant = 10164;
const sequenceNotFound = 10043;
const messageDeleteFailed = 10057;
const insufficientStorage = 10047;
const streamStoreFailed = 10077;

/** Whether a compare-and-set found something else: nothing was stored. */
export function isConflict(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError && (error.code === wrongLastSequence || error.code === wrongLastSequenceConstant)
  );
}

/** Whether a message that was to be deleted is there no more. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === sequenceNotFound || (error.code === messageDeleteFailed && /no message found/.test(error.message)))
  );
}

/** What a caller may hear of a store that failed. It may or may not have stored what it was given: whoever goes on reads it first. */
export function storeError(error: unknown): BusError {
  if (error instanceof JetStreamApiError) {
    const isFull = error.code === streamStoreFailed && /maximum bytes/.test(error.message);
    if (isFull || error.code === insufficientStorage) return busError("DOCUMENT_STORE_FULL", {}, { cause: error });
  }
  return busError(
    "STORE_UNAVAILABLE",
    { message: "The store of documents cannot be reached; send the same request again." },
    { cause: error },
  );
}
