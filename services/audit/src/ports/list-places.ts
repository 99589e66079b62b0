import { type HandlerFor, unaryHandler } from "@lienthong/chassis";
import {
  type AuditServiceService,
  FindRecordsRequest,
  ListHoldingsRequest,
  ListTrailRequest,
} from "@lienthong/contracts/audit/v1/audit_service";
import { type AuditServiceOptions, beginAsking, fromIndex } from "../asking.ts";
import { refuseOthers } from "../entitlement.ts";
import { asOfMessages } from "../questions/answer-parts.ts";
import { findRecords, readId } from "../questions/find.ts";
import { listHoldings } from "../questions/holdings.ts";
import { readTrail } from "../questions/trail.ts";
import { procedureKeys } from "../registry-names.ts";
import { checkAgency, checkDossier, checkShard, checkText, checkTime, pageSizeOf } from "../request-rules.ts";
import { microsecondsOf } from "../rows.ts";

/** AuditService/ListTrail. */
export function listTrailPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["listTrail"]> {
  return unaryHandler(async (request, context) => {
    const asked = beginAsking(on, context, ListTrailRequest, request);
    checkDossier("dossier", request.dossier);
    checkShard(on.registry(), "shard", request.shard);
    const pageSize = pageSizeOf(request.pageSize);
    const after = asked.open(request.pageToken);
    const { dossier, shard } = request;
    const page = await fromIndex(on, () =>
      readTrail(on.index.database, asked.who, { dossier, shard, pageSize, after }),
    );
    await asked.record(page.items.length);
    return { events: [...page.items], asOf: asOfMessages(page.positions), nextPageToken: asked.seal(page.end) };
  });
}

/** AuditService/ListHoldings. */
export function listHoldingsPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["listHoldings"]> {
  return unaryHandler(async (request, context) => {
    const asked = beginAsking(on, context, ListHoldingsRequest, request);
    const { holder, unit, shard, procedure, atTime } = request;
    checkAgency(on.registry(), "holder", holder);
    checkShard(on.registry(), "shard", shard);
    checkText("unit", unit);
    checkText("procedure", procedure);
    checkTime("at_time", atTime);
    refuseOthers(asked.who, [["holder", holder]]);
    const question = {
      holder,
      unit,
      shard,
      procedures: procedure === "" ? null : procedureKeys(on.registry(), procedure, "procedure"),
      atUs: atTime === undefined ? null : microsecondsOf(atTime),
      pageSize: pageSizeOf(request.pageSize),
      after: asked.open(request.pageToken),
    };
    const page = await fromIndex(on, () => listHoldings(on.index.database, asked.who, question));
    await asked.record(page.items.length);
    return { holdings: [...page.items], asOf: asOfMessages(page.positions), nextPageToken: asked.seal(page.end) };
  });
}

/** AuditService/FindRecords. */
export function findRecordsPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["findRecords"]> {
  return unaryHandler(async (request, context) => {
    const asked = beginAsking(on, context, FindRecordsRequest, request);
    readId(request.id);
    const question = {
      id: request.id,
      pageSize: pageSizeOf(request.pageSize),
      after: asked.open(request.pageToken),
    };
    const page = await fromIndex(on, () => findRecords(on.index.database, asked.who, question));
    const { events = [], handoffs = [] } = page.items[0] ?? {};
    await asked.record(events.length);
    return {
      events: [...events],
      handoffs: [...handoffs],
      asOf: asOfMessages(page.positions),
      nextPageToken: asked.seal(page.end),
    };
  });
}
