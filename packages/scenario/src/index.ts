export { type PlayScenarioOptions, ScenarioError, type ScenarioProgress } from "./play-options.ts";
export { playScenario } from "./play-scenario.ts";
export { SCENARIO_END_MS, SCENARIO_START_MS } from "./prepare-scenario.ts";
export { RoleVacantError } from "./role-book.ts";
export type { EndCounts, HappeningCounts, HopFigures, ProcedureFigures } from "./scenario-figures.ts";
export {
  type ExampleKind,
  SCENARIO_SUMMARY_VERSION,
  type ScenarioSummary,
  type ScenarioTotals,
  type ShownDossier,
  type ShownEnd,
  type ShownExample,
  type ShownHandoff,
  type ShownWork,
} from "./scenario-summary.ts";
export { DeliveryMissingError } from "./system-deliveries.ts";
