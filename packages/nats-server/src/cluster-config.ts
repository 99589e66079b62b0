import { renderServerConfig, type ServerConfig } from "./server-config.ts";

/** TLS material of a cluster's routes; of an authority of its own, so that no service's certificate opens a route. */
export interface RouteTls {
  readonly caPath: string;
  /** For client and server use: a member is both. It names the hosts under which the others reach this member. */
  readonly certPath: string;
  readonly keyPath: string;
}

/** What makes a server a member of a cluster. */
export interface ClusterRoutes {
  readonly clusterName: string;
  /** "host:port" on which this server takes routes. */
  readonly routeListen: string;
  /** "host:port" of the other members. */
  readonly routes: readonly string[];
  /** "host:port" under which the other members hear of this one from each other; by default where it listens. */
  readonly routeAdvertise?: string;
  readonly routeTls: RouteTls;
}

/** One server of a cluster. */
export type ClusterMemberConfig = ServerConfig & ClusterRoutes;

/**
 * The configuration of one server of a cluster: what an embedded one has (rights, fsync before every answer), and routes over TLS on which
 * both sides show a certificate.
 */
export function renderClusterMemberConfig(config: ClusterMemberConfig): string {
  return renderServerConfig(config, renderClusterBlock(config));
}

/** The cluster's block. `deploy/nats/site.conf.example` shows the same for a server of one's own; a test compares them. */
export function renderClusterBlock(config: ClusterRoutes): string[] {
  const { clusterName, routeListen, routeAdvertise, routes, routeTls } = config;
  return [
    "cluster {",
    `  name: ${JSON.stringify(clusterName)}`,
    `  listen: ${JSON.stringify(routeListen)}`,
    ...(routeAdvertise === undefined ? [] : [`  cluster_advertise: ${JSON.stringify(routeAdvertise)}`]),
    `  routes: [${routes.map((route) => JSON.stringify(`nats-route://${route}`)).join(", ")}]`,
    "  # One route to each other member. A pool of them, each dialled anew after a cut, takes up to three times as long to catch up.",
    "  pool_size: -1",
    "  # A member that is silent for about six seconds is dialled anew; the default takes minutes.",
    '  ping_interval: "2s"',
    "  ping_max: 2",
    "  tls {",
    `    ca_file: ${JSON.stringify(routeTls.caPath)}`,
    `    cert_file: ${JSON.stringify(routeTls.certPath)}`,
    `    key_file: ${JSON.stringify(routeTls.keyPath)}`,
    "    verify: true",
    "    timeout: 5",
    "  }",
    "}",
  ];
}
