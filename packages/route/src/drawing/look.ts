import { StepClock, StepKind } from "@lienthong/contracts/registry/v1/route";
import type { EdgeLook } from "./route-layout.ts";
import { element, textElement } from "./svg.ts";

/** Colours and lines of the picture: dark on light, told apart by shape and line as well as by colour. */

interface StepStyle {
  readonly fill: string;
  readonly stroke: string;
  readonly accent: string;
}

export const stepStyles: Readonly<Partial<Record<StepKind, StepStyle>>> = {
  [StepKind.STEP_KIND_WORK]: { fill: "#f6f9fe", stroke: "#5b7396", accent: "#2b62b4" },
  [StepKind.STEP_KIND_CONSULT]: { fill: "#fff8ea", stroke: "#b07a1e", accent: "#d0922b" },
  [StepKind.STEP_KIND_APPLICANT]: { fill: "#f5f1fd", stroke: "#7a5bb5", accent: "#7a4fc9" },
};

const edgeColours: Readonly<Record<EdgeLook, string>> = { forward: "#34455e", back: "#b3382c", consult: "#a86f13" };

/** Stroke of an edge. */
export function edgeLine(look: EdgeLook): Record<string, string | number> {
  const common = { fill: "none", stroke: edgeColours[look], "stroke-width": 1.8 };
  if (look === "back") return { ...common, "stroke-dasharray": "8 5" };
  // Round caps on dashes of no length are dots.
  return look === "consult"
    ? { ...common, "stroke-width": 2.6, "stroke-dasharray": "0 6", "stroke-linecap": "round" }
    : common;
}

/** A box whose time runs outside the overall limit is hatched. */
export const hatched = { fill: "url(#hatch)", stroke: "#5b7396", "stroke-dasharray": "7 4" } as const;

/** Arrow heads and the hatching. */
export function definitions(): string {
  const heads = (["forward", "back", "consult"] as const).map((look) =>
    element(
      "marker",
      {
        id: `arrow-${look}`,
        viewBox: "0 0 10 10",
        refX: 9,
        refY: 5,
        markerWidth: 9,
        markerHeight: 9,
        markerUnits: "userSpaceOnUse",
        orient: "auto",
      },
      element("path", { d: "M0 0.8L10 5L0 9.2Z", fill: edgeColours[look] }),
    ),
  );
  const hatch = element(
    "pattern",
    { id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    element("path", { d: "M0 0L0 8", stroke: "#e6ecf4", "stroke-width": 5 }),
  );
  return element("defs", {}, [...heads, hatch].join(""));
}

/** The mark of a start (green) or an end (dark) on the upper edge of a box. */
export function pill(x: number, y: number, width: number, kind: "start" | "end", text: string): string {
  const colour = kind === "start" ? "#1f7a4d" : "#26344a";
  const shape = element("rect", { x, y, width, height: 16, rx: 8, fill: colour });
  return text === "" ? shape : shape + textElement(text, { x: x + width / 2, y: y + 12, class: "pill" });
}

/** Two upright bars, as on a player. */
export function pauseSign(x: number, y: number): string {
  const bars = [-4, 2].map((dx) => element("rect", { x: x + dx, y: y - 5, width: 3, height: 10, rx: 1 }));
  return element("g", { fill: "#64748b" }, bars.join(""));
}

/** Outline and filling of a box by who acts and how its time counts. */
export function boxLook(kind: StepKind, clock: StepClock): { style: StepStyle; dashed: boolean; hatch: boolean } {
  const style = stepStyles[kind] ?? stepStyles[StepKind.STEP_KIND_WORK]!;
  return {
    style,
    dashed: clock !== StepClock.STEP_CLOCK_RUNNING,
    hatch: clock === StepClock.STEP_CLOCK_OUTSIDE,
  };
}

export const styleSheet = `
text{font-family:"Noto Sans","Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;fill:#1c2735}
.title{font-size:20px;font-weight:700}.subtitle{font-size:13px;fill:#4a5a70}.badge{font-size:12px;fill:#8a5a00}
.name{font-size:13.5px;font-weight:700}.role{font-size:12px;fill:#44546b}.limit{font-size:12px;font-weight:700;fill:#1d4f91}
.detail{font-size:11.5px;fill:#44546b}.clock{font-size:11.5px;font-weight:700;fill:#5a6678}.tag{font-size:11.5px;font-weight:700;fill:#8a5a00}
.pill{font-size:10.5px;font-weight:700;fill:#fff;text-anchor:middle}.legend{font-size:12px;fill:#44546b}
.bar{stroke:#34455e;stroke-width:5;stroke-linecap:round;fill:none}
`.trim();
