import { busError, type Clock, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { ExchangeServiceService } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { ShardRecord } from "@lienthong/contracts/registry/v1/record";
import type { RegistryState } from "@lienthong/registry-state";
import { authenticateSystem, delegationRefusal } from "../authenticate.ts";
import type { DossierStore } from "../dossier-store.ts";
import { dossierMessage, type ReadableDossier, readDossierFor, trailPage } from "../read-dossier.ts";

/** What reading stands on. */
export interface ReadingDependencies {
  readonly shard: ShardRecord;
  readonly generation: number;
  readonly clock: Clock;
  readonly dossiers: DossierStore;
  registry(): RegistryState;
  eventCount(): number;
}

type Identity = Parameters<typeof authenticateSystem>[1];

/** ExchangeService/GetShard. */
export function getShardPort(on: ReadingDependencies): HandlerFor<ExchangeServiceService["getShard"]> {
  return unaryHandler((request, context) => {
    const registry = on.registry();
    authenticateSystem(registry, context.identity);
    if (request.shard !== "") expectShard(request.shard, on);
    return {
      shard: on.shard.name,
      network: registry.network,
      generation: on.generation,
      origin: on.shard.origin,
      clock: on.shard.clock,
      now: on.clock.now(),
      promiseDelay: on.shard.promiseDelay,
      registryHead: registry.head,
      eventCount: BigInt(on.eventCount()),
    };
  });
}

/** ExchangeService/GetDossier. */
export function getDossierPort(on: ReadingDependencies): HandlerFor<ExchangeServiceService["getDossier"]> {
  return unaryHandler(async (request, context) => {
    const readable = await readFor(request, context.identity, on);
    return { dossier: dossierMessage(on.shard.name, readable, on.registry()) };
  });
}

/** ExchangeService/GetTrail. */
export function getTrailPort(on: ReadingDependencies): HandlerFor<ExchangeServiceService["getTrail"]> {
  return unaryHandler(async (request, context) => {
    const readable = await readFor(request, context.identity, on);
    return trailPage(readable, request.pageSize, request.pageToken);
  });
}

function readFor(
  request: { shard: string; dossier: string; agency: string },
  identity: Identity,
  on: ReadingDependencies,
): Promise<ReadableDossier> {
  const registry = on.registry();
  const system = authenticateSystem(registry, identity);
  expectShard(request.shard, on);
  const undelegated = delegationRefusal(registry, system, request.agency, "agency");
  if (undelegated !== null) throw undelegated;
  return readDossierFor(request, on.dossiers, registry);
}

function expectShard(shard: string, on: ReadingDependencies): void {
  if (shard !== on.shard.name) throw busError("SHARD_UNKNOWN", { field: "shard", allowed: on.shard.name });
}
