import { type CallOptions, type ClientReadableStream, Metadata } from "@grpc/grpc-js";
import type { ServiceErrorLike } from "@lienthong/chassis/status";
import type { AccessRecord } from "@lienthong/contracts/audit/v1/access";
import {
  type AuditServiceClient,
  ExportHandoffsRequest,
  type ExportHandoffsResponse,
  FindRecordsRequest,
  type FindRecordsResponse,
  type GetIndexStatusResponse,
  type IndexedEvent,
  type IndexedHandoff,
  type IndexedHolding,
  ListAccessesRequest,
  ListHandoffsRequest,
  ListHoldingsRequest,
  ListTrailRequest,
  ListWaitingRequest,
  type RebuildIndexResponse,
  type ShardAsOf,
  SummariseTimesRequest,
  type TimeSummary,
  type WaitingHandoff,
} from "@lienthong/contracts/audit/v1/audit_service";
import { callError } from "./bus-call-error.ts";
import { type CallSettings, type UnaryMethod, unaryCall } from "./unary-call.ts";

/** A question of the contract; what is left out is empty. Pages are asked for as they are needed. */
export type AuditQuestion<Request extends { agency: string }> = Partial<Omit<Request, "agency" | "pageToken">> &
  Pick<Request, "agency">;

/** Rows that came on one page, and how far the index had read then. */
export interface AuditPage<Row> {
  readonly rows: readonly Row[];
  /** Empty where the answer has none. */
  readonly asOf: readonly ShardAsOf[];
}

/** What the index is asked. Lists are iterated page by page until all is there; every call rejects with BusCallError. */
export interface AuditCalls {
  getStatus(settings?: CallSettings): Promise<GetIndexStatusResponse>;
  trail(question: AuditQuestion<ListTrailRequest>, settings?: CallSettings): AsyncGenerator<AuditPage<IndexedEvent>>;
  holdings(
    question: AuditQuestion<ListHoldingsRequest>,
    settings?: CallSettings,
  ): AsyncGenerator<AuditPage<IndexedHolding>>;
  waiting(
    question: AuditQuestion<ListWaitingRequest>,
    settings?: CallSettings,
  ): AsyncGenerator<AuditPage<WaitingHandoff>>;
  handoffs(
    question: AuditQuestion<ListHandoffsRequest>,
    settings?: CallSettings,
  ): AsyncGenerator<AuditPage<IndexedHandoff>>;
  times(
    question: AuditQuestion<SummariseTimesRequest>,
    settings?: CallSettings,
  ): AsyncGenerator<AuditPage<TimeSummary>>;
  accesses(
    question: AuditQuestion<ListAccessesRequest>,
    settings?: CallSettings,
  ): AsyncGenerator<AuditPage<AccessRecord>>;
  find(
    question: AuditQuestion<FindRecordsRequest>,
    settings?: CallSettings,
  ): AsyncGenerator<AuditPage<IndexedEvent> & Pick<FindRecordsResponse, "handoffs">>;
  /** All that match, as one stream: for much of it. */
  exportHandoffs(
    question: AuditQuestion<ExportHandoffsRequest>,
    settings?: CallSettings,
  ): AsyncGenerator<AuditPage<IndexedHandoff>>;
  /** Makes the index anew, or only compares. The last message has `done`. */
  rebuild(question: { readonly compareOnly: boolean }, settings?: CallSettings): AsyncGenerator<RebuildIndexResponse>;
}

const pageSizeMax = 1_000;
/** A question over a whole year takes seconds. */
const questionDeadlineMs = 60_000;
/** A stream over everything may take long; its end is told by the server. */
const streamDeadlineMs = 6 * 3_600_000;

export function auditCalls(client: AuditServiceClient): AuditCalls {
  const questions = { deadlineMs: questionDeadlineMs };
  const streams = { deadlineMs: streamDeadlineMs };
  return {
    getStatus: (settings = questions) => unaryCall(client.getIndexStatus.bind(client), {}, settings),
    trail: (question, settings = questions) =>
      pages(client.listTrail.bind(client), ListTrailRequest.fromPartial(question), settings, ({ events }) => events),
    holdings: (question, settings = questions) =>
      pages(client.listHoldings.bind(client), ListHoldingsRequest.fromPartial(question), settings, (p) => p.holdings),
    waiting: (question, settings = questions) =>
      pages(client.listWaiting.bind(client), ListWaitingRequest.fromPartial(question), settings, (p) => p.handoffs),
    handoffs: (question, settings = questions) =>
      pages(client.listHandoffs.bind(client), ListHandoffsRequest.fromPartial(question), settings, (p) => p.handoffs),
    times: (question, settings = questions) =>
      pages(
        client.summariseTimes.bind(client),
        SummariseTimesRequest.fromPartial(question),
        settings,
        (p) => p.summaries,
      ),
    accesses: (question, settings = questions) =>
      pages(client.listAccesses.bind(client), ListAccessesRequest.fromPartial(question), settings, (p) => p.accesses),
    async *find(question, settings = questions) {
      const request = FindRecordsRequest.fromPartial({ pageSize: pageSizeMax, ...question });
      do {
        const page = await unaryCall(client.findRecords.bind(client), request, settings);
        yield { rows: page.events, handoffs: page.handoffs, asOf: page.asOf };
        request.pageToken = page.nextPageToken;
      } while (request.pageToken !== "");
    },
    async *exportHandoffs(question, settings = streams) {
      const request = ExportHandoffsRequest.fromPartial(question);
      for await (const { handoffs, asOf } of streamed<ExportHandoffsResponse>(
        (metadata, options) => client.exportHandoffs(request, metadata, options),
        settings,
      )) {
        yield { rows: handoffs, asOf };
      }
    },
    rebuild: (question, settings = streams) =>
      streamed((metadata, options) => client.rebuildIndex(question, metadata, options), settings),
  };
}

async function* pages<
  Request extends { pageSize: number; pageToken: string },
  Response extends { nextPageToken: string; asOf?: ShardAsOf[] },
  Row,
>(
  method: UnaryMethod<Request, Response>,
  question: Request,
  settings: CallSettings,
  rowsOf: (page: Response) => readonly Row[],
): AsyncGenerator<AuditPage<Row>> {
  const request = { ...question, pageSize: question.pageSize === 0 ? pageSizeMax : question.pageSize };
  do {
    const page = await unaryCall(method, request, settings);
    yield { rows: rowsOf(page), asOf: page.asOf ?? [] };
    request.pageToken = page.nextPageToken;
  } while (request.pageToken !== "");
}

async function* streamed<Response>(
  open: (metadata: Metadata, options: Partial<CallOptions>) => ClientReadableStream<Response>,
  { deadlineMs = streamDeadlineMs, signal }: CallSettings,
): AsyncGenerator<Response> {
  signal?.throwIfAborted();
  const call = open(new Metadata(), { deadline: Date.now() + deadlineMs });
  const cancel = () => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for await (const response of call) yield response as Response;
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : callError(error as ServiceErrorLike);
  } finally {
    signal?.removeEventListener("abort", cancel);
    call.cancel();
  }
}
