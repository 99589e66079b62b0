export { createEntryAppender, type EntryAppended, type EntryAppender } from "./append-entry.ts";
export { type FollowRegistryOptions, followRegistry, type RegistryFollower } from "./registry-follower.ts";
export { openRegistryGuard, RegistryChangedError, type RegistryGuard } from "./registry-guard.ts";
export { createRegistryService, type RegistryService, type RegistryServiceOptions } from "./registry-service.ts";
export type { RegistrySeed, SeedAgencyKey, SeedContent } from "./seed-plan.ts";
export { type SeededRegistry, type SeedRegistryOptions, seedRegistry } from "./seed-registry.ts";
