import { busError, type HandlerFor, unaryHandler } from "@lienthong/chassis";
import {
  type AuditServiceService,
  SummariseTimesRequest,
  TimeGroup,
  TimeKind,
  TimeMeasure,
} from "@lienthong/contracts/audit/v1/audit_service";
import { type AuditServiceOptions, beginAsking, fromIndex } from "../asking.ts";
import { asOfMessages } from "../questions/answer-parts.ts";
import { summariseTimes } from "../questions/times.ts";
import { checkEnum, pageSizeOf, refuseField } from "../request-rules.ts";
import { resolveFilter } from "./list-handoffs.ts";

/** AuditService/SummariseTimes. */
export function summariseTimesPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["summariseTimes"]> {
  return unaryHandler(async (request, context) => {
    const asked = beginAsking(on, context, SummariseTimesRequest, request);
    const { measure, clock, group } = request;
    checkEnum("measure", measure, TimeMeasure);
    checkEnum("clock", clock, TimeKind);
    checkEnum("group", group, TimeGroup);
    if (measure === TimeMeasure.TIME_MEASURE_UNSPECIFIED) {
      throw busError("ENUM_UNKNOWN", { field: "measure", allowed: "1, 2, 3" });
    }
    const filter = resolveFilter(on, asked.who, request.filter);
    if (measure === TimeMeasure.TIME_MEASURE_HELD) {
      const why = "nothing where it is measured how long something was held";
      refuseField("filter.from_agency", filter.fromAgency !== "", why);
      refuseField("filter.outcomes", filter.outcomes.length > 0, why);
      refuseField("filter.late", filter.late, why);
      refuseField("group", group === TimeGroup.TIME_GROUP_FROM_AGENCY, "any other group: a holding comes from nobody");
    }
    const question = {
      filter,
      measure,
      clock,
      group,
      pageSize: pageSizeOf(request.pageSize),
      after: asked.open(request.pageToken),
    };
    const page = await fromIndex(on, () => summariseTimes(on.index.database, asked.who, question));
    await asked.record(page.items.length);
    return { summaries: [...page.items], asOf: asOfMessages(page.positions), nextPageToken: asked.seal(page.end) };
  });
}
