import { type GrpcService, grpcService, unaryHandler } from "@lienthong/chassis";
import { AuditServiceService } from "@lienthong/contracts/audit/v1/audit_service";
import type { AuditServiceOptions } from "./asking.ts";
import { listAccessesPort } from "./ports/list-accesses.ts";
import { exportHandoffsPort, listHandoffsPort, listWaitingPort } from "./ports/list-handoffs.ts";
import { findRecordsPort, listHoldingsPort, listTrailPort } from "./ports/list-places.ts";
import { rebuildIndexPort } from "./ports/rebuild-index.ts";
import { summariseTimesPort } from "./ports/summarise-times.ts";
import { statusMessage } from "./status-message.ts";

/** AuditService over an index. */
export function auditService(on: AuditServiceOptions): GrpcService {
  return grpcService(AuditServiceService, {
    getIndexStatus: unaryHandler((_request, context) => {
      on.authorise(context.identity, "");
      return statusMessage(on.index);
    }),
    listTrail: listTrailPort(on),
    listHoldings: listHoldingsPort(on),
    listWaiting: listWaitingPort(on),
    listHandoffs: listHandoffsPort(on),
    exportHandoffs: exportHandoffsPort(on),
    summariseTimes: summariseTimesPort(on),
    findRecords: findRecordsPort(on),
    listAccesses: listAccessesPort(on),
    rebuildIndex: rebuildIndexPort(on),
  });
}
