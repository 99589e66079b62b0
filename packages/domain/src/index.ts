export {
  type AnsweredHandoff,
  type AudienceMember,
  type AudienceRole,
  answeredHandoff,
  audienceOf,
} from "./audience.ts";
export {
  type CustodyRole,
  type CustodyRow,
  type CustodyState,
  custodyRow,
  custodyTable,
  endStates,
  heldStates,
  type TabledStatement,
} from "./custody-table.ts";
export { decide } from "./decide.ts";
export { type Decision, type Refusal, type RefusalCode, refuse } from "./decision.ts";
export {
  type BranchCustody,
  type DossierState,
  hasEnded,
  type PendingCustody,
  readableBranches,
} from "./dossier-state.ts";
export { deliveredIsNews, evolve } from "./evolve.ts";
export type { Rulebook } from "./rulebook.ts";
export { type RecordedStatement, StatementIds } from "./statement-ids.ts";
