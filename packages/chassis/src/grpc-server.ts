import { Server, setLogger } from "@grpc/grpc-js";
import { type CallRecord, compileService, type OpenCall } from "./answer-call.ts";
import type { BusError } from "./bus-error.ts";
import { CallerLimits } from "./caller-limits.ts";
import type { TlsMaterial } from "./certificate.ts";
import { KEEPALIVE_TIME_MS, KEEPALIVE_TIMEOUT_MS, type KeepaliveOptions } from "./channel.ts";
import { limitConnections } from "./connection-limits.ts";
import type { GrpcService } from "./grpc-service.ts";
import { addHealth, addReflection, OpenStreams } from "./health-and-reflection.ts";
import { defaultLimits, type LimitSettings } from "./limit-settings.ts";
import type { Logger } from "./logger.ts";
import type { PeerIdentity } from "./peer-identity.ts";
import { rawServiceDefinition } from "./raw-service-definition.ts";
import { type FollowedTls, followTlsFiles, type TlsPaths } from "./tls-files.ts";
import { TlsServerCredentials } from "./tls-server-credentials.ts";

/** What a server takes. */
export interface GrpcServerLimits {
  /** Largest request message in bytes; a larger one ends its call with RESOURCE_EXHAUSTED. Default 4 MiB. */
  readonly receiveBytesMax?: number;
  /** Largest response message in bytes. Default 16 MiB. */
  readonly sendBytesMax?: number;
  /** Calls at a time on one connection; more wait in the client. Default 1,000. */
  readonly concurrentStreamsMax?: number;
}

/** How a server is made. */
export interface GrpcServerOptions {
  readonly services: readonly GrpcService[];
  /**
   * Own certificate, and the authorities whose client certificates are taken. Every connection needs one. With `files`, what is replaced there is used
   * for new connections from then on.
   */
  readonly tls: TlsMaterial & { readonly files?: TlsPaths };
  /** "host:port"; port 0 takes a free one. */
  readonly address: string;
  readonly logger: Logger;
  readonly limits?: GrpcServerLimits;
  readonly keepalive?: KeepaliveOptions;
  /** What one system may take of this server. */
  readonly share?: LimitSettings;
  /**
   * Why a system may not call any more; null if it may. Asked every second about calls under way, which are ended with the refusal. New calls are
   * the ports' matter.
   */
  readonly refusalOf?: (identity: PeerIdentity | null) => BusError | null;
  /** Told of every call that ended, for metrics. */
  readonly onCallEnd?: (record: CallRecord) => void;
}

/** A server that listens. */
export interface GrpcServer {
  /** "host:port" as bound. */
  readonly address: string;
  readonly port: number;
  /**
   * Says whether a service (full name; "" for the server as a whole) can do its work. All begin as not serving. After `drain` nothing
   * turns it on again.
   * @throws an Error with a sentence if no such service is mounted.
   */
  setServing(service: string, serving: boolean): void;
  /** The same for every service and the whole. */
  setAllServing(serving: boolean): void;
  /** Shows other certificates to connections made from now on. */
  replaceTls(tls: TlsMaterial): void;
  /** Looks now whether the files of its TLS material were replaced, and uses what is there if it holds together. */
  lookAtTlsFiles(): Promise<void>;
  /**
   * Ends in good order: health off, no new connections, open streams told to finish, calls under way finished; what is left after
   * `graceMs` is cut off. Calling it again waits for the first.
   */
  drain(graceMs: number): Promise<{ readonly forced: boolean }>;
  /** Cuts everything off at once. */
  forceStop(): void;
}

/** grpc-js writes lines of its own to stderr, for the whole process; they become entries of our log. */
function takeOverGrpcLog(logger: Logger): void {
  const sentence = (parts: unknown[]): string => parts.map(String).join(" ");
  setLogger({
    error: (...parts: unknown[]) => logger.warn({ from: "grpc-js" }, sentence(parts)),
    info: (...parts: unknown[]) => logger.info({ from: "grpc-js" }, sentence(parts)),
    debug: (...parts: unknown[]) => logger.debug({ from: "grpc-js" }, sentence(parts)),
  });
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

/** How often calls under way are looked at: a system that may not go on is ended well within the 5 s that agencies are told. */
const refusedEveryMs = 1_000;

function endRefused(open: ReadonlySet<OpenCall>, refusalOf: (identity: PeerIdentity | null) => BusError | null): void {
  const refusals = new Map<PeerIdentity | null, BusError | null>();
  for (const call of open) {
    const { identity } = call.context;
    let refusal = refusals.get(identity);
    if (refusal === undefined) {
      refusal = refusalOf(identity);
      refusals.set(identity, refusal);
    }
    if (refusal !== null && !call.context.ended) call.cutOff(refusal);
  }
}

/**
 * Makes a server with the services given, health and reflection, and starts listening.
 * @throws an Error with a sentence if the address cannot be bound.
 */
export async function createGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { services, logger, limits = {}, keepalive = {} } = options;
  takeOverGrpcLog(logger);
  const drainController = new AbortController();
  const credentials = new TlsServerCredentials(options.tls);
  const server = new Server({
    "grpc.max_receive_message_length": limits.receiveBytesMax ?? 4_194_304,
    "grpc.max_send_message_length": limits.sendBytesMax ?? 16_777_216,
    "grpc.max_concurrent_streams": limits.concurrentStreamsMax ?? 1_000,
    "grpc.keepalive_time_ms": keepalive.keepaliveTimeMs ?? KEEPALIVE_TIME_MS,
    "grpc.keepalive_timeout_ms": keepalive.keepaliveTimeoutMs ?? KEEPALIVE_TIMEOUT_MS,
    // Channelz stays on: without it grpc-js 1.14 keeps no list of sessions, and forceShutdown leaves them all open.
  });
  const share = options.share ?? defaultLimits;
  const open = new Set<OpenCall>();
  const environment = {
    logger,
    drainSignal: drainController.signal,
    onCallEnd: options.onCallEnd,
    limits: new CallerLimits(share),
    open,
  };
  for (const service of services) {
    server.addService(rawServiceDefinition(service.definition), compileService(service, environment));
  }
  const names = services.map((service) => service.fullName);
  const openStreams = new OpenStreams();
  const health = addHealth(openStreams.adder(server), names);
  addReflection(openStreams.adder(server), names);

  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(options.address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else {
        reject(
          new Error(
            `The gRPC server cannot listen on ${options.address} (${error.message}); name a free address, or port 0 for any.`,
            { cause: error },
          ),
        );
      }
    });
  });
  limitConnections(server, share, logger);
  const address = `${hostOf(options.address)}:${port}`;
  const { files, ...present } = options.tls;
  const following: FollowedTls | null =
    files === undefined
      ? null
      : followTlsFiles({ paths: files, present, logger, use: (material) => credentials.replace(material) });
  const { refusalOf } = options;
  const looking =
    refusalOf === undefined ? undefined : setInterval(() => endRefused(open, refusalOf), refusedEveryMs).unref();
  const stopLooking = (): void => {
    following?.stop();
    clearInterval(looking);
  };
  const known = new Set(["", ...names]);

  const setServing = (service: string, serving: boolean): void => {
    if (!known.has(service)) {
      throw new Error(`No service "${service}" is mounted here; there are ${names.join(", ")}, and "" for the whole.`);
    }
    if (serving && drainController.signal.aborted) return;
    health.setStatus(service, serving ? "SERVING" : "NOT_SERVING");
  };
  const setAllServing = (serving: boolean): void => {
    for (const name of known) setServing(name, serving);
  };

  let draining: Promise<{ forced: boolean }> | null = null;
  const drainOnce = async (graceMs: number): Promise<{ forced: boolean }> => {
    setAllServing(false);
    stopLooking();
    drainController.abort();
    openStreams.endAll();
    const closed = new Promise<boolean>((resolve) => {
      server.tryShutdown(() => resolve(false));
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), graceMs);
    });
    const forced = await Promise.race([closed, late]);
    clearTimeout(timer);
    if (forced) {
      logger.warn({ address, graceMs }, "Calls were still open when the time to drain was over; they are cut off.");
      server.forceShutdown();
    }
    return { forced };
  };

  logger.info({ address, services: names, share }, "The gRPC server listens.");
  return {
    address,
    port,
    setServing,
    setAllServing,
    replaceTls: (tls) => credentials.replace(tls),
    lookAtTlsFiles: () => following?.look() ?? Promise.resolve(),
    drain: (graceMs) => {
      draining ??= drainOnce(graceMs);
      return draining;
    },
    forceStop: () => {
      setAllServing(false);
      stopLooking();
      drainController.abort();
      server.forceShutdown();
    },
  };
}
