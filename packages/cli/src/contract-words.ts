import { DeliveryRole } from "@lienthong/contracts/exchange/v1/delivery_service";
import { BranchState } from "@lienthong/contracts/exchange/v1/dossier";
import { WarningKind } from "@lienthong/contracts/exchange/v1/event";
import { Channel, Outcome, RefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { AgencyLevel, KeyPurpose, RecordStatus, SuccessionShare } from "@lienthong/contracts/registry/v1/record";
import { enumWords } from "./enum-words.ts";

export const branchStateWords = enumWords(BranchState, "BRANCH_STATE_");
export const channelWords = enumWords(Channel, "CHANNEL_");
export const outcomeWords = enumWords(Outcome, "OUTCOME_");
export const refusalReasonWords = enumWords(RefusalReason, "REFUSAL_REASON_");
export const warningWords = enumWords(WarningKind, "WARNING_KIND_");
export const deliveryRoleWords = enumWords(DeliveryRole, "DELIVERY_ROLE_");
export const agencyLevelWords = enumWords(AgencyLevel, "AGENCY_LEVEL_");
export const keyPurposeWords = enumWords(KeyPurpose, "KEY_PURPOSE_");
export const recordStatusWords = enumWords(RecordStatus, "RECORD_STATUS_");
export const algorithmWords = enumWords(SignatureAlgorithm, "SIGNATURE_ALGORITHM_");
export const shareWords = enumWords(SuccessionShare, "SUCCESSION_SHARE_");
