import type { AuditPage, Connection } from "@lienthong/client";
import {
  type ShardAsOf,
  TimeGroup,
  type TimeGroup as TimeGroupValue,
  TimeKind,
  type TimeMeasure,
} from "@lienthong/contracts/audit/v1/audit_service";
import { lookUpNames } from "../bus/names.ts";
import { type Session, withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { localTime } from "../render/local-time.ts";
import { renderTable } from "../render/table.ts";
import { wrapText } from "../render/text-width.ts";
import {
  type FilterOptions,
  filterOf,
  type ListOptions,
  moment,
  namingFlags,
  rowsWanted,
  takeRows,
  timeGroupWords,
  timeKindWords,
  timeMeasureWords,
} from "./audit-options.ts";
import {
  accessView,
  csvLine,
  eventView,
  handoffView,
  holdingView,
  plainJson,
  timeView,
  type View,
  waitingView,
} from "./audit-views.ts";
import { wordValue } from "./option-values.ts";

/** Asks as the agency that acts, and prints what comes: a table, JSON lines or CSV. */
async function list<Row>(
  context: CommandContext,
  options: ListOptions,
  view: View<Row>,
  ask: (connection: Connection, agency: string, wanted: number) => AsyncIterable<AuditPage<Row>>,
): Promise<void> {
  const wanted = rowsWanted(context, options);
  await withSession(context, (session) =>
    namingFlags(context, async () => {
      const { agency } = session.actor();
      const pages = ask(await session.audit(agency), agency, wanted);
      await printRows(context, session, options, view, pages, wanted);
    }),
  );
}

async function printRows<Row>(
  context: CommandContext,
  session: Session,
  options: ListOptions,
  view: View<Row>,
  pages: AsyncIterable<AuditPage<Row>>,
  wanted: number,
): Promise<void> {
  const shown: Row[] = [];
  let asOf: readonly ShardAsOf[] = [];
  // What goes to a file goes there page by page; a table waits for its last row, to know how wide it is.
  if (options.csv === true) context.print(view.csv.join(","));
  const { isAll } = await takeRows<Row, AuditPage<Row>>(pages, wanted, (rows, page) => {
    asOf = page.asOf;
    if (options.csv === true) for (const row of rows) context.print(csvLine(view.json(row), view.csv));
    else if (context.json) for (const row of rows) context.printJson(view.json(row));
    else shown.push(...rows);
  });
  if (context.json || options.csv === true) return;
  const { messages, language, style, columns } = context;
  const { registry } = await session.registry();
  const names = await lookUpNames(
    registry,
    shown.flatMap((row) => view.agencies(row)),
    undefined,
  );
  const lines = (text: string) => wrapText(text, columns).map(style.dim);
  const cells = shown.map((row) => ({ cells: view.cells(row, { messages, language, names }) }));
  context.print(
    [
      ...(shown.length === 0 ? [messages.audit.nothing] : [renderTable(view.columns(messages), cells, columns, style)]),
      ...(isAll ? [] : lines(messages.audit.more(String(shown.length)))),
      ...asOf.flatMap((each) =>
        lines(messages.audit.asOf(each.shard, String(each.size), localTime(each.recordedTime, language))),
      ),
    ].join("\n"),
  );
}

/** `audit trail CODE` */
export function auditTrail(
  context: CommandContext,
  dossier: string,
  options: ListOptions & { readonly shard?: string },
): Promise<void> {
  const { shard = "" } = options;
  return list(context, options, eventView, ({ audit }, agency) => audit.trail({ agency, dossier, shard }));
}

/** `audit holdings AGENCY` */
export function auditHoldings(
  context: CommandContext,
  holder: string,
  options: ListOptions & {
    readonly unit?: string;
    readonly shard?: string;
    readonly procedure?: string;
    readonly at?: string;
  },
): Promise<void> {
  const { unit = "", shard = "", procedure = "", at } = options;
  const atTime = at === undefined ? undefined : moment("--at", at, context);
  return list(context, options, holdingView, ({ audit }, agency) =>
    audit.holdings({ agency, holder, unit, shard, procedure, atTime }),
  );
}

/** `audit waiting [AGENCY]` */
export function auditWaiting(
  context: CommandContext,
  receiver: string | undefined,
  options: ListOptions & {
    readonly shard?: string;
    readonly unit?: string;
    readonly procedure?: string;
    readonly longerThan?: string;
  },
): Promise<void> {
  const { longerThan, ...narrowing } = options;
  const { usage } = context.messages;
  if (longerThan !== undefined && !/^\d{1,6}(\.\d{1,3})?$/.test(longerThan)) {
    throw usageError(usage.valueNotAllowed("--longer-than", longerThan, context.messages.audit.hours));
  }
  const filter = filterOf(context, { ...narrowing, ...(receiver === undefined ? {} : { toAgency: receiver }) });
  const wallSecondsMin = BigInt(Math.round(Number(longerThan ?? 0) * 3_600));
  return list(context, options, waitingView, ({ audit }, agency) => audit.waiting({ agency, filter, wallSecondsMin }));
}

/** `audit handoffs` */
export function auditHandoffs(context: CommandContext, options: FilterOptions): Promise<void> {
  const filter = filterOf(context, options);
  return list(context, options, handoffView, ({ audit }, agency, wanted) =>
    Number.isFinite(wanted) ? audit.handoffs({ agency, filter }) : audit.exportHandoffs({ agency, filter }),
  );
}

/** `audit times` */
export function auditTimes(
  context: CommandContext,
  options: FilterOptions & { readonly measure: string; readonly by?: string; readonly clock: string },
): Promise<void> {
  const { messages } = context;
  const { measures, groups, clocks } = messages.audit;
  const measure = wordValue<TimeMeasure>("--measure", options.measure, timeMeasureWords, messages, measures);
  const clock = wordValue<TimeKind>("--clock", options.clock, timeKindWords, messages, clocks);
  const group: TimeGroupValue =
    options.by === undefined
      ? TimeGroup.TIME_GROUP_UNSPECIFIED
      : wordValue("--by", options.by, timeGroupWords, messages, groups);
  const filter = filterOf(context, options);
  if (options.wall !== true && options.from === undefined && options.until === undefined) {
    filter.timeKind = TimeKind.TIME_KIND_UNSPECIFIED;
  }
  return list(context, options, timeView, ({ audit }, agency) =>
    audit.times({ agency, filter, measure, clock, group }),
  );
}

/** `audit find ID`: events, then the handoffs that they belong to. */
export async function auditFind(context: CommandContext, id: string, options: ListOptions): Promise<void> {
  const wanted = rowsWanted(context, options);
  await withSession(context, (session) =>
    namingFlags(context, async () => {
      const { agency } = session.actor();
      const handoffs: Parameters<typeof handoffView.json>[0][] = [];
      const { audit } = await session.audit(agency);
      async function* pages() {
        for await (const page of audit.find({ agency, id })) {
          handoffs.push(...page.handoffs);
          yield page;
        }
      }
      if (context.json) {
        for await (const { rows } of pages()) for (const row of rows) context.printJson({ event: eventView.json(row) });
        for (const row of handoffs) context.printJson({ handoff: handoffView.json(row) });
        return;
      }
      await printRows(context, session, options, eventView, pages(), wanted);
      if (options.csv === true || handoffs.length === 0) return;
      async function* found() {
        yield { rows: handoffs, asOf: [] };
      }
      await printRows(context, session, options, handoffView, found(), Number.POSITIVE_INFINITY);
    }),
  );
}

/** `audit accesses` */
export function auditAccesses(context: CommandContext, options: ListOptions & { readonly by?: string }): Promise<void> {
  return list(context, options, accessView, ({ audit }, agency) =>
    audit.accesses({ agency, byAgency: options.by ?? "" }),
  );
}

/** `audit status` */
export async function auditStatus(context: CommandContext): Promise<void> {
  await withSession(context, async (session) => {
    const { audit: text } = context.messages;
    const status = await (await session.auditAsOperator()).audit.getStatus();
    const stopped = status.shards.filter((shard) => shard.stopped !== "");
    if (context.json) context.printJson(plainJson(status));
    else {
      const { headings } = text;
      const rows = status.shards.map(({ asOf, generation, stopped: why }) => ({
        cells: [
          asOf?.shard ?? "",
          String(asOf?.size ?? 0),
          localTime(asOf?.recordedTime, context.language).replace(" ", "\n"),
          String(generation),
          why === "" ? text.reads : why,
        ],
      }));
      const columns = [
        { heading: headings.shard, share: 1, columnsMin: 10 },
        { heading: headings.events, align: "right" as const },
        { heading: headings.clock },
        { heading: headings.generation, align: "right" as const },
        { heading: headings.state, share: 2, columnsMin: 12 },
      ];
      context.print(
        [
          text.database(status.database, String(status.migration)),
          renderTable(columns, rows, context.columns, context.style),
        ].join("\n"),
      );
    }
    if (stopped.length > 0) throw new CliError(EXIT.refused, stopped.map((shard) => shard.stopped).join("\n"));
  });
}

/** `audit rebuild`: ends with exit code 1 where rows were found that are not what the streams give. */
export async function auditRebuild(context: CommandContext, options: { readonly compare?: boolean }): Promise<void> {
  await withSession(context, async (session) => {
    const { audit: text } = context.messages;
    const { audit } = await session.auditAsOperator();
    const compareOnly = options.compare === true;
    for await (const step of audit.rebuild({ compareOnly }, { signal: context.signal })) {
      if (!step.done) {
        if (context.progress.live && !context.json) {
          context.progress.write(`\r${text.rebuilding(String(step.events), String(step.eventsTotal))}`);
        }
        continue;
      }
      if (context.progress.live && !context.json) context.progress.write("\r\u001b[K");
      const digest = Buffer.from(step.digest).toString("hex");
      const count = Number(step.differenceCount);
      if (context.json) {
        context.printJson({ ...(plainJson(step) as object), compareOnly });
      } else {
        const words = text.different;
        const lines = step.differences.map(({ table, row, kind, columns }) =>
          words[kind as keyof typeof words](table, row, columns.join(", ")),
        );
        if (lines.length > 0) context.print(lines.join("\n"));
        context.print(
          compareOnly ? text.compared(String(step.events), digest) : text.rebuilt(String(step.events), digest),
        );
      }
      if (count > 0) {
        throw new CliError(EXIT.refused, compareOnly ? text.differ(String(count)) : text.differed(String(count)));
      }
    }
  });
}
