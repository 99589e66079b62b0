import {
  asBusError,
  type BusError,
  createGrpcServer,
  type GrpcServer,
  type GrpcService,
  type LimitSettings,
  type Logger,
  type PeerIdentity,
  readLimitSettings,
  type StoredTlsMaterial,
} from "@lienthong/chassis";
import { authenticateSystem } from "@lienthong/exchange";
import type { RegistryFollower } from "@lienthong/registry";

/** What a port stands on. */
export interface PortOptions {
  readonly services: readonly GrpcService[];
  readonly server: StoredTlsMaterial;
  readonly registry: Pick<RegistryFollower, "state">;
  /** 0: a free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Shares of systems; by default as the environment says. */
  readonly share?: LimitSettings | undefined;
}

/** Opens a gRPC port of the bus: TLS files followed, every system held to its share, and its open calls ended when the registry no longer knows it. */
export async function openPort({ services, server, registry, port, logger, share }: PortOptions): Promise<GrpcServer> {
  return createGrpcServer({
    services,
    tls: server,
    address: `127.0.0.1:${port}`,
    logger,
    share: share ?? sharesOfSystems(),
    refusalOf: (identity) => refusalOf(registry, identity),
  });
}

/** What one system may take of a server, as `LIENTHONG_LIMIT_…` variables say. Throws ConfigurationError. */
export function sharesOfSystems(): LimitSettings {
  return readLimitSettings(process.env).values;
}

function refusalOf(registry: PortOptions["registry"], identity: PeerIdentity | null): BusError | null {
  try {
    authenticateSystem(registry.state, identity);
    return null;
  } catch (error) {
    return asBusError(error);
  }
}
