/** What a picture says, read back from its text by other means than those that drew it. */

export interface Node {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (Node | string)[];
}

/** Reads XML of elements, attributes and text; throws where it is not well formed. */
export function readXml(text: string): Node {
  const root = { name: "", attributes: new Map<string, string>(), children: [] as (Node | string)[] };
  const open = [root];
  const token = /<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (found === null) throw new Error(`not XML at ${at}: ${text.slice(at, at + 60)}`);
    const [, closing, name = "", attributes = "", empty, words] = found;
    const parent = open.at(-1)!;
    if (words !== undefined) parent.children.push(unescaped(words));
    else if (closing === "/") {
      if (open.length < 2 || parent.name !== name) throw new Error(`</${name}> closes <${parent.name}>`);
      open.pop();
    } else {
      const entries = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(
        ([, key = "", value = ""]) => [key, unescaped(value)] as const,
      );
      if (new Set(entries.map(([key]) => key)).size !== entries.length)
        throw new Error(`<${name}> repeats an attribute`);
      const node = { name, attributes: new Map(entries), children: [] };
      parent.children.push(node);
      if (empty !== "/") open.push(node);
    }
  }
  const [element, ...more] = root.children.filter((child) => typeof child !== "string" || child.trim() !== "");
  if (open.length !== 1 || element === undefined || typeof element === "string" || more.length > 0) {
    throw new Error("a document is one element");
  }
  return element;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write them
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text)) throw new Error("a control character");
  return text.replace(/&([^;\s]{0,8};)?/g, (_, entity: string | undefined) => {
    const meant = entities[entity?.slice(0, -1) ?? ""];
    if (meant === undefined) throw new Error(`"&${entity ?? ""}" is no entity`);
    return meant;
  });
}

export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children) if (typeof child !== "string") yield* nodesOf(child);
}

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface ReadPicture {
  readonly width: number;
  readonly height: number;
  /** By step id, in the order drawn. */
  readonly boxes: readonly (readonly [string, Rectangle])[];
  /** Lines of text by step id. */
  readonly lines: readonly {
    readonly step: string;
    readonly text: string;
    readonly x: number;
    readonly y: number;
    readonly kind: string;
  }[];
  /** Points along each edge, by edge id, in the order drawn. */
  readonly edges: readonly (readonly [string, readonly { readonly x: number; readonly y: number }[]])[];
  readonly forks: readonly string[];
  readonly joins: readonly string[];
  /** All words that are shown. */
  readonly words: string;
}

/** The parts of a picture; boxes and edges in the coordinates of its graph, whose origin is `offset` in the page. */
export function readPicture(
  svg: string,
): ReadPicture & { readonly offset: { readonly x: number; readonly y: number } } {
  const root = readXml(svg);
  const graph = [...nodesOf(root)].find(({ attributes }) => attributes.get("class") === "graph")!;
  const [x = 0, y = 0] = (graph.attributes.get("transform")?.match(/[\d.]+/g) ?? []).map(Number);
  const number = (node: Node, key: string) => Number(node.attributes.get(key));
  const steps = [...nodesOf(graph)].filter(({ attributes }) => attributes.has("data-step"));
  const marked = (key: string) => [...nodesOf(graph)].flatMap(({ attributes }) => attributes.get(key) ?? []);
  return {
    width: number(root, "width"),
    height: number(root, "height"),
    offset: { x, y },
    boxes: steps.map((step) => {
      const box = [...nodesOf(step)].find(({ attributes }) => attributes.get("class") === "box")!;
      const [left, top] = [number(box, "x"), number(box, "y")];
      return [
        step.attributes.get("data-step")!,
        { left, top, right: left + number(box, "width"), bottom: top + number(box, "height") },
      ] as const;
    }),
    lines: steps.flatMap((step) =>
      [...nodesOf(step)]
        .filter(({ name }) => name === "text")
        .map((line) => ({
          step: step.attributes.get("data-step")!,
          text: line.children.join(""),
          x: number(line, "x"),
          y: number(line, "y"),
          kind: line.attributes.get("class")!,
        })),
    ),
    edges: [...nodesOf(graph)]
      .filter(({ attributes }) => attributes.has("data-edge"))
      .map(({ attributes }) => [attributes.get("data-edge")!, pointsAlong(attributes.get("d")!)] as const),
    forks: marked("data-fork"),
    joins: marked("data-join"),
    words: [...nodesOf(root)]
      .filter(({ name }) => name === "text")
      .map(({ children }) => children.join(""))
      .join("\n"),
  };
}

/** Points along a path of M, L, Q and C, close enough to meet every box that it crosses. */
function pointsAlong(path: string): { x: number; y: number }[] {
  const points: { x: number; y: number }[] = [];
  for (const [, command, rest = ""] of path.matchAll(/([MLQC])([^MLQC]*)/g)) {
    const numbers = (rest.match(/-?[\d.]+/g) ?? []).map(Number);
    const given = Array.from({ length: numbers.length / 2 }, (_, at) => ({
      x: numbers[2 * at]!,
      y: numbers[2 * at + 1]!,
    }));
    if (command === "M") {
      points.push(given[0]!);
      continue;
    }
    const controls = [points.at(-1)!, ...given];
    for (let step = 1; step <= 40; step++) points.push(bezier(controls, step / 40));
  }
  return points;
}

function bezier(controls: readonly { x: number; y: number }[], t: number): { x: number; y: number } {
  if (controls.length === 1) return controls[0]!;
  return bezier(
    controls.slice(1).map((to, at) => {
      const from = controls[at]!;
      return { x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * t };
    }),
    t,
  );
}
