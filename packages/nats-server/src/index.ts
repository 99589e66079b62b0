export {
  accountNames,
  accountOf,
  inboxPrefixOf,
  type Role,
  type RolePermissions,
  rolePermissions,
  roles,
  serverStateSubject,
} from "./accounts.ts";
export { type AssertServerSafeOptions, assertServerSafe, type SyncEvidence } from "./assert-server-safe.ts";
export {
  type ClusterMemberConfig,
  type ClusterRoutes,
  type RouteTls,
  renderClusterBlock,
  renderClusterMemberConfig,
} from "./cluster-config.ts";
export { type ConnectAsOptions, connectAs } from "./connect-as.ts";
export { type EmbeddedNats, type EmbeddedNatsOptions, type ServerExit, startEmbeddedNats } from "./embedded-server.ts";
export { NatsServerError, type NatsServerErrorReason } from "./errors.ts";
export {
  defaultCacheDirectory,
  type FindNatsServerOptions,
  type FoundNatsServer,
  findNatsServer,
} from "./find-server.ts";
export { ensureRoleKeys, type RoleKey } from "./role-keys.ts";
export type { ReportServer, ServerReport } from "./server-report.ts";
export { compareVersions, isVersionAccepted, natsServerVersionMin, readServerVersion } from "./server-version.ts";
