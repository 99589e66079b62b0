import type { RouteEdge } from "@lienthong/contracts/registry/v1/route";
import { COLUMN_PITCH, type PlacedBox } from "./band-layout.ts";
import { COLUMNS_PER_BAND } from "./bands.ts";
import { BOX_WIDTH, type StepBox } from "./step-box.ts";

/** Steps that are asked, side by side. */
export interface AskedRow {
  readonly boxes: readonly PlacedBox[];
  readonly top: number;
}

/** Space above a row of asked steps: each step that asks has a line of its own in it. */
const rowGap = 46;
export const ASK_LINE_GAP = 9;

/**
 * Places steps that are asked in the columns of a row, below it: those of one asker side by side and as near to it as there is room, so that
 * opinions asked at the same time are seen at one glance.
 */
export function placeAsked(
  ways: readonly PlacedBox[],
  asked: readonly StepBox[],
  consults: readonly RouteEdge[],
  waysBottom: number,
): AskedRow[] {
  if (asked.length === 0) return [];
  const columnCount = Math.max(COLUMNS_PER_BAND, 1 + Math.max(...ways.map(({ left }) => columnAt(left))));
  const rows: (StepBox | undefined)[][] = [];
  for (const { box, left } of ways) {
    const own = asked.filter(({ step }) => consults.find(({ to }) => to === step.id)?.from === box.step.id);
    for (let first = 0; first < own.length; first += columnCount) {
      const group = own.slice(first, first + columnCount);
      const wanted = Math.round(columnAt(left) - (group.length - 1) / 2);
      const start = Math.min(Math.max(0, wanted), columnCount - group.length);
      let row = 0;
      while (group.some((_, at) => rows[row]?.[start + at] !== undefined)) row++;
      rows[row] ??= [];
      for (const [at, member] of group.entries()) rows[row]![start + at] = member;
    }
  }
  const askers = new Set(consults.map(({ from }) => from)).size;
  let y = waysBottom;
  return rows.map((slots): AskedRow => {
    const top = y + rowGap + ASK_LINE_GAP * (askers - 1);
    const boxes = slots.flatMap((box, column): PlacedBox[] => {
      if (box === undefined) return [];
      const left = column * COLUMN_PITCH;
      return [{ box, left, right: left + BOX_WIDTH, top, bottom: top + box.height }];
    });
    y = Math.max(...boxes.map(({ bottom }) => bottom));
    return { boxes, top };
  });
}

function columnAt(left: number): number {
  return Math.round(left / COLUMN_PITCH);
}
