import { type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { ExchangeServiceService } from "@lienthong/contracts/exchange/v1/exchange_service";
import type { RegistryState } from "@lienthong/registry-state";
import { authenticateSystem, delegationRefusal } from "../authenticate.ts";
import { dossierMessage, type ReadableDossier, readDossierFor, trailPage } from "../read-dossier.ts";
import type { ServedShards } from "../served-shards.ts";

/** What reading stands on. */
export interface ReadingDependencies {
  readonly shards: ServedShards;
  registry(): RegistryState;
}

type Identity = Parameters<typeof authenticateSystem>[1];

/** ExchangeService/GetShard. */
export function getShardPort(on: ReadingDependencies): HandlerFor<ExchangeServiceService["getShard"]> {
  return unaryHandler((request, context) => {
    const registry = on.registry();
    authenticateSystem(registry, context.identity);
    const shard = request.shard === "" ? on.shards.forOpening(registry) : on.shards.expect(request.shard, "shard");
    return {
      shard: shard.name,
      network: registry.network,
      generation: shard.generation,
      origin: shard.record.origin,
      clock: shard.record.clock,
      now: shard.clock.now(),
      promiseDelay: shard.record.promiseDelay,
      registryHead: registry.head,
      eventCount: BigInt(shard.eventCount()),
    };
  });
}

/** ExchangeService/GetDossier. */
export function getDossierPort(on: ReadingDependencies): HandlerFor<ExchangeServiceService["getDossier"]> {
  return unaryHandler(async (request, context) => {
    const readable = await readFor(request, context.identity, on);
    return { dossier: dossierMessage(request.shard, readable, on.registry()) };
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
  const shard = on.shards.expect(request.shard, "shard");
  const undelegated = delegationRefusal(registry, system, request.agency, "agency");
  if (undelegated !== null) throw undelegated;
  return readDossierFor(request, shard.dossiers, registry);
}
