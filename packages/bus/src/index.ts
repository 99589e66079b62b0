export { type BackUpOptions, backUp, type MadeBackup } from "./backup.ts";
export { type CheckedBackup, checkBackup } from "./backup-check.ts";
export { BackupRefusedError } from "./backup-error.ts";
export { type Bus, type StartBusOptions, startBus } from "./bus.ts";
export { type DataFolder, openDataFolder } from "./data-folder.ts";
export { ensureSigningKey, type KeyKind } from "./demonstration-keys.ts";
export {
  type DemonstrationShard,
  type DemonstrationSystem,
  demonstrationAuditor,
  demonstrationNetworkName,
  demonstrationSystems,
  narrowSeed,
  operatorSystem,
  realShard,
  scenarioShard,
  scenarioStart,
} from "./demonstration-network.ts";
export {
  type CheckedLog,
  checkLedger,
  LedgerMissingError,
  type LedgerToolOptions,
  type RepairedLog,
  repairLedger,
} from "./ledger-tools.ts";
export { type RestoreBackupOptions, type RestoredBackup, restoreBackup } from "./restore-backup.ts";
export { type RestoredStream, restoreStream } from "./restore-stream.ts";
export type { LogAnnouncement, RunFile } from "./run-file.ts";
export { shardOf } from "./seed-network.ts";
export {
  type ServedProcess,
  type ServedService,
  type ServeServiceOptions,
  servedServices,
  serveService,
} from "./serve.ts";
export type { RunningAudit } from "./start-audit.ts";
export type { RunningReplica } from "./start-exchange.ts";
export type { ReportStart, StartReport } from "./start-report.ts";
