export {
  type Bundle,
  type BundleCheckpoint,
  type BundleEvent,
  type BundleRegistry,
  type BundleTrail,
  bundleCharactersMax,
  readBundle,
  writeBundle,
} from "./bundle.ts";
export type { EventTimes } from "./check-times.ts";
export type { CustodyPeriod } from "./custody-periods.ts";
export { type Finding, type FindingCode, findingSeverities, type Severity } from "./finding.ts";
export {
  type EvidenceFile,
  type PromiseFile,
  readEvidenceFile,
  readPromiseFile,
  writeEvidenceFile,
  writePromiseFile,
} from "./promise-file.ts";
export { FileUnreadableError } from "./strict-json.ts";
export { type ReportLanguage, type ReportLine, tellBundle, tellFinding, tellPromise } from "./tell-report.ts";
export {
  type BranchFacts,
  type BundleReport,
  type CheckpointFacts,
  type VerifiedBundle,
  type VerifyOptions,
  verifyBundle,
  verifyReadBundle,
} from "./verify-bundle.ts";
export { type LogShown, type PromiseOutcome, type PromiseReport, verifyPromiseFile } from "./verify-promise.ts";
export { type WholeLogFacts, WholeLogReader, type WholeLogReport } from "./whole-log.ts";
