import { EdgeKind, type RouteEdge, type RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { ASK_LINE_GAP } from "./asked-rows.ts";
import { type BandLayout, layoutBand, type PlacedBox } from "./band-layout.ts";
import { bandsOf, columnsOf } from "./bands.ts";
import { type Pull, portsOf } from "./ports.ts";
import type { StepBox } from "./step-box.ts";
import { levelCurve, type Point, roundedPath } from "./svg.ts";

/** How an edge looks. */
export type EdgeLook = "forward" | "back" | "consult";

export interface DrawnEdge {
  readonly edge: RouteEdge;
  readonly look: EdgeLook;
  /** Path data. */
  readonly path: string;
  /** Whether an arrow head ends it; an edge that ends at the bar of a join has none. */
  readonly arrow: boolean;
}

/** The bar where branches part or meet. */
export interface DrawnBar {
  readonly kind: "fork" | "join";
  readonly fork: string;
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
  /** The short line between bar and box. */
  readonly shaftFrom: Point;
  readonly shaftTo: Point;
}

export interface RouteLayout {
  readonly boxes: readonly PlacedBox[];
  readonly edges: readonly DrawnEdge[];
  readonly bars: readonly DrawnBar[];
  readonly width: number;
  readonly height: number;
}

const forkBarOffset = 12;
const joinBarOffset = 20;
/** What an arrow head takes of the way. */
const arrowLength = 2;
const laneGap = 16;
const bandGap = 34;
const cornerRadius = 14;

/** Puts rows below each other and draws every edge. `boxes` in the order of the route. */
export function layoutRoute(route: RouteRecord, boxes: readonly StepBox[]): RouteLayout {
  return new RouteLayouter(route, boxes).layout();
}

class RouteLayouter {
  readonly #route: RouteRecord;
  readonly #bandOf = new Map<string, number>();
  readonly #bands: BandLayout[];
  /** Lower edge of each row's boxes and upper edge, in the picture. */
  readonly #bandTop: number[] = [];
  readonly #bandBottom: number[] = [];
  readonly #placed = new Map<string, PlacedBox>();
  /** Lanes below a row that are taken. */
  readonly #lanes: number[];
  readonly #leftMargin: number;
  /** Ways back to an earlier row that are drawn. */
  #climbs = 0;

  constructor(route: RouteRecord, boxes: readonly StepBox[]) {
    this.#route = route;
    const columns = columnsOf(route);
    const bands = bandsOf(route, columns);
    for (const [at, { ways, asked }] of bands.entries()) {
      for (const index of [...ways, ...asked]) this.#bandOf.set(route.steps[index]!.id, at);
    }
    const within = (band: number, kind: EdgeKind) =>
      route.edges.filter(
        (edge) => edge.kind === kind && this.#bandOf.get(edge.from) === band && this.#bandOf.get(edge.to) === band,
      );
    this.#bands = bands.map(({ ways, asked }, at) =>
      layoutBand({
        ways: ways.map((index) => boxes[index]!),
        forward: within(at, EdgeKind.EDGE_KIND_FORWARD),
        asked: asked.map((index) => boxes[index]!),
        consults: within(at, EdgeKind.EDGE_KIND_CONSULT),
        columns,
      }),
    );
    this.#lanes = bands.map(() => 0);
    // Ways back to an earlier row run up the left margin.
    this.#leftMargin = 9 * this.#backEdges().filter((edge) => this.#crossesBands(edge)).length;
    let top = 0;
    for (const [at, band] of this.#bands.entries()) {
      this.#bandTop.push(top);
      this.#bandBottom.push(top + band.height);
      for (const box of band.boxes) {
        this.#placed.set(box.box.step.id, {
          ...box,
          left: box.left + this.#leftMargin,
          right: box.right + this.#leftMargin,
          top: box.top + top,
          bottom: box.bottom + top,
        });
      }
      const lanes = this.#lanesNeeded(at);
      top += band.height + (lanes > 0 ? 8 + lanes * laneGap : 0) + bandGap;
    }
  }

  layout(): RouteLayout {
    const last = this.#bands.length - 1;
    const lanes = this.#lanesNeeded(last);
    // Short ways back lie above long ones, so that they do not cross.
    const backs = this.#backEdges().toSorted((a, b) => this.#span(a) - this.#span(b));
    const returning = backs.map((edge, at) => this.#back(edge, at));
    const { bars, edges } = this.#waysOn();
    const consults = this.#route.edges.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_CONSULT);
    return {
      boxes: this.#route.steps.map(({ id }) => this.#placed.get(id)!),
      bars,
      edges: [...returning, ...consults.map((edge) => this.#consult(edge)), ...edges],
      width: this.#leftMargin + Math.max(...this.#bands.map(({ width }) => width)),
      height: this.#bandBottom[last]! + (lanes > 0 ? 8 + lanes * laneGap : 0),
    };
  }

  #backEdges(): RouteEdge[] {
    return this.#route.edges.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_BACK);
  }

  #crossesBands(edge: RouteEdge): boolean {
    return this.#bandOf.get(edge.from) !== this.#bandOf.get(edge.to);
  }

  #lanesNeeded(band: number): number {
    return this.#route.edges.filter(({ from, to, kind }) => {
      if (kind === EdgeKind.EDGE_KIND_BACK) return this.#bandOf.get(from) === band || this.#bandOf.get(to) === band;
      return this.#bandOf.get(from) === band && this.#bandOf.get(to) !== band;
    }).length;
  }

  #span(edge: RouteEdge): number {
    const [from, to] = [this.#placed.get(edge.from)!, this.#placed.get(edge.to)!];
    return Math.abs(from.left - to.left) + (this.#crossesBands(edge) ? 100_000 : 0);
  }

  #takeLane(band: number): number {
    const lane = this.#lanes[band]!;
    this.#lanes[band] = lane + 1;
    return this.#bandBottom[band]! + 18 + lane * laneGap;
  }

  #waysOn(): Pick<RouteLayout, "edges" | "bars"> {
    const ways = this.#route.edges.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_FORWARD);
    const bars: DrawnBar[] = [];
    const leaves = new Map<string, number>();
    const reaches = new Map<string, number>();
    for (const { id, joinsFork } of this.#route.steps) {
      const box = this.#placed.get(id)!;
      const out = ways.filter((edge) => edge.from === id);
      const into = ways.filter((edge) => edge.to === id);
      for (const [edge, y] of portsOf(
        box,
        out.map((edge) => this.#pull(edge, "from")),
      )) {
        leaves.set(edge, y);
      }
      for (const [edge, y] of portsOf(
        box,
        into.map((edge) => this.#pull(edge, "to")),
      )) {
        reaches.set(edge, y);
      }
      for (const [fork, edges] of Map.groupBy(out, (edge) => edge.fork)) {
        if (fork !== "") bars.push(bar("fork", fork, box, edges, leaves));
      }
      if (joinsFork !== "") bars.push(bar("join", joinsFork, box, into, reaches));
    }
    return { bars, edges: ways.map((edge) => this.#wayOn(edge, leaves.get(edge.id)!, reaches.get(edge.id)!)) };
  }

  /** Where an edge is drawn to, seen from one of its ends. */
  #pull(edge: RouteEdge, end: "from" | "to"): Pull {
    const group = end === "from" ? edge.fork : "";
    if (this.#crossesBands(edge)) {
      return { edge, group, towardsY: end === "from" ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER };
    }
    const passages = this.#passages(edge);
    const other = this.#placed.get(end === "from" ? edge.to : edge.from)!;
    const nearest = end === "from" ? passages[0] : passages.at(-1);
    return { edge, group, towardsY: nearest?.y ?? (other.top + other.bottom) / 2 };
  }

  #passages(edge: RouteEdge): { left: number; right: number; y: number }[] {
    const band = this.#bandOf.get(edge.from)!;
    return (this.#bands[band]!.passages.get(edge.id) ?? []).map(({ left, right, y }) => ({
      left: left + this.#leftMargin,
      right: right + this.#leftMargin,
      y: y + this.#bandTop[band]!,
    }));
  }

  #wayOn(edge: RouteEdge, leavesAtY: number, reachesAtY: number): DrawnEdge {
    const from = this.#placed.get(edge.from)!;
    const to = this.#placed.get(edge.to)!;
    const joins = to.box.step.joinsFork !== "";
    const start = { x: from.right + (edge.fork === "" ? 0 : forkBarOffset), y: leavesAtY };
    const end = { x: to.left - (joins ? joinBarOffset : arrowLength), y: reachesAtY };
    const look = "forward";
    if (this.#crossesBands(edge)) {
      const laneY = this.#takeLane(this.#bandOf.get(edge.from)!);
      const [outX, inX] = [from.right + 26, to.left - 26];
      const corners = [
        { x: outX, y: start.y },
        { x: outX, y: laneY },
        { x: inX, y: laneY },
        { x: inX, y: end.y },
      ];
      return { edge, look, path: roundedPath([start, ...corners, end], cornerRadius), arrow: !joins };
    }
    const points: Point[] = [start];
    for (const { left, right, y } of this.#passages(edge)) points.push({ x: left, y }, { x: right, y });
    return { edge, look, path: levelCurve([...points, end]), arrow: !joins };
  }

  /** Down from the asker, along a line of its own above the asked, and down into it; those of a lower row are entered from the left. */
  #consult(edge: RouteEdge): DrawnEdge {
    const from = this.#placed.get(edge.from)!;
    const to = this.#placed.get(edge.to)!;
    const band = this.#bands[this.#bandOf.get(edge.from)!]!;
    const askers = [...new Set(band.boxes.map(({ box }) => box.step.id).filter((id) => this.#asks(id)))];
    const firstRowTop = band.askedRows[0]!.top + this.#bandTop[this.#bandOf.get(edge.from)!]!;
    const lineY = firstRowTop - 18 - ASK_LINE_GAP * askers.indexOf(edge.from);
    const clear = !this.#placedAbove(firstRowTop, from);
    const start: Point[] = clear
      ? [{ x: (from.left + from.right) / 2, y: from.bottom }]
      : [
          { x: from.left, y: from.bottom - 12 },
          { x: from.left - 30, y: from.bottom - 12 },
        ];
    const others = this.#route.edges.filter(({ to: asked }) => asked === edge.to);
    const aside = (others.indexOf(edge) - (others.length - 1) / 2) * 14;
    const end: Point[] =
      to.top === firstRowTop
        ? [{ x: (to.left + to.right) / 2 + aside, y: to.top - arrowLength }]
        : [
            { x: to.left - 22, y: (to.top + to.bottom) / 2 + aside },
            { x: to.left - arrowLength, y: (to.top + to.bottom) / 2 + aside },
          ];
    const line = [
      { x: start.at(-1)!.x, y: lineY },
      { x: end[0]!.x, y: lineY },
    ];
    return { edge, look: "consult", path: roundedPath([...start, ...line, ...end], cornerRadius), arrow: true };
  }

  #asks(id: string): boolean {
    return this.#route.edges.some(({ from, kind }) => from === id && kind === EdgeKind.EDGE_KIND_CONSULT);
  }

  /** Whether a box of the same column stands between a box and a height below it. */
  #placedAbove(y: number, box: PlacedBox): boolean {
    return [...this.#placed.values()].some(
      (other) => other.left === box.left && other.top > box.top && other.bottom <= y,
    );
  }

  /** Below everything it passes, round corners, an arrow into the earlier step. */
  #back(edge: RouteEdge, number: number): DrawnEdge {
    const from = this.#placed.get(edge.from)!;
    const to = this.#placed.get(edge.to)!;
    const shift = (number % 5) * 12;
    const start: Point[] = this.#isLowest(from)
      ? [{ x: from.left + 70 - shift, y: from.bottom }]
      : [
          { x: from.left, y: from.bottom - 12 },
          { x: from.left - 12 - (number % 3) * 6, y: from.bottom - 12 },
        ];
    const end: Point[] = this.#isLowest(to)
      ? [{ x: to.right - 70 + shift, y: to.bottom + arrowLength }]
      : [
          { x: to.right + 22 + (number % 3) * 5, y: to.bottom - 12 },
          { x: to.right + arrowLength, y: to.bottom - 12 },
        ];
    const [downX, upX] = [start.at(-1)!.x, end[0]!.x];
    const fromBand = this.#bandOf.get(edge.from)!;
    const fromLane = this.#takeLane(fromBand);
    let lanes: Point[] = [
      { x: downX, y: fromLane },
      { x: upX, y: fromLane },
    ];
    if (this.#crossesBands(edge)) {
      const toLane = this.#takeLane(this.#bandOf.get(edge.to)!);
      const marginX = this.#leftMargin - 16 - 9 * this.#climbs++;
      lanes = [
        { x: downX, y: fromLane },
        { x: marginX, y: fromLane },
        { x: marginX, y: toLane },
        { x: upX, y: toLane },
      ];
    }
    return { edge, look: "back", path: roundedPath([...start, ...lanes, ...end], cornerRadius), arrow: true };
  }

  #isLowest(box: PlacedBox): boolean {
    const band = this.#bands[this.#bandOf.get(box.box.step.id)!]!;
    return !band.boxes.some(
      ({ box: other }) =>
        this.#placed.get(other.step.id)!.left === box.left && this.#placed.get(other.step.id)!.top > box.top,
    );
  }
}

function bar(
  kind: "fork" | "join",
  fork: string,
  box: PlacedBox,
  edges: readonly RouteEdge[],
  ports: ReadonlyMap<string, number>,
): DrawnBar {
  const heights = edges.map((edge) => ports.get(edge.id)!);
  const top = Math.min(...heights) - 9;
  const bottom = Math.max(...heights) + 9;
  const y = (top + bottom) / 2;
  const x = kind === "fork" ? box.right + forkBarOffset : box.left - joinBarOffset;
  return kind === "fork"
    ? { kind, fork, x, top, bottom, shaftFrom: { x: box.right, y }, shaftTo: { x, y } }
    : { kind, fork, x, top, bottom, shaftFrom: { x, y }, shaftTo: { x: box.left - arrowLength, y } };
}
