import { createHash, timingSafeEqual, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket, Server as TlsServer } from "node:tls";
import {
  certificateKeyDigest,
  followTlsFiles,
  hardenedHeaders,
  type Logger,
  type PeerIdentity,
  systemIdOf,
  type TlsMaterial,
  type TlsPaths,
} from "@lienthong/chassis";
import { type Bundle, parseTilePath, type Tile, tileWidth } from "@lienthong/tlog";
import type { Log } from "./log.ts";
import { publishedFileName, readIfAny } from "./log-files.ts";
import { registryLogName, type ServedLogs } from "./served-logs.ts";

/** How logs are served over HTTP. */
export interface LogHttpOptions {
  readonly logs: ServedLogs;
  /** "host:port"; port 0 takes a free one. Plain HTTP belongs on loopback or behind something that speaks TLS. */
  readonly address: string;
  /**
   * Serves TLS instead; client certificates are asked for and may be absent. With `files`, what is replaced there is used for new connections from then
   * on.
   */
  readonly tls?: TlsMaterial & { readonly files?: TlsPaths };
  /** Bearer token of auditors and mirrors, at least 32 characters. */
  readonly entriesToken: string;
  /** Whether a client certificate may read the entries of a log; only with TLS. */
  readonly mayReadEntries?: (identity: PeerIdentity, log: string) => boolean;
  readonly logger: Logger;
  /** Bounds other than the default. */
  readonly bounds?: Partial<typeof defaultBounds>;
}

/** Logs on an HTTP port. */
export interface LogHttp {
  /** Without a slash at the end. */
  readonly url: string;
  urlOf(log: string): string;
  /** Looks now whether the files of its TLS material were replaced, and uses what is there if it holds together. */
  lookAtTlsFiles(): Promise<void>;
  /** Ends in good order; what is open after `graceMs` is cut off. */
  close(graceMs: number): Promise<void>;
}

const defaultBounds = {
  /** For a request to be complete, and its headers: whoever sends a byte now and then loses the place. */
  requestTimeoutMs: 15_000,
  headersTimeoutMs: 10_000,
  /** For a reader that takes nothing of its answer. */
  silenceMsMax: 30_000,
  connectionsMax: 512,
};
const headerBytesMax = 8_192;
const handshakeTimeoutMs = 10_000;
/** What is named by its content never changes. */
const forever = "public, max-age=31536000, immutable";
const entriesForever = "private, max-age=31536000, immutable";

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly cache: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Serves `<url>/<log>/checkpoint`, `/tile/…`, `/tile/entries/…` (C2SP tlog-tiles) and `/checkpoints/<size>`, every checkpoint that was signed.
 * Hash tiles and checkpoints are public, entries of a shard are not.
 * @throws an Error with a sentence if the address cannot be bound.
 */
export async function serveLogHttp(options: LogHttpOptions): Promise<LogHttp> {
  const { logs, address, tls, entriesToken, logger } = options;
  if (entriesToken.length < 32) throw new Error("The token of auditors has fewer than 32 characters.");
  const bounds = { ...defaultBounds, ...options.bounds };
  const limits = {
    requestTimeout: bounds.requestTimeoutMs,
    headersTimeout: bounds.headersTimeoutMs,
    keepAliveTimeout: 5_000,
    maxHeaderSize: headerBytesMax,
    connectionsCheckingInterval: Math.min(1_000, bounds.headersTimeoutMs),
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request)
      .catch((error: unknown): Answer => {
        logger.error({ err: error }, "A request to the log could not be answered.");
        return plain(500, "internal error\n");
      })
      .then((answered) => send(request, response, answered, tls !== undefined))
      .catch(() => response.destroy());
  };
  const server: Server =
    tls === undefined
      ? createServer(limits, handle)
      : createTlsServer(
          {
            ...limits,
            key: tls.keyPem,
            cert: tls.certPem,
            ca: tls.caPem,
            requestCert: true,
            // Checkpoints and hashes are for everybody; a certificate only adds the right to entries.
            rejectUnauthorized: false,
            minVersion: "TLSv1.3",
            handshakeTimeout: handshakeTimeoutMs,
          },
          handle,
        );
  server.maxConnections = bounds.connectionsMax;
  server.timeout = bounds.silenceMsMax;
  const following =
    tls?.files === undefined
      ? null
      : followTlsFiles({
          paths: tls.files,
          present: tls,
          logger,
          use: ({ caPem, certPem, keyPem }) =>
            (server as unknown as TlsServer).setSecureContext({
              ca: caPem,
              cert: certPem,
              key: keyPem,
              minVersion: "TLSv1.3",
            }),
        });

  async function answer(request: IncomingMessage): Promise<Answer> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return { ...plain(405, "only GET and HEAD\n"), headers: { allow: "GET, HEAD", connection: "close" } };
    }
    const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
    if (length !== "0" || encoding !== undefined) {
      // What would come is not read.
      return { ...plain(413, "a request has no body here\n"), headers: { connection: "close" } };
    }
    const match = /^\/([a-z0-9-]{1,32})\/([a-z0-9./-]{1,120})$/.exec(request.url ?? "");
    const log = match === null ? undefined : logs.find(match[1] as string);
    if (match === null || log === undefined) return notFound;
    const path = match[2] as string;
    if (path === "checkpoint") return publishedCheckpoint(log);
    if (path.startsWith("checkpoints/")) return keptCheckpoint(log, path.slice("checkpoints/".length));
    const named = parseTilePath(path);
    if (named === null) return notFound;
    if (named.kind === "hashes") return tileAnswer(log, named);
    if (!mayReadEntries(request, log.name)) {
      return {
        ...plain(401, "entries are for auditors of the whole shard: send their bearer token or client certificate\n"),
        headers: { "www-authenticate": 'Bearer realm="entries"' },
      };
    }
    return bundleAnswer(log, named);
  }

  function mayReadEntries(request: IncomingMessage, log: string): boolean {
    if (log === registryLogName) return true;
    const { authorization } = request.headers;
    if (authorization !== undefined && sameSecret(authorization, `Bearer ${entriesToken}`)) return true;
    const identity = tls === undefined ? null : identityOf(request.socket as TLSSocket);
    return identity !== null && (options.mayReadEntries?.(identity, log) ?? false);
  }

  const [host, port] = splitAddress(address);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: Error) =>
      reject(
        new Error(
          `The logs cannot be served on ${address} (${cause.message}); name a free address, or port 0 for any.`,
          { cause },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  const url = `${tls === undefined ? "http" : "https"}://${shownHost(host)}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    urlOf: (log) => `${url}/${log}`,
    lookAtTlsFiles: () => following?.look() ?? Promise.resolve(),
    async close(graceMs) {
      following?.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

const notFound: Answer = plain(404, "not found\n");

function plain(status: number, text: string): Answer {
  return { status, type: "text/plain; charset=utf-8", cache: "no-store", body: Buffer.from(text) };
}

async function publishedCheckpoint(log: Log): Promise<Answer> {
  const body = await readIfAny(join(log.files.directory, publishedFileName));
  if (body === null) return notFound;
  return { status: 200, type: "text/plain; charset=utf-8", cache: "public, max-age=1, must-revalidate", body };
}

function keptCheckpoint(log: Log, text: string): Answer {
  if (!/^(?:0|[1-9]\d{0,15})$/.test(text)) return notFound;
  const kept = log.kept.ofSize(Number(text));
  if (kept === null) return notFound;
  // Not for ever: cosignatures may still come.
  return { status: 200, type: "text/plain; charset=utf-8", cache: "public, max-age=5", body: Buffer.from(kept.note) };
}

/** Only what a signed head covers is shown: what a crash left beyond it may yet become something else. */
function isCovered({ level, index, width }: Tile, size: number): boolean {
  return index * tileWidth + width <= Math.floor(size / tileWidth ** level);
}

async function tileAnswer(log: Log, tile: Tile): Promise<Answer> {
  if (!isCovered(tile, log.head().size)) return notFound;
  const body = await log.files.tile(tile);
  return body === null ? notFound : { status: 200, type: "application/octet-stream", cache: forever, body };
}

async function bundleAnswer(log: Log, bundle: Bundle): Promise<Answer> {
  if (!isCovered({ level: 0, ...bundle }, log.head().size)) return notFound;
  const body = await log.files.bundle(bundle);
  return body === null ? notFound : { status: 200, type: "application/octet-stream", cache: entriesForever, body };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, cache, body, headers }: Answer,
  overTls: boolean,
): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": body.length,
    "cache-control": cache,
    ...hardenedHeaders(overTls),
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Compares without telling by the time it takes how much was right. */
function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function identityOf(socket: TLSSocket): PeerIdentity | null {
  if (!socket.authorized) return null;
  const { raw } = socket.getPeerCertificate();
  if (raw === undefined) return null;
  const certificate = new X509Certificate(raw);
  const systemId = systemIdOf(certificate);
  if (systemId === null) return null;
  const certificateKeyDigestHex = Buffer.from(certificateKeyDigest(raw)).toString("hex");
  return { systemId, certificateKeyDigestHex, fingerprint256: certificate.fingerprint256 };
}

function splitAddress(address: string): [host: string, port: number] {
  const at = address.lastIndexOf(":");
  return [address.slice(0, at).replace(/^\[(.*)\]$/, "$1"), Number(address.slice(at + 1))];
}

/** Under which name a port is told: one that listens everywhere is reached by this machine's own name for itself. */
function shownHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
