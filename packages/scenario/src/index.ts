export { type PlayScenarioOptions, ScenarioError, type ScenarioProgress } from "./play-options.ts";
export { playScenario } from "./play-scenario.ts";
export { SCENARIO_END_MS, SCENARIO_START_MS } from "./prepare-scenario.ts";
export { RoleVacantError } from "./role-book.ts";
export type { HopFigures, ProcedureFigures } from "./scenario-figures.ts";
export type {
  ScenarioSummary,
  ScenarioTotals,
  ShownDossier,
  ShownHandoff,
  ShownWork,
} from "./scenario-summary.ts";
export { DeliveryMissingError } from "./system-deliveries.ts";
