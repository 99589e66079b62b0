import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, hardenedHeaders, type Logger, realClock } from "@lienthong/chassis";
import { formatVerifierKey, type SignerKey, type VerifierKey } from "@lienthong/tlog";
import { createWitness, type Witness, type WitnessReport } from "./witness.ts";
import { WitnessError } from "./witness-error.ts";
import type { WitnessFolder } from "./witness-state.ts";

export interface ServeWitnessOptions {
  /** What it remembers; released when the witness is closed, and when it cannot start. */
  readonly state: WitnessFolder;
  readonly signer: SignerKey;
  readonly logs: readonly VerifierKey[];
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** What an operator should hear at once, beside the log; the same about one log at most once a minute. */
  readonly report?: (event: WitnessReport) => void;
}

/** A witness that is served. */
export interface ServedWitness {
  /** Submission and monitoring prefix, without a slash at the end. */
  readonly url: string;
  readonly vkey: string;
  /** Ends in good order: what is being cosigned is finished; connections still open after `graceMs` are cut. */
  close(graceMs?: number): Promise<void>;
}

/** Longest request body: 63 hashes and a checkpoint with many signatures, post-quantum ones among them. */
export const requestBytesMax = 256 * 1_024;
const headerBytesMax = 8 * 1_024;
const headersTimeoutMs = 5_000;
const requestTimeoutMs = 10_000;
const keepAliveTimeoutMs = 60_000;
const connectionsMax = 256;
const silenceMsMax = 90_000;

/**
 * Serves a witness over plain HTTP: `POST /add-checkpoint` and `GET /<hash of the origin>/checkpoint`. TLS is for what stands before it: requests are
 * signed by the logs themselves. Throws WitnessError.
 */
export async function serveWitness(options: ServeWitnessOptions): Promise<ServedWitness> {
  const { state, signer, logs, host, port, logger, clock = realClock } = options;
  try {
    const witness = await createWitness({
      signer,
      logs,
      state,
      clock,
      report: reporter(logger, options.report),
    });
    const server = createServer(
      {
        maxHeaderSize: headerBytesMax,
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => {
        answer(witness, request, response).catch((error: unknown) => {
          // A client that went away is its own affair.
          if (!request.destroyed) logger.error({ err: error }, "A request could not be answered.");
          response.destroy();
        });
      },
    );
    server.maxConnections = connectionsMax;
    // For a reader that takes nothing of its answer.
    server.timeout = silenceMsMax;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) =>
        reject(new WitnessError("ADDRESS_UNUSABLE", { address: `${host}:${port}`, why: cause.message }, { cause })),
      );
      server.listen(port, host, resolve);
    });
    const bound = server.address() as AddressInfo;
    const url = `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`;
    logger.info({ url, name: signer.name, logs: logs.map((log) => log.name) }, "The witness serves.");
    let closing: Promise<void> | null = null;
    return {
      url,
      vkey: formatVerifierKey(signer),
      close(graceMs = 5_000) {
        closing ??= (async () => {
          const closed = new Promise<void>((resolve) => server.close(() => resolve()));
          server.closeIdleConnections();
          const timer = setTimeout(() => server.closeAllConnections(), graceMs);
          await closed;
          clearTimeout(timer);
          // A request whose connection was cut may still be keeping its checkpoint.
          await witness.idle();
          state.release();
        })();
        return closing;
      },
    };
  } catch (error) {
    state.release();
    throw error;
  }
}

/** The same about one log is told once in so long: anybody can send requests that are refused. */
const tellAgainAfterMs = 60_000;

function reporter(logger: Logger, tell: (event: WitnessReport) => void = () => {}): (event: WitnessReport) => void {
  const toldAtMs = new Map<string, number>();
  return (event) => {
    const { kind, message, error, ...fields } = event;
    if (kind === "cosigned") {
      logger.debug(fields, message);
      return;
    }
    const what = `${kind} ${event.origin}`;
    const nowMs = performance.now();
    if (nowMs - (toldAtMs.get(what) ?? Number.NEGATIVE_INFINITY) < tellAgainAfterMs) return;
    toldAtMs.set(what, nowMs);
    if (kind === "unproven") logger.warn(fields, message);
    else logger.error({ ...fields, kind, ...(error === undefined ? {} : { err: error }) }, message);
    tell(event);
  };
}

const text = "text/plain; charset=utf-8";

async function answer(witness: Witness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "";
  const isPost = request.method === "POST";
  const hash = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path)?.[1];
  if (path === "/add-checkpoint") {
    if (!isPost) return send(response, 405, "Checkpoints are added with POST.\n", text, { allow: "POST" });
    const bytes = await readBody(request);
    if (bytes === null) {
      // What is left of it is not read.
      return send(response, 413, `A request has at most ${requestBytesMax} bytes.\n`, text, { connection: "close" });
    }
    const { status, body, contentType } = await witness.addCheckpoint(bytes);
    return send(response, status, body, contentType);
  }
  if (hash !== undefined) {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return send(response, 405, "Checkpoints are read with GET.\n", text, { allow: "GET, HEAD" });
    }
    const note = witness.checkpoint(hash);
    if (note === null) return send(response, 404, "This witness has cosigned no checkpoint of that log.\n", text);
    return send(response, 200, note, text, { "cache-control": "no-cache" });
  }
  send(response, 404, "There are POST /add-checkpoint and GET /<hash of the origin>/checkpoint.\n", text);
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  contentType: string,
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(body, "utf8");
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": bytes.length,
    ...hardenedHeaders(false),
    ...headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : bytes);
}

/** The body, or null if it is too long. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  if (Number(request.headers["content-length"] ?? 0) > requestBytesMax) return null;
  const parts: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop must not end the connection: there is an answer to send.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > requestBytesMax) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
