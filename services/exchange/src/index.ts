export { authenticateSystem, delegationRefusal } from "./authenticate.ts";
export type { EventFollower, FedEvent } from "./event-feed.ts";
export { createExchange, type Exchange, type ExchangeOptions, type FollowedRegistry } from "./exchange.ts";
export { ShardStoppedError } from "./shard-guard.ts";
