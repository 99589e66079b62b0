export { type Access, accessRecorder, type RecordAccess } from "./access-log.ts";
export type { AuditServiceOptions } from "./asking.ts";
export { AuditIndex, type AuditIndexOptions, type RebuildProgress } from "./audit-index.ts";
export { auditService } from "./audit-service.ts";
export { type DifferentRow, digestOfIndex } from "./compare-index.ts";
export { type Database, DatabaseRefusedError } from "./database.ts";
export { openDatabase } from "./open-database.ts";
export { PageTokens } from "./page-token.ts";
export { pinnedNames } from "./registry-names.ts";
