import { EdgeKind, type RouteRecord, StepClock, StepKind } from "@lienthong/contracts/registry/v1/route";
import type { PictureMessages } from "../messages.ts";
import { edgeLine, hatched, pauseSign, pill, stepStyles } from "./look.ts";
import { element, textElement } from "./svg.ts";
import { textWidth } from "./text-measure.ts";

/** Signs of a picture explained: those it uses. */
export interface Legend {
  readonly content: string;
  readonly height: number;
}

const sampleWidth = 40;
const rowHeight = 24;
const face = { size: 12 } as const;

interface Item {
  readonly text: string;
  /** Drawn with the item's left end and middle at the origin, 32 by 16. */
  readonly sample: string;
}

/** Lays the signs out in rows of at most `width` pixels, from the origin down. */
export function legendOf(route: RouteRecord, say: PictureMessages, width: number): Legend {
  const items = itemsOf(route, say);
  let [x, y] = [0, rowHeight / 2];
  const parts: string[] = [];
  for (const { text, sample } of items) {
    const itemWidth = sampleWidth + textWidth(text, face) + 22;
    if (x > 0 && x + itemWidth > width) {
      x = 0;
      y += rowHeight;
    }
    const words = textElement(text, { x: sampleWidth, y: 4, class: "legend" });
    parts.push(element("g", { transform: `translate(${Math.round(x)} ${y})` }, sample + words));
    x += itemWidth;
  }
  return { content: parts.join("\n"), height: items.length === 0 ? 0 : y + rowHeight / 2 };
}

function itemsOf(route: RouteRecord, say: PictureMessages): Item[] {
  const { steps, edges } = route;
  const hasKind = (kind: EdgeKind) => edges.some((edge) => edge.kind === kind);
  const isForked = edges.some(({ fork }) => fork !== "");
  const box = (attributes: Record<string, string | number>) =>
    element("rect", { x: 0, y: -8, width: 32, height: 16, rx: 4, ...attributes });
  const line = (look: "forward" | "back" | "consult") =>
    element("path", { d: "M0 0L29 0", ...edgeLine(look), "marker-end": `url(#arrow-${look})` });
  const ofKind = (kind: StepKind) => box({ fill: stepStyles[kind]!.fill, stroke: stepStyles[kind]!.stroke });
  const candidates: readonly (readonly [boolean, string, () => string])[] = [
    [true, say.legendStart, () => pill(0, -8, 32, "start", "")],
    [true, say.legendEnd, () => pill(0, -8, 32, "end", "")],
    [hasKind(EdgeKind.EDGE_KIND_FORWARD), say.legendForward, () => line("forward")],
    [hasKind(EdgeKind.EDGE_KIND_BACK), say.legendBack, () => line("back")],
    [hasKind(EdgeKind.EDGE_KIND_CONSULT), say.legendConsult, () => line("consult")],
    [
      isForked,
      say.legendFork,
      () =>
        [6, 26].map((x) => element("path", { d: `M${x} -8L${x} 8`, class: "bar" })).join("") +
        element("path", { d: "M6 -4L26 -4M6 4L26 4", ...edgeLine("forward") }),
    ],
    [steps.some(({ kind }) => kind === StepKind.STEP_KIND_CONSULT), say.legendConsultStep, () => ofKind(2)],
    [steps.some(({ kind }) => kind === StepKind.STEP_KIND_APPLICANT), say.legendApplicant, () => ofKind(3)],
    [
      steps.some(({ clock }) => clock === StepClock.STEP_CLOCK_OUTSIDE),
      say.legendOutside,
      () => box({ fill: "#f8fafc", stroke: "none" }) + box(hatched),
    ],
    [
      steps.some(({ clock }) => clock === StepClock.STEP_CLOCK_PAUSED),
      say.legendPaused,
      () => box({ fill: "#f1f5f9", stroke: "#64748b", "stroke-dasharray": "7 4" }) + pauseSign(16, 0),
    ],
  ];
  return candidates.filter(([used]) => used).map(([, text, sample]) => ({ text, sample: sample() }));
}
