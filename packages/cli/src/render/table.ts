import CliTable from "cli-table3";
import type { Style } from "./style.ts";
import { displayWidth, wrapText } from "./text-width.ts";

/** A column: its heading, and how it takes its share of the width. */
export interface Column {
  readonly heading: string;
  /** Share of the width that fixed columns leave; absent: as wide as its widest cell. */
  readonly share?: number;
  /** A flexible column is never narrower. Default 8. */
  readonly columnsMin?: number;
  readonly align?: "left" | "right";
}

/** How a row looks. */
export interface Row {
  readonly cells: readonly string[];
  readonly tone?: "dim";
  /** Belongs to the row above: no line between the two. */
  readonly continues?: boolean;
}

const paddingPerColumn = 2;

const edges = {
  top: "─",
  "top-mid": "┬",
  "top-left": "┌",
  "top-right": "┐",
  bottom: "─",
  "bottom-mid": "┴",
  "bottom-left": "└",
  "bottom-right": "┘",
  left: "│",
  "left-mid": "├",
  mid: "─",
  "mid-mid": "┼",
  right: "│",
  "right-mid": "┤",
  middle: "│",
};

/**
 * A table that fits `width` as long as the flexible columns have their minimum. Lines between rows are drawn only where some row has
 * several lines. Ends without a newline.
 */
export function renderTable(columns: readonly Column[], rows: readonly Row[], width: number, style: Style): string {
  const widths = columnWidths(columns, rows, width);
  const wrapped = (cells: readonly string[], paint: (line: string) => string) =>
    cells.map((cell, index) =>
      wrapText(cell, widths[index] as number)
        .map((line) => (line === "" ? line : paint(line)))
        .join("\n"),
    );
  const body = groupsOf(rows).map((group) => {
    const parts = group.map((row) => wrapped(row.cells, row.tone === "dim" ? style.dim : (line) => line));
    return columns.map((_, column) =>
      stack(
        parts.map((cells) => cells[column] as string),
        parts,
      ),
    );
  });
  const table = new CliTable({
    chars: edges,
    style: { head: [], border: [] },
    colWidths: widths.map((columnsWide) => columnsWide + paddingPerColumn),
    colAligns: columns.map(({ align = "left" }) => align),
  });
  table.push(
    wrapped(
      columns.map(({ heading }) => heading),
      style.bold,
    ),
  );
  if (body.some((cells) => cells.some((cell) => cell.includes("\n")))) table.push(...body);
  else if (body.length > 0) table.push(columns.map((_, column) => body.map((cells) => cells[column]).join("\n")));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Rows that continue the one above share its place in the table. */
function groupsOf(rows: readonly Row[]): Row[][] {
  const groups: Row[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (row.continues === true && last !== undefined) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** Puts the cells of a group's rows under each other, each as high as its row. */
function stack(cells: readonly string[], parts: readonly (readonly string[])[]): string {
  return cells
    .map((cell, row) => {
      const height = Math.max(...(parts[row] as readonly string[]).map((other) => other.split("\n").length));
      const lines = cell.split("\n");
      return [...lines, ...Array.from({ length: height - lines.length }, () => "")].join("\n");
    })
    .join("\n");
}

function columnWidths(columns: readonly Column[], rows: readonly Row[], width: number): number[] {
  const natural = columns.map(({ heading }, index) =>
    Math.max(
      ...heading.split("\n").map((line) => displayWidth(line)),
      ...rows.flatMap(({ cells }) => (cells[index] ?? "").split("\n").map((line) => displayWidth(line))),
    ),
  );
  const frame = columns.length * (paddingPerColumn + 1) + 1;
  const fixed = columns.reduce(
    (sum, { share }, index) => sum + (share === undefined ? (natural[index] as number) : 0),
    0,
  );
  let room = width - frame - fixed;
  const widths = columns.map(({ share }, index) => (share === undefined ? (natural[index] as number) : 0));
  // Who needs less than its share leaves the rest to the others.
  let open = columns.flatMap(({ share }, index) => (share === undefined ? [] : [{ index, share }]));
  for (;;) {
    const shares = open.reduce((sum, { share }) => sum + share, 0);
    const content = open.filter(
      ({ index, share }) => (natural[index] as number) <= Math.floor((room * share) / shares),
    );
    if (content.length === 0) {
      for (const { index, share } of open) {
        const least = columns[index]?.columnsMin ?? 8;
        widths[index] = Math.max(least, Math.floor((room * share) / shares));
      }
      return widths;
    }
    for (const { index } of content) {
      widths[index] = natural[index] as number;
      room -= natural[index] as number;
    }
    open = open.filter((column) => !content.includes(column));
    if (open.length === 0) return widths;
  }
}
