import type { ProcedureRecord } from "@lienthong/contracts/registry/v1/record";
import type { RegistryState } from "@lienthong/registry-state";

/** A procedure and the newest version of each of its routes. */
export interface ProcedureWithRoutes {
  readonly id: string;
  readonly record: ProcedureRecord;
  /** "<route>/<version>". */
  readonly routes: readonly string[];
}

/** Procedures by key. */
export function listProceduresWithRoutes(state: RegistryState, withRouteOnly: boolean): ProcedureWithRoutes[] {
  return [...state.procedures()]
    .map(({ id, record }) => ({ id, record, routes: state.routesOf(id).map((route) => route.id) }))
    .filter(({ routes }) => !withRouteOnly || routes.length > 0)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
