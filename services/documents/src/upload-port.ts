import { type BusError, bidiHandler, busError, bytesPassed, type HandlerFor, Places } from "@lienthong/chassis";
import type {
  DocumentServiceService,
  UploadDocumentRequest,
  UploadDocumentResponse,
} from "@lienthong/contracts/exchange/v1/document_service";
import { type DocumentRecord, documentOf } from "./document-record.ts";
import { type Authorise, checkChunk, checkStart, expectDelegated } from "./requests.ts";
import type { ServedDocuments } from "./served-documents.ts";
import { beginUpload, type Upload } from "./upload.ts";

/** What uploading stands on. */
export interface UploadPortDependencies {
  readonly served: ServedDocuments;
  readonly transferBytesMax: number;
  readonly uploadsAtOnceMax: number;
  readonly authorise: Authorise;
}

/** How often durable bytes are told. */
const bytesPerProgress = 1_048_576;

interface ActiveUpload {
  /** Another call goes on with it. */
  supersede(): void;
  /** Settles when it writes nothing more. */
  readonly ended: Promise<void>;
  leave(): void;
}

/** DocumentService/UploadDocument. */
export function uploadPort(on: UploadPortDependencies): HandlerFor<DocumentServiceService["uploadDocument"]> {
  const active = new Map<string, ActiveUpload>();
  const places = new Places(on.uploadsAtOnceMax, "uploads");

  return bidiHandler(async (stream, context) => {
    const requests = interruptible(stream.requests);
    const first = await requests.next();
    if (first === undefined && context.drainSignal.aborted) return;
    if (first?.what?.$case !== "start")
      throw busError("FIELD_MISSING", { field: "start", allowed: "start as the first message" });
    const documents = on.served.expect(first.what.value.shard, "start.shard");
    const checked = checkStart(first.what.value, on.transferBytesMax);
    expectDelegated(context.identity, checked.start.agency, "start.agency", on.authorise);
    const { documentId } = checked.document;
    const key = `${checked.start.shard}/${documentId}`;
    const ending = Promise.withResolvers<void>();
    const before = active.get(key);
    // One that goes on with an upload takes over its place.
    const leave = before?.leave ?? places.take(context.identity?.systemId ?? "");
    const mine: ActiveUpload = {
      supersede: () => requests.interrupt(busError("UPLOAD_SUPERSEDED", { document: documentId })),
      ended: ending.promise,
      leave,
    };
    active.set(key, mine);
    try {
      if (before !== undefined) {
        // Its connection is probably dead and nobody told us yet. It finishes the part it is writing, and no other.
        before.supersede();
        await before.ended;
      }
      const begun = await beginUpload(checked, documents);
      if (begun.kind === "complete") return await stream.send(completeAnswer(begun.record, true));
      const record = await receive(begun.upload);
      if (record !== null) await stream.send(completeAnswer(record, false));
    } finally {
      ending.resolve();
      if (active.get(key) === mine) {
        active.delete(key);
        leave();
      }
    }

    async function receive(upload: Upload): Promise<DocumentRecord | null> {
      let told = upload.durableBytes;
      await stream.send(progressAnswer(told));
      while (upload.received < upload.transferSizeBytes) {
        const next = await requests.next();
        if (next === undefined) {
          if (context.drainSignal.aborted) return null;
          throw busError("DOCUMENT_NOT_READY", {
            document: documentId,
            state: "uploading",
            message: `The upload ended after ${upload.received} of ${upload.transferSizeBytes} bytes; continue it at ${upload.durableBytes}.`,
          });
        }
        // Asked again for every part: a delegation may end while an upload goes on for minutes.
        expectDelegated(context.identity, checked.start.agency, "start.agency", on.authorise);
        const { data } = checkChunk(next, upload.received, upload.transferSizeBytes);
        await upload.add(data);
        bytesPassed(data.length);
        if (upload.durableBytes - told >= bytesPerProgress) {
          told = upload.durableBytes;
          await stream.send(progressAnswer(told));
        }
      }
      return upload.finish();
    }
  });
}

function progressAnswer(durableBytes: number): UploadDocumentResponse {
  return { what: { $case: "progress", value: { durableBytes: BigInt(durableBytes) } } };
}

function completeAnswer(record: DocumentRecord, repeatedAnswer: boolean): UploadDocumentResponse {
  return { what: { $case: "complete", value: { document: documentOf(record), repeatedAnswer } } };
}

interface InterruptibleRequests {
  /** The next message; undefined when the caller has sent all or the server drains. Throws what it was interrupted with. */
  next(): Promise<UploadDocumentRequest | undefined>;
  interrupt(error: BusError): void;
}

/** Lets a stream that waits for its caller be ended from our side. */
function interruptible(requests: AsyncIterable<UploadDocumentRequest>): InterruptibleRequests {
  const iterator = requests[Symbol.asyncIterator]();
  let interruption: BusError | null = null;
  let rejectNext: (error: BusError) => void = () => {};
  return {
    next() {
      if (interruption !== null) return Promise.reject(interruption);
      return new Promise((resolve, reject) => {
        rejectNext = reject;
        iterator.next().then((step) => resolve(step.done ? undefined : step.value), reject);
      });
    },
    interrupt(error) {
      interruption = error;
      rejectNext(error);
    },
  };
}
