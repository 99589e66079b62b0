import { EdgeKind, type RouteRecord, StepClock } from "@lienthong/contracts/registry/v1/route";
import { checkRoute } from "./check-route.ts";
import { RouteInvalidError } from "./compile-route.ts";
import type { PlacedBox } from "./drawing/band-layout.ts";
import { legendOf } from "./drawing/legend.ts";
import { boxLook, definitions, edgeLine, hatched, pauseSign, pill, styleSheet } from "./drawing/look.ts";
import { type DrawnBar, type DrawnEdge, layoutRoute } from "./drawing/route-layout.ts";
import { BOX_WIDTH, stepBox } from "./drawing/step-box.ts";
import { coordinate, element, escapeXml, textElement } from "./drawing/svg.ts";
import { type TextFace, textWidth, wrapEvenly, wrapText } from "./drawing/text-measure.ts";
import { localName, type RouteLocale } from "./local-name.ts";
import type { PictureMessages } from "./messages.ts";
import { messagesOf } from "./messages-of.ts";

const margin = 36;
/** A picture of one box still has room for its heading. */
const contentWidthMin = 640;
const titleFace: TextFace = { size: 20, bold: true };
const subtitleFace: TextFace = { size: 13 };
const badgeFace: TextFace = { size: 12 };

/**
 * A route as a picture: SVG 1.1 text, the same for the same route. Left to right, in rows of four columns where the way allows it; every step
 * is a group with `data-step`, every edge a path with `data-edge`. Throws {@link RouteInvalidError} if `checkRoute` finds anything.
 */
export function drawRoute(route: RouteRecord, locale: RouteLocale): string {
  const problems = checkRoute(route);
  if (problems.length > 0) throw new RouteInvalidError(route.id, problems);
  const say = messagesOf(locale).picture;
  const boxes = route.steps.map((step, at) => stepBox(route, step, at + 1, locale, portsOf(route, step.id)));
  const drawn = layoutRoute(route, boxes);

  const contentWidth = Math.max(contentWidthMin, drawn.width);
  const heading = headingOf(route, locale, contentWidth);
  const legend = legendOf(route, say, contentWidth);
  const graphTop = margin + heading.height + 26;
  const legendTop = graphTop + drawn.height + 28;
  const width = contentWidth + 2 * margin;
  const height = legendTop + legend.height + margin - 10;
  const graph = [
    ...drawn.edges.map(edgeElement),
    ...drawn.bars.map(barElement),
    ...drawn.boxes.map((box) => boxElement(box, say)),
  ];
  const ruler = { d: `M${margin} ${coordinate(legendTop - 12)}L${width - margin} ${coordinate(legendTop - 12)}` };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${coordinate(width)}" height="${coordinate(height)}" viewBox="0 0 ${coordinate(width)} ${coordinate(height)}" role="img" aria-labelledby="title" lang="${locale}">`,
    element("title", { id: "title" }, escapeXml(localName(route.name, locale))),
    element("style", {}, escapeXml(styleSheet).replaceAll("&quot;", '"')),
    definitions(),
    element("rect", { width, height, fill: "#ffffff" }),
    element("g", { transform: `translate(${margin} ${margin})` }, heading.content),
    element(
      "g",
      { transform: `translate(${margin} ${coordinate(graphTop)})`, class: "graph" },
      `\n${graph.join("\n")}\n`,
    ),
    element("path", { ...ruler, stroke: "#d5dde8", fill: "none" }),
    element("g", { transform: `translate(${margin} ${coordinate(legendTop)})` }, legend.content),
    "</svg>\n",
  ].join("\n");
}

/** Edges at the busier side of a step. */
function portsOf({ edges }: RouteRecord, step: string): number {
  const ways = edges.filter(({ kind }) => kind === EdgeKind.EDGE_KIND_FORWARD);
  return Math.max(ways.filter(({ from }) => from === step).length, ways.filter(({ to }) => to === step).length);
}

/** Name, key facts, and what a reader should know of its certainty; from the origin down. */
function headingOf(route: RouteRecord, locale: RouteLocale, width: number): { content: string; height: number } {
  const { picture: say, limit } = messagesOf(locale);
  const lines: string[] = [];
  let y = 0;
  const add = (text: string, face: TextFace, lineHeight: number, className: string): void => {
    for (const line of (face === titleFace ? wrapEvenly : wrapText)(text, face, width)) {
      y += lineHeight;
      lines.push(textElement(line, { x: 0, y: y - 6, class: className }));
    }
  };
  add(localName(route.name, locale), titleFace, 27, "title");
  add(say.subtitle(route.id, route.version, route.procedure), subtitleFace, 20, "subtitle");
  const times = [
    ...(route.total === undefined ? [] : [say.total(limit(route.total))]),
    ...route.appointments.map(({ number, limit: span }) => say.appointment(number, span ? limit(span) : "?")),
  ];
  if (times.length > 0) add(times.join(" · "), subtitleFace, 20, "subtitle");
  const doubts = [...(route.composed ? [say.composed] : []), ...(route.certain ? [] : [say.uncertain])];
  if (doubts.length > 0) add(doubts.join(" · "), badgeFace, 19, "badge");
  return { content: lines.join("\n"), height: y };
}

function edgeElement({ edge, look, path, arrow }: DrawnEdge): string {
  const head = arrow ? { "marker-end": `url(#arrow-${look})` } : {};
  return element("path", { d: path, class: `edge ${look}`, "data-edge": edge.id, ...edgeLine(look), ...head });
}

function barElement({ kind, fork, x, top, bottom, shaftFrom, shaftTo }: DrawnBar): string {
  const shaft = `M${coordinate(shaftFrom.x)} ${coordinate(shaftFrom.y)}L${coordinate(shaftTo.x)} ${coordinate(shaftTo.y)}`;
  const head = kind === "join" ? { "marker-end": "url(#arrow-forward)" } : {};
  return element(
    "g",
    { [`data-${kind}`]: fork },
    element("path", { d: shaft, ...edgeLine("forward"), ...head }) +
      element("path", {
        d: `M${coordinate(x)} ${coordinate(top)}L${coordinate(x)} ${coordinate(bottom)}`,
        class: "bar",
      }),
  );
}

function boxElement({ box, left, top }: PlacedBox, say: PictureMessages): string {
  const { step, height, lines, tooltip } = box;
  const { style, dashed, hatch } = boxLook(step.kind, step.clock);
  const outline = { x: left, y: top, width: BOX_WIDTH, height, rx: 8 };
  const dashes = dashed ? { "stroke-dasharray": "7 4" } : {};
  const parts = [
    element("title", {}, escapeXml(tooltip)),
    element("rect", {
      ...outline,
      class: "box",
      fill: style.fill,
      stroke: style.stroke,
      "stroke-width": 1.4,
      ...dashes,
    }),
  ];
  if (hatch) parts.push(element("rect", { ...outline, ...hatched, stroke: "none" }));
  // The bar at the left says who acts; it keeps clear of the round corners.
  parts.push(element("rect", { x: left + 1.5, y: top + 9, width: 4, height: height - 18, rx: 2, fill: style.accent }));
  for (const { text, style: className, x, baseline } of lines) {
    parts.push(textElement(text, { x: left + x, y: top + baseline, class: className }));
  }
  if (step.clock === StepClock.STEP_CLOCK_PAUSED) parts.push(pauseSign(left + BOX_WIDTH - 16, top + height - 16));
  if (step.start) parts.push(pill(left + 14, top - 8, pillWidth(say.start), "start", say.start));
  if (step.end) {
    const width = pillWidth(say.end);
    parts.push(pill(left + BOX_WIDTH - 14 - width, top - 8, width, "end", say.end));
  }
  return element("g", { class: "step", "data-step": step.id }, parts.join(""));
}

function pillWidth(text: string): number {
  return Math.ceil(textWidth(text, { size: 10.5, bold: true })) + 16;
}
