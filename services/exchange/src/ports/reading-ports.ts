import { busError, type CallContext, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import {
  type ExchangeServiceService,
  GetDossierRequest,
  GetTrailRequest,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import type { RegistryState } from "@lienthong/registry-state";
import { authenticateSystem, delegationRefusal } from "../authenticate.ts";
import { dossierMessage, type ReadableDossier, readDossierFor, trailPage } from "../read-dossier.ts";
import type { ServedShards } from "../served-shards.ts";

/** What reading stands on. */
export interface ReadingDependencies {
  readonly shards: ServedShards;
  registry(): RegistryState;
  /** False: a revocation may have been recorded over 5 s ago without this replica having heard of it. Then nothing is shown. */
  confirmed(): boolean;
  /** Records a look under an audit scope; null: such looks cannot be recorded here, and are not answered. */
  readonly recordAccess: RecordAuditAccess | null;
}

/** Records a look under an audit scope before it is answered. Rejects if it cannot; then nothing is shown. */
export type RecordAuditAccess = (access: {
  readonly system: string;
  readonly agency: string;
  readonly scope: string;
  readonly method: string;
  /** The request as the contract serialises it. */
  readonly request: Uint8Array;
  /** Events in the answer. */
  readonly count: number;
}) => Promise<void>;

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
    await recordIfAudited(readable, 0, GetDossierRequest.encode(request).finish(), request.agency, context, on);
    return { dossier: dossierMessage(request.shard, readable, on.registry()) };
  });
}

/** ExchangeService/GetTrail. */
export function getTrailPort(on: ReadingDependencies): HandlerFor<ExchangeServiceService["getTrail"]> {
  return unaryHandler(async (request, context) => {
    const readable = await readFor(request, context.identity, on);
    const page = trailPage(readable, request.pageSize, request.pageToken);
    const bytes = GetTrailRequest.encode(request).finish();
    await recordIfAudited(readable, page.entries.length, bytes, request.agency, context, on);
    return page;
  });
}

function readFor(
  request: { shard: string; dossier: string; agency: string },
  identity: Identity,
  on: ReadingDependencies,
): Promise<ReadableDossier> {
  if (!on.confirmed()) throw busError("REGISTRY_UNCONFIRMED");
  const registry = on.registry();
  const system = authenticateSystem(registry, identity);
  const shard = on.shards.expect(request.shard, "shard");
  const undelegated = delegationRefusal(registry, system, request.agency, "agency");
  if (undelegated !== null) throw undelegated;
  return readDossierFor(request, shard.dossiers, registry);
}

/** An auditor's look at what is not its own leaves a record, and none without one. */
async function recordIfAudited(
  { auditScope }: ReadableDossier,
  count: number,
  request: Uint8Array,
  agency: string,
  context: CallContext,
  on: ReadingDependencies,
): Promise<void> {
  if (auditScope === "") return;
  if (on.recordAccess === null) throw busError("ACCESS_NOT_RECORDED");
  const system = context.identity?.systemId ?? "";
  await on.recordAccess({ system, agency, scope: auditScope, method: context.method.slice(1), request, count });
}
