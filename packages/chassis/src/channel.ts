// The door `@lienthong/chassis/channel`: how a client reaches a server of ours. Imports no server code.
import { createSecureContext } from "node:tls";
import { ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import type { TlsMaterial } from "./certificate.ts";

export type { TlsMaterial };

/** The only version of TLS that servers and clients of the bus speak. */
export const TLS_VERSION = "TLSv1.3";

/**
 * Credentials of a client: TLS 1.3, the server verified against `caPem` and its name, the client certificate shown.
 * @throws the crypto library's error if the material is not PEM or key and certificate do not belong together.
 */
export function createGrpcCredentials({ caPem, certPem, keyPem }: TlsMaterial): ChannelCredentials {
  // createSsl has no way to say the version; a secure context has.
  const context = createSecureContext({ ca: caPem, cert: certPem, key: keyPem, minVersion: TLS_VERSION });
  return credentials.createFromSecureContext(context);
}

type ConnectorArguments = Parameters<ChannelCredentials["_createSecureConnector"]>;
type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/**
 * Credentials as `createGrpcCredentials` makes them, whose material can be replaced: every connection made from then on uses the new one, those that
 * stand go on. grpc-js asks its credentials once for each server; what it is given here asks again for each connection.
 */
export class RenewableGrpcCredentials extends ChannelCredentials {
  #current: ChannelCredentials;

  /** @throws as `createGrpcCredentials`. */
  constructor(material: TlsMaterial) {
    super();
    this.#current = createGrpcCredentials(material);
  }

  /** @throws as `createGrpcCredentials`; then the old material stays. */
  replace(material: TlsMaterial): void {
    this.#current = createGrpcCredentials(material);
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...on: ConnectorArguments): Connector {
    const first = this.#current._createSecureConnector(...on);
    return {
      connect: (socket) => this.#current._createSecureConnector(...on).connect(socket),
      waitForReady: () => first.waitForReady(),
      getCallCredentials: () => first.getCallCredentials(),
      destroy: () => first.destroy(),
    };
  }
}

/** Settings of a connection, seen from either end. */
export interface KeepaliveOptions {
  /** A ping is sent when nothing came for this long, in milliseconds. Default 20,000. */
  readonly keepaliveTimeMs?: number;
  /** The connection is given up when a ping is not answered for this long, in milliseconds. Default 10,000. */
  readonly keepaliveTimeoutMs?: number;
}

/** Settings of a client's channel. */
export interface GrpcChannelOptions extends KeepaliveOptions {
  /** Largest message taken from a server, in bytes. Default 16 MiB. */
  readonly receiveBytesMax?: number;
  /** Longest wait between attempts to connect, in milliseconds. Default 5,000. */
  readonly reconnectBackoffMaxMs?: number;
  /** Whether the channel shares connections with other channels of the process to the same server. Default true. */
  readonly sharedConnection?: boolean;
  /**
   * Name that the server's certificate must bear, in place of the host in the address. Give one ("localhost") when the address is an
   * IP address: TLS has no server names for those, and Node warns.
   */
  readonly serverName?: string;
  /**
   * Whether calls go in turn to all servers that the target names ("ipv4:10.0.0.1:7443,10.0.0.2:7443", or a name with several addresses).
   * Default false: to the first that answers, and on to the next when it is lost. A stream stays with the server on which it was opened.
   */
  readonly inTurn?: boolean;
  /** Whether to go through the HTTP proxy that the environment names. Default false. */
  readonly httpProxy?: boolean;
}

/** Default span of silence before a ping, in milliseconds. */
export const KEEPALIVE_TIME_MS = 20_000;
/** Default span to wait for its answer, in milliseconds. */
export const KEEPALIVE_TIMEOUT_MS = 10_000;
/** Window of a stream and a connection in bytes: the 64 KiB of the standard hold a bulk stream back. */
export const FLOW_CONTROL_WINDOW_BYTES = 1_048_576;

const roundRobin = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

/** Channel options for `new XServiceClient(address, createGrpcCredentials(…), grpcChannelOptions())`. */
export function grpcChannelOptions(options: GrpcChannelOptions = {}): ChannelOptions {
  return {
    "grpc.keepalive_time_ms": options.keepaliveTimeMs ?? KEEPALIVE_TIME_MS,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs ?? KEEPALIVE_TIMEOUT_MS,
    // A receiver waits for days on an open stream; a dead connection must be noticed then, too.
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_receive_message_length": options.receiveBytesMax ?? 16_777_216,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": options.reconnectBackoffMaxMs ?? 5_000,
    "grpc.enable_channelz": 0,
    "grpc-node.flow_control_window": FLOW_CONTROL_WINDOW_BYTES,
    "grpc.use_local_subchannel_pool": options.sharedConnection === false ? 1 : 0,
    "grpc.enable_http_proxy": options.httpProxy === true ? 1 : 0,
    ...(options.inTurn === true ? { "grpc.service_config": roundRobin } : {}),
    ...(options.serverName === undefined ? {} : { "grpc.ssl_target_name_override": options.serverName }),
  };
}
