import { once } from "node:events";
import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { bytesPassed } from "@lienthong/chassis/passing-bytes";
import type { ServiceErrorLike } from "@lienthong/chassis/status";
import type {
  DocumentServiceClient,
  UploadDocumentRequest,
  UploadDocumentResponse,
} from "@lienthong/contracts/exchange/v1/document_service";
import type { Document } from "@lienthong/contracts/exchange/v1/statement";
import { backOffMs } from "./back-off.ts";
import { BusCallError, callError } from "./bus-call-error.ts";
import type { PreparedDocument } from "./documents-prepare.ts";

/** Where a document belongs, and how patient its transport is. */
export interface DocumentTransport {
  readonly shard: string;
  /** Agency on whose behalf the system acts. */
  readonly agency: string;
  /** Told of bytes that are safe at the other end, in order; not more often than once per MiB. */
  readonly onProgress?: (safeBytes: number, totalBytes: number) => void;
  /** Attempts in a row without one byte of progress. Default 8. */
  readonly attemptsMax?: number;
  /** Upper bound of any wait between attempts that the bus did not ask for, in milliseconds. Default 2,000. */
  readonly backoffMsMax?: number;
  readonly signal?: AbortSignal;
}

/** Which dossier an upload is for. */
export interface UploadTarget extends DocumentTransport {
  /** Official code of the dossier whose statement will name it. */
  readonly dossier: string;
}

/** What became of an upload. */
export interface UploadedDocument {
  /** To be put into a statement. */
  readonly document: Document;
  /** True if the bus had it already. */
  readonly repeated: boolean;
}

type UploadCall = ClientDuplexStream<UploadDocumentRequest, UploadDocumentResponse>;

/** Bytes in one message: gRPC takes 16 messages, and copies each, before it tells that the other side does not read. */
const chunkBytes = 65_536;
const firstBackoffMs = 50;

/** Uploads a prepared document, going on where a lost connection left it. Rejects with BusCallError when going on is of no use. */
export async function uploadPrepared(
  client: DocumentServiceClient,
  prepared: PreparedDocument,
  target: UploadTarget,
): Promise<UploadedDocument> {
  let safeBytes = -1;
  return keepTrying(
    target,
    () =>
      uploadOnce(client, prepared, target, (durableBytes) => {
        const isNews = durableBytes > safeBytes;
        if (isNews) {
          safeBytes = durableBytes;
          target.onProgress?.(durableBytes, prepared.transferSizeBytes);
        }
      }),
    () => safeBytes,
  );
}

/** Tries again after what may pass, as long as something moves or attempts are left. */
export async function keepTrying<T>(
  { attemptsMax = 8, backoffMsMax = 2_000, signal }: DocumentTransport,
  attempt: () => Promise<T>,
  progress: () => number,
  mayPass: (error: BusCallError) => boolean = ({ retry }) => retry !== "terminal",
): Promise<T> {
  let reached = progress();
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof BusCallError) || !mayPass(error)) throw error;
      if (progress() > reached) {
        reached = progress();
        failures = 0;
      }
      failures += 1;
      if (failures >= attemptsMax) throw error;
      const pauseMs = (error.retryAfterMs ?? 0) + backOffMs(failures, { firstBackoffMs, backoffMsMax });
      await delay(pauseMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}

async function uploadOnce(
  client: DocumentServiceClient,
  prepared: PreparedDocument,
  { shard, dossier, agency, signal }: UploadTarget,
  onDurable: (durableBytes: number) => void,
): Promise<UploadedDocument> {
  const { document, transferSizeBytes, encrypted, contentSalt, transferSalt } = prepared;
  const call = client.uploadDocument();
  // The loop below hears of an error as well; this keeps one that comes after the loop from ending the process.
  call.on("error", () => {});
  const cancel = () => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  call.write({
    what: {
      $case: "start",
      value: {
        shard,
        dossier,
        agency,
        document,
        transferSizeBytes: BigInt(transferSizeBytes),
        encrypted,
        contentSalt: prepared.withholdContentSalt ? new Uint8Array(0) : contentSalt,
        transferSalt,
      },
    },
  });
  const ended = new AbortController();
  let sending: Promise<void> | null = null;
  try {
    for await (const { what } of call as AsyncIterable<UploadDocumentResponse>) {
      if (what?.$case === "complete") {
        onDurable(transferSizeBytes);
        return { document, repeated: what.value.repeatedAnswer };
      }
      if (what?.$case !== "progress") continue;
      const durableBytes = Number(what.value.durableBytes);
      onDurable(durableBytes);
      sending ??= sendFrom(durableBytes, prepared, call, ended.signal);
      // A file that cannot be read ends the call; what ends the call otherwise is told by the loop.
      sending.catch(cancel);
    }
    throw new Error("The document service ended the upload without an answer.");
  } catch (error) {
    signal?.throwIfAborted();
    ended.abort();
    // If the file was at fault, that is the reason.
    await sending;
    throw error instanceof Error && "metadata" in error ? callError(error as ServiceErrorLike) : error;
  } finally {
    ended.abort();
    signal?.removeEventListener("abort", cancel);
    call.cancel();
    await sending?.catch(() => {});
  }
}

/** Sends the rest of the file, as fast as it is taken. Resolves when all is sent or the call has ended; rejects if the file cannot be read. */
async function sendFrom(
  offset: number,
  { path, transferSizeBytes }: PreparedDocument,
  call: UploadCall,
  ended: AbortSignal,
): Promise<void> {
  const file = await open(path, "r");
  try {
    for (let at = offset; at < transferSizeBytes && !isOver(call, ended); ) {
      const wanted = Math.min(chunkBytes, transferSizeBytes - at);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at);
      if (bytesRead === 0) throw new Error(`${path} has become shorter than it was when it was hashed.`);
      if (isOver(call, ended)) return;
      const data = buffer.subarray(0, bytesRead);
      if (!call.write({ what: { $case: "chunk", value: { offset: BigInt(at), data } } })) await drained(call, ended);
      at += bytesRead;
      bytesPassed(bytesRead);
    }
    if (!isOver(call, ended)) call.end();
  } finally {
    await file.close();
  }
}

function isOver(call: UploadCall, ended: AbortSignal): boolean {
  return ended.aborted || call.destroyed || call.writableEnded;
}

async function drained(call: UploadCall, ended: AbortSignal): Promise<void> {
  // Either event may never come; the signal always does.
  await once(call, "drain", { signal: ended }).catch(() => {});
}
