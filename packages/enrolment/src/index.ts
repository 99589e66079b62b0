export { type AgencyChange, AgencyChanges, type ChangeKind } from "./agency-changes.ts";
export {
  type AgencyFolder,
  agencyFolder,
  type SealAlgorithm,
  sealAlgorithms,
  sealedAgencies,
} from "./agency-folder.ts";
export { type Approval, type ApprovalContent, approvalText, readApprovalFile } from "./approval-file.ts";
export {
  type ApprovalDecisions,
  type Approved,
  type ApproveOptions,
  approveRequest,
  demonstrationNetworkName,
  inspectRequest,
  isDemonstrationNetwork,
} from "./approve-request.ts";
export { type CheckedRequest, checkRequest, type RequestPolicy } from "./check-request.ts";
export { closeShard, declareShard, type NewShard } from "./declare-shard.ts";
export { digestOfParts, fingerprintOf, normalisedFingerprint } from "./fingerprint.ts";
export { type Installed, installApproval, networkOfFolder } from "./install-approval.ts";
export { keyByPrefix } from "./key-by-prefix.ts";
export { type EnrolOptions, requestEnrolment, requestRenewal, requestRotation } from "./make-request.ts";
export { EnrolmentRefusedError, type RefusalCode } from "./refused.ts";
export { type RecordedStep, type RecordStep, Registrar } from "./registrar.ts";
export { RegistryCopy } from "./registry-copy.ts";
export {
  type AskedRecord,
  type AskedSystem,
  askedKey,
  type EnrolmentRequest,
  type RequestKind,
  readRequestFile,
} from "./request-file.ts";
export { endDelegation, type RevocationDetails, revokeKey, revokeSystem } from "./revoke.ts";
export { type WatchAgencyOptions, type WatchNews, watchAgency } from "./watch-agency.ts";
