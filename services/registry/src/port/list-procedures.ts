import { unaryHandler } from "@lienthong/chassis";
import type { ListProceduresRequest, ListProceduresResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { requireKnownSystem } from "../known-system.ts";
import { listProceduresWithRoutes } from "../list-procedures.ts";
import { pageOf } from "../page.ts";
import type { RegistryContext } from "../registry-context.ts";

export const listProcedures = ({ state }: RegistryContext) =>
  unaryHandler<ListProceduresRequest, ListProceduresResponse>((request, { identity }) => {
    requireKnownSystem(state, identity);
    const { withRouteOnly, pageSize, pageToken } = request;
    const page = pageOf(
      listProceduresWithRoutes(state, withRouteOnly),
      ["procedures", withRouteOnly],
      pageSize,
      pageToken,
    );
    return {
      procedures: page.items.map(({ record, routes }) => ({ procedure: record, routes: [...routes] })),
      nextPageToken: page.nextPageToken,
    };
  });
