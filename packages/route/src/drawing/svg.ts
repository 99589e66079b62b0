/** Text as XML may hold it: escaped, and without the control characters XML 1.0 has no way to write. */
export function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are dropped
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replace(/&/g, "&amp;")
      .replace(/</g, "&lt;")
      .replace(/>/g, "&gt;")
      .replace(/"/g, "&quot;")
      .replace(/'/g, "&apos;")
  );
}

type Attributes = Readonly<Record<string, string | number>>;

/** An element. `content` is XML already. */
export function element(name: string, attributes: Attributes, content?: string): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? coordinate(value) : escapeXml(value)}"`)
    .join("");
  return content === undefined ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A text element; the text is escaped. */
export function textElement(text: string, attributes: Attributes): string {
  return element("text", attributes, escapeXml(text));
}

/** At most one decimal: pictures compare equal, and nobody sees a tenth of a pixel. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10 + 0);
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A path along points with horizontal and vertical legs, its corners rounded. */
export function roundedPath(points: readonly Point[], radiusMax: number): string {
  const first = points[0]!;
  let path = `M${pair(first)}`;
  for (let at = 1; at < points.length - 1; at++) {
    const [before, corner, after] = [points[at - 1]!, points[at]!, points[at + 1]!];
    const radius = Math.min(radiusMax, distance(before, corner) / 2, distance(corner, after) / 2);
    path += `L${pair(towards(corner, before, radius))}Q${pair(corner)} ${pair(towards(corner, after, radius))}`;
  }
  return `${path}L${pair(points.at(-1)!)}`;
}

/** A path through points, level at each of them. */
export function levelCurve(points: readonly Point[]): string {
  let path = `M${pair(points[0]!)}`;
  for (const [at, to] of points.slice(1).entries()) {
    const from = points[at]!;
    const middle = (from.x + to.x) / 2;
    path +=
      Math.abs(from.y - to.y) < 0.05
        ? `L${pair(to)}`
        : `C${pair({ x: middle, y: from.y })} ${pair({ x: middle, y: to.y })} ${pair(to)}`;
  }
  return path;
}

function pair({ x, y }: Point): string {
  return `${coordinate(x)} ${coordinate(y)}`;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to);
  if (length === 0) return from;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
}
