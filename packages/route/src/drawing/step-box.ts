import {
  EdgeKind,
  type RouteRecord,
  type RouteStep,
  StepClock,
  StepKind,
} from "@lienthong/contracts/registry/v1/route";
import { localName, type RouteLocale } from "../local-name.ts";
import { messagesOf } from "../messages-of.ts";
import { type TextFace, wrapText } from "./text-measure.ts";

/** Width of every box, in pixels: four of them and the gaps between fit into 1,200. */
export const BOX_WIDTH = 228;
const paddingX = 14;
/** Room for the text of a box. */
const textWidthMax = BOX_WIDTH - 2 * paddingX;

export type LineStyle = "name" | "role" | "limit" | "detail" | "clock" | "tag";

export const lineFaces: Readonly<Record<LineStyle, TextFace>> = {
  name: { size: 13.5, bold: true },
  role: { size: 12 },
  limit: { size: 12, bold: true },
  detail: { size: 11.5 },
  clock: { size: 11.5, bold: true },
  tag: { size: 11.5, bold: true },
};
const lineHeights: Readonly<Record<LineStyle, number>> = {
  name: 18,
  role: 16,
  limit: 17,
  detail: 15.5,
  clock: 15.5,
  tag: 15.5,
};
/** Space before the first line of a style, where another style went before. */
const spaceBefore: Readonly<Record<LineStyle, number>> = { name: 0, role: 3, limit: 5, detail: 3, clock: 3, tag: 3 };

/** A line of text in a box. `x` and `baseline` from the box's upper left corner, in pixels. */
export interface BoxLine {
  readonly text: string;
  readonly style: LineStyle;
  readonly x: number;
  readonly baseline: number;
}

/** A step as it will be drawn, its place not yet known. */
export interface StepBox {
  readonly step: RouteStep;
  /** Position in the route, from 1, as `explainRoute` numbers it. */
  readonly number: number;
  readonly lines: readonly BoxLine[];
  readonly height: number;
  /** For a pointer that rests on the box: the name and the parts of the work. */
  readonly tooltip: string;
}

/** What a box says: number and name, who, how long, and what is special. `portsMax`: edges on its busier side. */
export function stepBox(
  route: RouteRecord,
  step: RouteStep,
  number: number,
  locale: RouteLocale,
  portsMax: number,
): StepBox {
  const { picture, roles, limit } = messagesOf(locale);
  const name = `${number}. ${localName(step.name, locale)}`;
  const incoming = route.edges.filter((edge) => edge.to === step.id && edge.kind !== EdgeKind.EDGE_KIND_BACK);
  const copies = new Set(
    route.edges.filter((edge) => edge.from === step.id).flatMap((edge) => edge.resultCopiedToRoles),
  );
  const role = roles[step.role] ?? step.role;
  const isApplicants = step.kind === StepKind.STEP_KIND_APPLICANT;

  const texts: [LineStyle, string][] = [
    ["name", name],
    ["role", isApplicants ? picture.heldBy(role) : role],
    ["limit", step.limit === undefined ? picture.limitUnknown : limit(step.limit)],
  ];
  if (step.limitIfVerified) texts.push(["detail", picture.ifVerified(limit(step.limitIfVerified))]);
  if (step.publicPosting) texts.push(["detail", picture.posting(limit(step.publicPosting))]);
  if (step.internalSteps.length > 0) texts.push(["detail", picture.internalSteps(step.internalSteps.length)]);
  if (copies.size > 0) texts.push(["detail", picture.copies([...copies].map((to) => roles[to] ?? to).join(", "))]);
  if (step.clock === StepClock.STEP_CLOCK_OUTSIDE) texts.push(["clock", picture.outside]);
  if (step.clock === StepClock.STEP_CLOCK_PAUSED) texts.push(["clock", picture.paused]);
  if (step.deemedConsent) texts.push(["tag", picture.deemedConsent]);
  if (incoming.some((edge) => edge.optional)) texts.push(["tag", picture.optional]);
  if (incoming.some((edge) => edge.lead)) texts.push(["tag", picture.lead]);

  const lines: BoxLine[] = [];
  let y = 13;
  let before: LineStyle = "name";
  for (const [style, text] of texts) {
    if (style !== before) y += spaceBefore[style];
    before = style;
    for (const line of wrapText(style === "name" ? text : capital(text), lineFaces[style], textWidthMax)) {
      y += lineHeights[style];
      lines.push({ text: line, style, x: paddingX, baseline: y - 4 });
    }
  }
  // Even, so that middles of boxes lie level.
  const height = 2 * Math.ceil(Math.max(y + 11, 30 + 18 * portsMax) / 2);
  const parts = step.internalSteps.map(
    (part) => `• ${localName(part.name, locale)}${part.limit === undefined ? "" : `: ${limit(part.limit)}`}`,
  );
  return { step, number, lines, height, tooltip: [name, ...parts].join("\n") };
}

function capital(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("");
}
