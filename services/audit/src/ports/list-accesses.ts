import { busError, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import { type AuditServiceService, ListAccessesRequest } from "@lienthong/contracts/audit/v1/audit_service";
import { readAccesses } from "../access-log.ts";
import { type AuditServiceOptions, beginAsking } from "../asking.ts";
import { checkAgency, pageSizeOf } from "../request-rules.ts";

/** AuditService/ListAccesses. */
export function listAccessesPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["listAccesses"]> {
  return unaryHandler(async (request, context) => {
    const asked = beginAsking(on, context, ListAccessesRequest, request);
    const { agency, unlimited } = asked.who;
    checkAgency(on.registry(), "by_agency", request.byAgency);
    // Look-ups cannot be told apart by dossier, so a limited scope does not reach beyond the auditor's own.
    if (!unlimited && request.byAgency !== "" && request.byAgency !== agency) {
      throw busError("NOT_ENTITLED", { field: "by_agency", agency });
    }
    const by = unlimited ? request.byAgency : agency;
    const pageSize = pageSizeOf(request.pageSize);
    const from = asked.open(request.pageToken)?.[0];
    const page = await readAccesses(
      on.connection,
      from === undefined ? null : Number(from),
      pageSize,
      (record) => by === "" || record.agency === by,
    ).catch((cause: unknown) => {
      throw busError("STORE_UNAVAILABLE", {}, { cause });
    });
    await asked.record(page.accesses.length);
    return {
      accesses: [...page.accesses],
      nextPageToken: asked.seal(page.next === null ? null : [page.next]),
    };
  });
}
