import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import { DocumentState } from "@lienthong/contracts/exchange/v1/document_service";
import { BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { WarningKind } from "@lienthong/contracts/exchange/v1/event";
import {
  Channel,
  ErasureReason,
  ExtensionReason,
  Outcome,
  PauseReason,
  RecallReason,
  RecallRefusalReason,
  RefusalReason,
  StopReason,
  SupplementReason,
  WithdrawalReason,
} from "@lienthong/contracts/exchange/v1/statement";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { AgencyLevel, KeyPurpose, RecordStatus, SuccessionShare } from "@lienthong/contracts/registry/v1/record";
import { enumWords } from "./enum-words.ts";

export const branchStateWords = enumWords(BranchState, "BRANCH_STATE_");
export const channelWords = enumWords(Channel, "CHANNEL_");
export const outcomeWords = enumWords(Outcome, "OUTCOME_");
export const refusalReasonWords = enumWords(RefusalReason, "REFUSAL_REASON_");
export const recallReasonWords = enumWords(RecallReason, "RECALL_REASON_");
export const recallRefusalWords = enumWords(RecallRefusalReason, "RECALL_REFUSAL_REASON_");
export const supplementReasonWords = enumWords(SupplementReason, "SUPPLEMENT_REASON_");
export const pauseReasonWords = enumWords(PauseReason, "PAUSE_REASON_");
export const extensionReasonWords = enumWords(ExtensionReason, "EXTENSION_REASON_");
export const withdrawalReasonWords = enumWords(WithdrawalReason, "WITHDRAWAL_REASON_");
export const stopReasonWords = enumWords(StopReason, "STOP_REASON_");
export const erasureReasonWords = enumWords(ErasureReason, "ERASURE_REASON_");
export const warningWords = enumWords(WarningKind, "WARNING_KIND_");
export const deliveryRoleWords = enumWords(DeliveryRole, "DELIVERY_ROLE_");
export const agencyLevelWords = enumWords(AgencyLevel, "AGENCY_LEVEL_");
export const keyPurposeWords = enumWords(KeyPurpose, "KEY_PURPOSE_");
export const recordStatusWords = enumWords(RecordStatus, "RECORD_STATUS_");
export const algorithmWords = enumWords(SignatureAlgorithm, "SIGNATURE_ALGORITHM_");
export const shareWords = enumWords(SuccessionShare, "SUCCESSION_SHARE_");
export const documentStateWords = enumWords(DocumentState, "DOCUMENT_STATE_");
