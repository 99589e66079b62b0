export { authenticateSystem, delegationRefusal } from "./authenticate.ts";
export type { DocumentsCheck } from "./documents-ready.ts";
export type { EventFollower, FedEvent } from "./event-feed.ts";
export { createExchange, type Exchange, type ExchangeOptions } from "./exchange.ts";
export { exchangeService } from "./exchange-service.ts";
export type { FollowedRegistry } from "./registry-in-force.ts";
export { type ServedShard, ServedShards } from "./served-shards.ts";
export { ShardStoppedError } from "./shard-guard.ts";
