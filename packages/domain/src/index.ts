export {
  type AnsweredHandoff,
  type AudienceMember,
  type AudienceRole,
  answeredHandoff,
  audienceOfEvent,
  endedHandoffs,
} from "./audience.ts";
export {
  type BranchesActedOn,
  type CustodyRole,
  type CustodyRow,
  type CustodyState,
  custodyRow,
  custodyTable,
  endStates,
  heldStates,
  protoNameOf,
  type TabledStatement,
} from "./custody-table.ts";
export { decide } from "./decide.ts";
export { type Decision, type Refusal, type RefusalCode, refuse } from "./decision.ts";
export {
  type BranchParties,
  type DossierParties,
  evolveParties,
  partiesFromJson,
  partiesToJson,
} from "./dossier-parties.ts";
export {
  type BranchCustody,
  branchesOfLastEvent,
  type Consultation,
  type DossierState,
  hasEnded,
  openBranches,
  openBranchesMax,
  type PendingCustody,
  readableBranches,
} from "./dossier-state.ts";
export { deliveredIsNews, evolve } from "./evolve.ts";
export type { Rulebook } from "./rulebook.ts";
export { type RecordedStatement, StatementIds } from "./statement-ids.ts";
