import { Graph, layout } from "@dagrejs/dagre";
import type { RouteEdge } from "@lienthong/contracts/registry/v1/route";
import { type AskedRow, placeAsked } from "./asked-rows.ts";
import { BOX_WIDTH, type StepBox } from "./step-box.ts";

/** Space between two columns: a curve, and the bars of a fork and a join. */
export const COLUMN_GAP = 64;
/** Space between two boxes of a column: the mark of a start stands on a box's upper edge. */
const boxGap = 36;
const lineGap = 20;

/** From one column to the next. */
export const COLUMN_PITCH = BOX_WIDTH + COLUMN_GAP;

/** A box in its place. Pixels, y downwards. */
export interface PlacedBox {
  readonly box: StepBox;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where an edge passes a column that it does not stop at. */
export interface Passage {
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

/** One row of the picture; its upper left corner is the origin. */
export interface BandLayout {
  readonly boxes: readonly PlacedBox[];
  /** By edge id, left to right. */
  readonly passages: ReadonlyMap<string, readonly Passage[]>;
  /** Steps that are asked, below the others, in rows of their own. */
  readonly askedRows: readonly AskedRow[];
  readonly width: number;
  readonly height: number;
}

/** What a row is made of. */
export interface BandContent {
  /** Steps that hold a branch. */
  readonly ways: readonly StepBox[];
  /** Forward edges between them. */
  readonly forward: readonly RouteEdge[];
  readonly asked: readonly StepBox[];
  readonly consults: readonly RouteEdge[];
  /** Columns of the whole route, by step id. */
  readonly columns: ReadonlyMap<string, number>;
}

/** Places the boxes of a row in columns, left to right, and those that are asked below them. */
export function layoutBand({ ways: boxes, forward: edges, asked, consults, columns: order }: BandContent): BandLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: boxGap, edgesep: lineGap, ranksep: COLUMN_GAP, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { step, height } of boxes) graph.setNode(step.id, { width: BOX_WIDTH, height });
  for (const edge of edges) graph.setEdge(edge.from, edge.to, {}, edge.id);
  // Branches stand below each other as the file tells them.
  const constraints = [...Map.groupBy(edges, ({ from, to }) => `${from}/${order.get(to)}`).values()].flatMap(
    (siblings) => siblings.slice(1).map(({ to }, at) => ({ left: siblings[at]!.to, right: to })),
  );
  layout(graph, { constraints });

  const centres = new Map(
    boxes.map(({ step }) => {
      const node = graph.node(step.id) as { x: number; y: number };
      return [step.id, node] as const;
    }),
  );
  const leftmost = Math.min(...[...centres.values()].map(({ x }) => x)) - BOX_WIDTH / 2;
  const highest = Math.min(...boxes.map(({ step, height }) => centres.get(step.id)!.y - height / 2));
  const placed = boxes.map((box): PlacedBox => {
    const { x, y } = centres.get(box.step.id)!;
    const left = Math.round(x - BOX_WIDTH / 2 - leftmost);
    const top = Math.round(y - box.height / 2 - highest);
    return { box, left, right: left + BOX_WIDTH, top, bottom: top + box.height };
  });

  const columns = [...new Set(placed.map(({ left }) => left))].sort((a, b) => a - b);
  const lefts = new Map(placed.map(({ box, left }) => [box.step.id, left]));
  const passages = new Map(
    edges.map((edge) => {
      const { points = [] } = graph.edge(edge.from, edge.to, edge.id) as { points?: { x: number; y: number }[] };
      const between = columns.filter((left) => left > lefts.get(edge.from)! && left < lefts.get(edge.to)!);
      const passed = between.map((left): Passage => {
        const centre = left + BOX_WIDTH / 2 + leftmost;
        const nearest = points.reduce((a, b) => (Math.abs(b.x - centre) < Math.abs(a.x - centre) ? b : a));
        return { left, right: left + BOX_WIDTH, y: nearest.y - highest };
      });
      return [edge.id, passed] as const;
    }),
  );
  const lowestPassage = Math.max(0, ...[...passages.values()].flat().map(({ y }) => y));
  const waysBottom = Math.max(
    passages.size === 0 || lowestPassage === 0 ? 0 : lowestPassage + lineGap,
    ...placed.map(({ bottom }) => bottom),
  );
  const rows = placeAsked(placed, asked, consults, waysBottom);
  const all = [...placed, ...rows.flatMap((row) => row.boxes)];
  return {
    boxes: all,
    passages,
    askedRows: rows,
    width: Math.max(...all.map(({ right }) => right)),
    height: Math.max(waysBottom, ...all.map(({ bottom }) => bottom)),
  };
}
