import type { ProcedureFigures, ScenarioSummary } from "@lienthong/scenario";
import { createStyle } from "./render/style.ts";
import { renderTable } from "./render/table.ts";
import { displayWidth } from "./render/text-width.ts";
import type { RunOptions } from "./run-options.ts";
import { type ScenarioColumns, upMessages } from "./up-messages.ts";

const columnsMax = 120;
/** From here on there is room for how dossiers ended, beside what happened to them. */
const columnsForEnds = 110;
const nameColumnsMin = 14;
/** Frame and padding that a column costs, and the frame's last line. */
const framePerColumn = 3;
const frameEnd = 1;

interface FigureColumn {
  readonly heading: keyof ScenarioColumns;
  /** Only where there is room. */
  readonly wide?: true;
  cell(line: ProcedureFigures): string;
}

/** Whether a terminal of this width is shown how dossiers ended. */
export function showsEnds(terminal: number): boolean {
  return terminal >= columnsForEnds;
}

/** What a play came to, a line per procedure. Fits the terminal, 120 columns at most; long names are cut. Ends without a newline. */
export function scenarioTable(
  { procedures }: ScenarioSummary,
  { language, columns: terminal, color }: Pick<RunOptions, "language" | "columns" | "color">,
): string {
  const text = upMessages[language];
  const width = Math.min(terminal, columnsMax);
  const hours = (value: number | null) => (value === null ? "–" : text.tenths(value));
  const all: readonly FigureColumn[] = [
    { heading: "dossiers", cell: (line) => String(line.dossiers) },
    { heading: "handoffs", cell: (line) => String(line.handoffs) },
    { heading: "refusals", cell: (line) => String(line.refusals) },
    { heading: "recalls", cell: (line) => String(line.recalls) },
    { heading: "supplements", cell: (line) => String(line.supplements) },
    { heading: "returned", wide: true, cell: (line) => String(line.returned) },
    { heading: "endedEarly", wide: true, cell: (line) => String(line.withdrawn + line.stopped) },
    { heading: "open", wide: true, cell: (line) => String(line.open) },
    { heading: "toReceipt", cell: (line) => hours(line.acknowledgedMedianHours) },
    { heading: "held", cell: (line) => hours(line.heldMedianHours) },
    {
      heading: "citizen",
      wide: true,
      cell: (line) => (line.citizenShare === null ? "–" : `${Math.round(line.citizenShare * 100)} %`),
    },
  ];
  const figures = all.filter(({ wide }) => wide === undefined || showsEnds(width));
  const headings = figures.map(({ heading }) => text.columns[heading]);
  const cells = procedures.map((line) => figures.map(({ cell }) => cell(line)));
  const taken = headings.map((heading, at) =>
    Math.max(
      ...heading.split("\n").map((part) => displayWidth(part)),
      ...cells.map((row) => displayWidth(row[at] as string)),
    ),
  );
  const nameColumns = Math.max(
    nameColumnsMin,
    width - frameEnd - framePerColumn - taken.reduce((sum, columns) => sum + columns + framePerColumn, 0),
  );
  return renderTable(
    [{ heading: text.columns.procedure }, ...headings.map((heading) => ({ heading, align: "right" as const }))],
    procedures.map((line, at) => ({
      cells: [cut(shortName(language === "vi" ? line.name : line.nameEn), nameColumns), ...(cells[at] as string[])],
    })),
    width,
    createStyle(color),
  );
}

/** What many names begin with says least, and would be all that is left of some of them. */
function shortName(name: string): string {
  const short = name.replace(/^(?:Thủ tục|Liên thông điện tử:|E-linked group:) /, "");
  return `${short.charAt(0).toLocaleUpperCase("vi")}${short.slice(1)}`;
}

/** A text of at most `columns`, with an ellipsis where something is missing. */
function cut(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  return `${[...text.normalize("NFC")]
    .slice(0, columns - 1)
    .join("")
    .trimEnd()}…`;
}
