import { type HandlerFor, serverStreamHandler, unaryHandler } from "@lienthong/chassis";
import {
  type AuditServiceService,
  ExportHandoffsRequest,
  type HandoffFilter,
  ListHandoffsRequest,
  ListWaitingRequest,
} from "@lienthong/contracts/audit/v1/audit_service";
import { AgencyLevel } from "@lienthong/contracts/registry/v1/record";
import { type AuditServiceOptions, beginAsking, fromIndex } from "../asking.ts";
import { type Entitlement, refuseOthers } from "../entitlement.ts";
import { asOfMessages, type Place } from "../questions/answer-parts.ts";
import { listHandoffs, listWaiting, type ResolvedFilter } from "../questions/handoffs.ts";
import { agenciesOfLevel, procedureKeys } from "../registry-names.ts";
import { checkFilter, pageSizeMax, pageSizeOf, refuseField } from "../request-rules.ts";

/** A filter, checked and in words of the rows. Throws for what it may not name. */
export function resolveFilter(
  on: AuditServiceOptions,
  who: Entitlement,
  given: HandoffFilter | undefined,
): ResolvedFilter {
  const registry = on.registry();
  const filter = checkFilter(registry, given);
  refuseOthers(who, [
    ["filter.agency", filter.agency],
    ["filter.from_agency", filter.fromAgency],
    ["filter.to_agency", filter.toAgency],
  ]);
  return {
    ...filter,
    procedures: filter.procedure === "" ? null : procedureKeys(registry, filter.procedure, "filter.procedure"),
    receivers: filter.level === AgencyLevel.AGENCY_LEVEL_UNSPECIFIED ? null : agenciesOfLevel(registry, filter.level),
  };
}

/** AuditService/ListHandoffs. */
export function listHandoffsPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["listHandoffs"]> {
  return unaryHandler(async (request, context) => {
    const asked = beginAsking(on, context, ListHandoffsRequest, request);
    const question = {
      filter: resolveFilter(on, asked.who, request.filter),
      pageSize: pageSizeOf(request.pageSize),
      after: asked.open(request.pageToken),
    };
    const page = await fromIndex(on, () => listHandoffs(on.index.database, asked.who, question));
    await asked.record(page.items.length);
    return { handoffs: [...page.items], asOf: asOfMessages(page.positions), nextPageToken: asked.seal(page.end) };
  });
}

/** AuditService/ListWaiting. */
export function listWaitingPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["listWaiting"]> {
  return unaryHandler(async (request, context) => {
    const asked = beginAsking(on, context, ListWaitingRequest, request);
    const filter = resolveFilter(on, asked.who, request.filter);
    refuseField("filter.outcomes", filter.outcomes.length > 0, "none: what waits has no outcome");
    const secondsMax = 3_153_600_000;
    refuseField(
      "wall_seconds_min",
      request.wallSecondsMin > BigInt(secondsMax),
      `0 to ${secondsMax} seconds, a hundred years`,
    );
    const question = {
      filter,
      wallSecondsMin: Number(request.wallSecondsMin),
      nowUs: on.clock.nowMs() * 1_000,
      pageSize: pageSizeOf(request.pageSize),
      after: asked.open(request.pageToken),
    };
    const page = await fromIndex(on, () => listWaiting(on.index.database, asked.who, question));
    await asked.record(page.items.length);
    return { handoffs: [...page.items], asOf: asOfMessages(page.positions), nextPageToken: asked.seal(page.end) };
  });
}

/** AuditService/ExportHandoffs. Each page is recorded before it is sent. */
export function exportHandoffsPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["exportHandoffs"]> {
  return serverStreamHandler(async (request, stream, context) => {
    let after: Place | null = null;
    do {
      // Asked again for every page: a delegation or a scope may end while an export goes on for minutes.
      const asked = beginAsking(on, context, ExportHandoffsRequest, request);
      const filter = resolveFilter(on, asked.who, request.filter);
      const question: { filter: ResolvedFilter; pageSize: number; after: Place | null } = {
        filter,
        pageSize: pageSizeMax,
        after,
      };
      const page = await fromIndex(on, () => listHandoffs(on.index.database, asked.who, question));
      await asked.record(page.items.length);
      await stream.send({ handoffs: [...page.items], asOf: asOfMessages(page.positions) });
      after = page.end;
      if (context.ended || context.drainSignal.aborted) throw context.endReason();
    } while (after !== null);
  });
}
