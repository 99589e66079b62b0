import { type Timestamp, timestampToIso } from "@lienthong/chassis/timestamp";
import type { AccessRecord } from "@lienthong/contracts/audit/v1/access";
import type {
  EventPlace,
  IndexedEvent,
  IndexedHandoff,
  IndexedHolding,
  TimeSummary,
  WaitingHandoff,
} from "@lienthong/contracts/audit/v1/audit_service";
import type { Names } from "../bus/names.ts";
import type { Language } from "../messages/language.ts";
import type { Messages } from "../messages/messages.ts";
import { localTime } from "../render/local-time.ts";
import type { Column } from "../render/table.ts";
import { handoffOutcomeWords } from "./audit-options.ts";

/** What a view has at hand. */
export interface ViewContext {
  readonly messages: Messages;
  readonly language: Language;
  readonly names: Names;
}

/** How rows of one kind are shown: in a table, and as columns of a CSV file (paths into the row's JSON). */
export interface View<Row> {
  readonly csv: readonly string[];
  agencies(row: Row): readonly string[];
  columns(messages: Messages): readonly Column[];
  cells(row: Row, context: ViewContext): readonly string[];
  json(row: Row): unknown;
}

const placeCsv = (name: string) => [
  ...["shard", "leafIndex", "hash", "recordedTime", "wallTime"].map((part) => `${name}.${part}`),
];

const when = (place: EventPlace | undefined, { language }: ViewContext): string =>
  localTime(place?.recordedTime, language).replace(" ", "\n");

const proof = (place: EventPlace | undefined): string => (place === undefined ? "" : String(place.leafIndex));

export const eventView: View<IndexedEvent> = {
  csv: [
    ...["dossier", "number", "said", "agency", "unit", "system", "statementId", "branches", "reason", "outcome"],
    ...placeCsv("place"),
  ],
  agencies: ({ agency }) => [agency],
  columns: ({ audit: { headings } }) => [
    { heading: headings.number, align: "right" },
    { heading: headings.time },
    { heading: headings.said, share: 2, columnsMin: 10 },
    { heading: headings.agency, share: 3, columnsMin: 12 },
    { heading: headings.branches },
    { heading: headings.leaf, align: "right" },
  ],
  cells(event, context) {
    const { audit, said } = context.messages;
    const words = said as unknown as Readonly<Record<string, unknown>>;
    const word = words[event.said];
    const code = event.reason === "" ? event.outcome : event.reason;
    return [
      String(event.number),
      when(event.place, context),
      event.said === ""
        ? audit.withheld
        : [
            typeof word === "string" ? word : event.said.replaceAll("_", " "),
            ...(code === "" ? [] : [shortCode(code)]),
          ].join("\n"),
      event.said === "" ? "" : context.names.office(event.agency, event.unit),
      event.branches.join("\n"),
      proof(event.place),
    ];
  },
  json: plainJson,
};

export const handoffView: View<IndexedHandoff> = {
  csv: [
    ...[
      "dossier",
      "branch",
      "procedure",
      "consult",
      "fromAgency",
      "fromUnit",
      "toAgency",
      "toUnit",
      "step",
      "edge",
      "dueTime",
    ],
    ...["outcome", "reason", ...placeCsv("forwarded"), ...placeCsv("delivered"), ...placeCsv("ended")],
  ],
  agencies: ({ fromAgency, toAgency }) => [fromAgency, toAgency],
  columns: ({ audit: { headings } }) => [
    { heading: headings.dossier, share: 2, columnsMin: 12 },
    { heading: headings.fromTo, share: 4, columnsMin: 16 },
    { heading: headings.forwarded },
    { heading: headings.outcome, share: 2, columnsMin: 10 },
    { heading: headings.leaf, align: "right" },
  ],
  cells(handoff, context) {
    const { names, messages } = context;
    const outcome = messages.audit.outcomes[handoffOutcomeWords.nameOf(handoff.outcome)] ?? "";
    return [
      `${handoff.dossier}\n${handoff.branch} · ${handoff.step}`,
      `${names.office(handoff.fromAgency, handoff.fromUnit)} →\n${names.office(handoff.toAgency, handoff.toUnit)}`,
      when(handoff.forwarded, context),
      [
        outcome,
        ...(handoff.reason === "" ? [] : [shortCode(handoff.reason)]),
        localTime(handoff.ended?.recordedTime, context.language),
      ]
        .filter((line) => line !== "")
        .join("\n"),
      proof(handoff.forwarded),
    ];
  },
  json: (handoff) => ({ ...(plainJson(handoff) as object), outcome: handoffOutcomeWords.nameOf(handoff.outcome) }),
};

export const waitingView: View<WaitingHandoff> = {
  csv: [
    ...["waitedLegalMs", "waitedWallMs"],
    ...handoffView.csv.filter((path) => !path.startsWith("ended.")).map((path) => `handoff.${path}`),
  ],
  agencies: ({ handoff }) => (handoff === undefined ? [] : handoffView.agencies(handoff)),
  columns: ({ audit: { headings } }) => [
    { heading: headings.waited, align: "right" },
    { heading: headings.dossier, share: 2, columnsMin: 12 },
    { heading: headings.fromTo, share: 4, columnsMin: 16 },
    { heading: headings.delivered },
    { heading: headings.leaf, align: "right" },
  ],
  cells({ handoff, waitedLegalMs }, context) {
    const { messages, names } = context;
    if (handoff === undefined) return ["", "", "", "", ""];
    return [
      spanText(Number(waitedLegalMs), messages),
      `${handoff.dossier}\n${handoff.branch} · ${handoff.step}`,
      `${names.office(handoff.fromAgency, handoff.fromUnit)} →\n${names.office(handoff.toAgency, handoff.toUnit)}`,
      handoff.delivered === undefined ? messages.audit.notDelivered : when(handoff.delivered, context),
      proof(handoff.forwarded),
    ];
  },
  json: (row) => ({
    ...(plainJson(row) as object),
    handoff: row.handoff === undefined ? null : handoffView.json(row.handoff),
  }),
};

export const holdingView: View<IndexedHolding> = {
  csv: [
    ...["dossier", "branch", "procedure", "holder", "unit", "step", "state", "heldSince"],
    ...[...placeCsv("began"), ...placeCsv("ended")],
  ],
  agencies: ({ holder }) => [holder],
  columns: ({ audit: { headings } }) => [
    { heading: headings.dossier, share: 2, columnsMin: 12 },
    { heading: headings.holder, share: 3, columnsMin: 14 },
    { heading: headings.since },
    { heading: headings.state, share: 2, columnsMin: 10 },
    { heading: headings.leaf, align: "right" },
  ],
  cells(holding, context) {
    const { names, messages, language } = context;
    return [
      `${holding.dossier}\n${holding.branch} · ${holding.step}`,
      names.office(holding.holder, holding.unit),
      localTime(holding.heldSince, language).replace(" ", "\n"),
      [messages.states[holding.state] ?? holding.state, localTime(holding.ended?.recordedTime, language)]
        .filter((line) => line !== "")
        .join("\n"),
      proof(holding.began),
    ];
  },
  json: plainJson,
};

export const timeView: View<TimeSummary> = {
  csv: ["group", "count", "meanMs", "p50Ms", "p90Ms", "p99Ms", "maxMs"],
  agencies: ({ group }) => [group],
  columns: ({ audit: { headings } }) => [
    { heading: headings.group, share: 1, columnsMin: 12 },
    { heading: headings.cases, align: "right" },
    { heading: headings.p50, align: "right" },
    { heading: headings.p90, align: "right" },
    { heading: headings.p99, align: "right" },
    { heading: headings.max, align: "right" },
  ],
  cells: (summary, { messages, names }) => [
    summary.group === "" ? messages.audit.all : names.office(summary.group),
    String(summary.count),
    ...[summary.p50Ms, summary.p90Ms, summary.p99Ms, summary.maxMs].map((ms) => spanText(ms, messages)),
  ],
  json: plainJson,
};

export const accessView: View<AccessRecord> = {
  csv: ["answeredTime", "system", "agency", "auditScope", "method", "requestDigest", "eventCount"],
  agencies: ({ agency }) => [agency],
  columns: ({ audit: { headings } }) => [
    { heading: headings.time },
    { heading: headings.agency, share: 2, columnsMin: 12 },
    { heading: headings.method, share: 2, columnsMin: 12 },
    { heading: headings.rows, align: "right" },
    { heading: headings.digest },
  ],
  cells: (access, { names, language }) => [
    localTime(access.answeredTime, language).replace(" ", "\n"),
    `${names.office(access.agency)}\n${access.auditScope}`.trimEnd(),
    access.method.split("/").at(-1) ?? "",
    String(access.eventCount),
    Buffer.from(access.requestDigest).toString("hex").slice(0, 8),
  ],
  json: plainJson,
};

/** "REFUSAL_REASON_WRONG_AREA" as "wrong area". */
function shortCode(code: string): string {
  return code
    .replace(/^[A-Z_]*(?:REASON|OUTCOME)_/, "")
    .toLowerCase()
    .replaceAll("_", " ");
}

/** A span in the two largest of days, hours, minutes, seconds. */
export function spanText(ms: number, { audit: { spans } }: Messages): string {
  const parts = [
    { length: 86_400_000, unit: spans.days },
    { length: 3_600_000, unit: spans.hours },
    { length: 60_000, unit: spans.minutes },
    { length: 1_000, unit: spans.seconds },
  ];
  const first = parts.findIndex(({ length }) => ms >= length);
  if (first < 0) return `${Math.round(ms)} ms`;
  let rest = ms;
  return parts
    .slice(first, first + 2)
    .map(({ length, unit }) => {
      const count = Math.floor(rest / length);
      rest -= count * length;
      return `${count} ${unit}`;
    })
    .join(" ");
}

/** A message as JSON: instants RFC 3339, bytes hexadecimal, big numbers numbers, absent parts null. */
export function plainJson(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value).filter((key) => !key.startsWith("_"));
  if (keys.length === 2 && "seconds" in value && "nanos" in value) return timestampToIso(value as Timestamp);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith("_"))
      .map(([key, part]) => [key, plainJson(part)]),
  );
}

/** One line of a CSV file (RFC 4180). A cell that a spreadsheet would take for a formula is written as text. */
export function csvLine(json: unknown, paths: readonly string[]): string {
  return paths
    .map((path) =>
      csvCell(
        path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[key] ?? null, json),
      ),
    )
    .join(",");
}

function csvCell(value: unknown): string {
  const text = value === null ? "" : Array.isArray(value) ? value.join(" ") : String(value);
  const safe = /^[=+@\t\r-]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
