export type { CallRecord } from "./answer-call.ts";
export { CallContext, CallEndedError } from "./call-context.ts";
export {
  type BidiHandler,
  type BidiStream,
  bidiHandler,
  type ResponseStream,
  type ServerStreamHandler,
  serverStreamHandler,
  type UnaryHandler,
  unaryHandler,
} from "./call-handlers.ts";
export { limitReached } from "./caller-limits.ts";
export { certificateKeyDigest, isSystemId, systemIdOf, systemUri, type TlsMaterial } from "./certificate.ts";
export {
  CertificateRequestRefusedError,
  makeCertificateRequest,
  makeTlsKey,
  type ReadCertificateRequest,
  readCertificateRequest,
} from "./certificate-request.ts";
export * from "./channel.ts";
export { type Clock, realClock, SimulatedClock } from "./clock.ts";
export {
  type ConfigOrigin,
  type ConfigSources,
  ConfigurationError,
  type LoadedConfig,
  loadConfig,
  type PrintableSetting,
  secretSetting,
} from "./config.ts";
export {
  DEMONSTRATION_ORGANISATION,
  DEVELOPMENT_SERVER_NAMES,
  type DevelopmentAuthority,
  type DevelopmentAuthorityOptions,
  type IssuedCertificate,
  openDevelopmentAuthority,
  type StoredTlsMaterial,
  type TlsFiles,
} from "./development-authority.ts";
export {
  makeFolderDurably,
  makeFolderDurablySync,
  replaceDurably,
  syncFolder,
  syncFolderSync,
} from "./durable-file.ts";
export { createGrpcServer, type GrpcServer, type GrpcServerLimits, type GrpcServerOptions } from "./grpc-server.ts";
export { type GrpcService, grpcService, type HandlerFor, type ImplementationOf } from "./grpc-service.ts";
export { hardenedHeaders } from "./hardened-headers.ts";
export { defaultLimits, type LimitSettings, limitSettings, readLimitSettings } from "./limit-settings.ts";
export {
  createLogger,
  LOG_LEVELS,
  type LogDestination,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from "./logger.ts";
export { bytesPassed } from "./passing-bytes.ts";
export { type PeerIdentity, peerIdentity } from "./peer-identity.ts";
export { Places } from "./places.ts";
export { keepPrivateFile, readFileIfAny, replacePrivateFile } from "./private-file.ts";
export { rawServiceDefinition } from "./raw-service-definition.ts";
export { readTextFile, TEXT_FILE_BYTES_MAX } from "./read-text-file.ts";
export { expectPrivate, expectPrivateSync, readSecretFile } from "./secret-file.ts";
export { type GrpcServiceError, STATUS_DETAILS_BYTES_MAX, toServiceError } from "./service-error.ts";
export { httpTlsOf, readServiceSettings, type ServiceSettings, serviceSettings } from "./service-settings.ts";
export { type DrainStep, installSignalDrain, type SignalDrain, type SignalDrainOptions } from "./signal-drain.ts";
export * from "./status.ts";
export * from "./timestamp.ts";
export { type FollowedTls, followTlsFiles, readTlsFiles, type TlsPaths } from "./tls-files.ts";
export { TlsServerCredentials } from "./tls-server-credentials.ts";
export { type Allowance, TokenBuckets } from "./token-buckets.ts";
