export { type Bus, type RunFile, type RunningReplica, type StartBusOptions, startBus } from "./bus.ts";
export { type DataFolder, openDataFolder } from "./data-folder.ts";
export { ensureSigningKey } from "./demonstration-keys.ts";
export {
  type DemonstrationShard,
  type DemonstrationSystem,
  demonstrationSystems,
  narrowSeed,
  operatorSystem,
  scenarioShard,
  scenarioStart,
} from "./demonstration-network.ts";
