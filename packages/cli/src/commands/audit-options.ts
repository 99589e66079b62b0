import type { Timestamp } from "@lienthong/chassis/timestamp";
import { type AuditPage, BusCallError } from "@lienthong/client";
import {
  HandoffFilter,
  HandoffOutcome,
  TimeGroup,
  TimeKind,
  TimeMeasure,
} from "@lienthong/contracts/audit/v1/audit_service";
import type { CommandContext } from "../command-context.ts";
import { agencyLevelWords } from "../contract-words.ts";
import { enumWords } from "../enum-words.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { refusalSentence } from "../refusal-sentence.ts";
import { day, instant, wholeNumber, wordValue } from "./option-values.ts";

export const handoffOutcomeWords = enumWords(HandoffOutcome, "HANDOFF_OUTCOME_");
export const timeMeasureWords = enumWords(TimeMeasure, "TIME_MEASURE_");
export const timeGroupWords = enumWords(TimeGroup, "TIME_GROUP_");
export const timeKindWords = enumWords(TimeKind, "TIME_KIND_");

/** Options of every list. */
export interface ListOptions {
  readonly csv?: boolean;
  readonly count?: string;
}

/** Options that narrow handoffs. */
export interface FilterOptions extends ListOptions {
  readonly shard?: string;
  readonly dossier?: string;
  readonly agency?: string;
  readonly fromAgency?: string;
  readonly toAgency?: string;
  readonly unit?: string;
  readonly procedure?: string;
  readonly level?: string;
  readonly step?: string;
  readonly from?: string;
  readonly until?: string;
  readonly wall?: boolean;
  readonly outcome?: readonly string[];
  readonly late?: boolean;
}

/** Rows of a table where nobody says how many; files and programs get all. */
const tableRowsDefault = 200;

/** How many rows are wanted; infinity: all. */
export function rowsWanted(context: CommandContext, options: ListOptions): number {
  if (context.json && options.csv === true) {
    throw usageError(context.messages.usage.notTogether("--csv", "--json"));
  }
  if (options.count !== undefined) {
    const count = wholeNumber("--count", options.count, context.messages);
    if (count < 1)
      throw usageError(
        context.messages.usage.valueNotAllowed("--count", options.count, context.messages.usage.wholeNumber),
      );
    return count;
  }
  return context.json || options.csv === true ? Number.POSITIVE_INFINITY : tableRowsDefault;
}

/** The filter of a command line. Throws wrong usage. */
export function filterOf(context: CommandContext, options: FilterOptions): HandoffFilter {
  const { messages } = context;
  return HandoffFilter.fromPartial({
    shard: options.shard ?? "",
    dossier: options.dossier ?? "",
    agency: options.agency ?? "",
    fromAgency: options.fromAgency ?? "",
    toAgency: options.toAgency ?? "",
    unit: options.unit ?? "",
    procedure: options.procedure ?? "",
    level:
      options.level === undefined
        ? 0
        : wordValue("--level", options.level, agencyLevelWords, messages, messages.agency.levels),
    step: options.step ?? "",
    fromTime: options.from === undefined ? undefined : moment("--from", options.from, context),
    untilTime: options.until === undefined ? undefined : moment("--until", options.until, context),
    timeKind: options.wall === true ? TimeKind.TIME_KIND_WALL : TimeKind.TIME_KIND_LEGAL,
    outcomes: (options.outcome ?? []).map((word) =>
      wordValue<HandoffOutcome>("--outcome", word, handoffOutcomeWords, messages, messages.audit.outcomes),
    ),
    late: options.late === true,
  });
}

/** A day, whose beginning in Việt Nam is meant, or an instant. */
export function moment(option: string, text: string, { messages }: CommandContext): Timestamp {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) && !text.includes("T")) {
    throw usageError(messages.usage.valueNotAllowed(option, text, messages.usage.dayOrInstant));
  }
  return instant(option, text.includes("T") ? text : `${day(option, text, messages)}T00:00:00+07:00`, messages);
}

/** Which flag a field of the contract comes from. */
const flags: Readonly<Record<string, string>> = {
  agency: "--as",
  dossier: "CODE",
  shard: "--shard",
  holder: "AGENCY",
  unit: "--unit",
  procedure: "--procedure",
  id: "ID",
  by_agency: "--by",
  group: "--by",
  measure: "--measure",
  clock: "--clock",
  at_time: "--at",
  wall_seconds_min: "--longer-than",
};

/** What a call refuses is told with the flag that it is about. */
export async function namingFlags<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BusCallError) || error.reason === null || error.field === null) throw error;
    const inFilter = error.field.startsWith("filter.");
    const field = error.field.replace(/^filter\./, "").replace(/\[\d+\]$/, "");
    const flag = inFilter ? `--${field.replace(/^outcomes$/, "outcome").replaceAll("_", "-")}` : flags[field];
    if (flag === undefined) throw error;
    const sentence = await refusalSentence(error, context.language);
    throw new CliError(error.retry === "terminal" ? EXIT.refused : EXIT.unreachable, `${flag}: ${sentence}`, {
      cause: error,
    });
  }
}

/** Takes rows from pages until there are as many as wanted. */
export async function takeRows<Row, Page extends AuditPage<Row>>(
  pages: AsyncIterable<Page>,
  wanted: number,
  take: (rows: readonly Row[], page: Page) => void | Promise<void>,
): Promise<{ readonly count: number; readonly isAll: boolean }> {
  let count = 0;
  for await (const page of pages) {
    const rows = page.rows.slice(0, wanted - count);
    count += rows.length;
    await take(rows, page);
    if (rows.length < page.rows.length) return { count, isAll: false };
  }
  return { count, isAll: true };
}
