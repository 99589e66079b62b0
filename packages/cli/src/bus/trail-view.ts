import { BusCallError, type Connection } from "@lienthong/client";
import type { Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import { ShardClock } from "@lienthong/contracts/registry/v1/record";
import type { GetProcedureResponse } from "@lienthong/contracts/registry/v1/registry_service";
import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { type ChainCheck, checkChain } from "./check-chain.ts";
import { lookUpNames, type Names } from "./names.ts";
import { readTrail, type TrailEvent } from "./trail-events.ts";

/** A dossier's trail with everything that is needed to show it. */
export interface TrailView {
  readonly dossier: Dossier;
  readonly events: readonly TrailEvent[];
  readonly chain: ChainCheck;
  /** Vietnamese name; the key where the registry has none. */
  readonly procedureName: string;
  /** The shard's clock is that of a scenario. */
  readonly simulated: boolean;
  readonly names: Names;
}

/** What is asked, and whom. */
export interface TrailQuestion {
  readonly exchange: Connection;
  readonly registry: Connection;
  readonly shard: string;
  /** Official code. */
  readonly dossier: string;
  /** On whose behalf; the system of `exchange` must speak for it. */
  readonly agency: string;
}

/** Reads a trail, checks its chain, and looks up the names in it. Rejects with BusCallError. */
export async function loadTrail({ exchange, registry, shard, dossier, agency }: TrailQuestion): Promise<TrailView> {
  const question = { shard, dossier, agency };
  const [{ clock }, state, entries] = await Promise.all([
    exchange.exchange.getShard(shard),
    exchange.exchange.getDossier(question),
    exchange.exchange.getTrail(question),
  ]);
  const events = readTrail(entries);
  const procedure = await findProcedure(registry, state.procedure);
  const agencies = new Set([...dossierAgencies(state)]);
  for (const { content } of events) {
    if (content === null) continue;
    agencies.add(content.agency);
    for (const target of content.targets) agencies.add(target.agency);
  }
  return {
    dossier: state,
    events,
    chain: checkChain(dossier, entries),
    procedureName: procedure?.procedure?.name?.vi.normalize("NFC") ?? state.procedure,
    simulated: clock === ShardClock.SHARD_CLOCK_SIMULATED,
    names: await lookUpNames(registry.registry, agencies, routeOf(procedure, state.route)),
  };
}

/** Agencies that a state names. */
export function dossierAgencies(dossier: Dossier): string[] {
  return [
    dossier.openedBy,
    ...dossier.branches.flatMap(({ holder, pending }) => [holder, pending?.receiver?.agency ?? ""]),
  ];
}

/** The procedure of a dossier; undefined if the registry does not have it, which a reader of trails can live with. */
export async function findProcedure(
  registry: Connection,
  procedure: string,
): Promise<GetProcedureResponse | undefined> {
  try {
    return await registry.registry.getProcedure(procedure);
  } catch (error) {
    if (error instanceof BusCallError && error.reason !== null && error.retry === "terminal") return undefined;
    throw error;
  }
}

/** The route "<route>/<version>" among those of a procedure; the registry shows the newest version of each. */
export function routeOf(procedure: GetProcedureResponse | undefined, route: string): RouteRecord | undefined {
  return procedure?.routes.map((listed) => listed.route).find((record) => `${record?.id}/${record?.version}` === route);
}
