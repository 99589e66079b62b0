import type { RouteRecord } from "@lienthong/contracts/registry/v1/route";
import { type Document, isCollection, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { checkFields } from "./check-fields.ts";
import { checkGraph } from "./check-graph.ts";
import { recordOfRouteFile } from "./route-file-record.ts";
import { allowedAt, keysAllowedAt, routeFileSchema } from "./route-file-schema.ts";
import { formatPath, type RoutePath, type RouteProblem, type RouteProblemCode, showValue } from "./route-problem.ts";

/** Far above the largest route the bounds allow; keeps a stray file from being parsed for seconds. */
export const ROUTE_FILE_CHARACTERS_MAX = 1_000_000;

export type ParsedRouteFile =
  | { readonly ok: true; readonly route: RouteRecord }
  | { readonly ok: false; readonly problems: RouteProblem[] };

/**
 * Reads a route file. Either the route is whole and `checkRoute` finds nothing in it, or every problem is reported, in the order
 * of the file: syntax, unknown or repeated keys, values, and the graph as far as it can be told.
 */
export function parseRouteFile(text: string, fileName: string): ParsedRouteFile {
  if (text.length > ROUTE_FILE_CHARACTERS_MAX) {
    const message = `the file has ${text.length} characters; a route file has at most ${ROUTE_FILE_CHARACTERS_MAX}`;
    const place = { file: fileName, line: 1, column: 1 };
    return { ok: false, problems: [{ code: "FILE_TOO_LARGE", path: [], elements: [], message, place }] };
  }
  const file = new RouteFile(text, fileName);
  file.checkYaml();
  if (file.readable) {
    const value: unknown = file.document.toJS();
    file.checkShape(value);
    if (isMap(file.document.contents)) file.checkRecord(recordOfRouteFile(value));
    if (file.problems.length === 0) return { ok: true, route: recordOfRouteFile(value) };
  }
  return { ok: false, problems: file.inOrder() };
}

/** Keys whose value decides how the graph looks; while one of them is wrong, graph problems would only be its echo. */
const graphKeys = new Set([
  "steps",
  "edges",
  "id",
  "from",
  "to",
  "kind",
  "fork",
  "start",
  "end",
  "joins_fork",
  "optional",
]);

class RouteFile {
  readonly problems: RouteProblem[] = [];
  readonly document: Document.Parsed;
  readable = true;
  readonly #fileName: string;
  readonly #text: string;
  readonly #lines = new LineCounter();

  constructor(text: string, fileName: string) {
    this.#fileName = fileName;
    this.#text = text;
    this.document = parseDocument(text, {
      version: "1.2",
      schema: "core",
      strict: true,
      uniqueKeys: true,
      stringKeys: true,
      prettyErrors: false,
      lineCounter: this.#lines,
    });
  }

  checkYaml(): void {
    for (const error of [...this.document.errors, ...this.document.warnings]) {
      const [from] = error.pos;
      if (error.code === "DUPLICATE_KEY") {
        // A repeated key leaves a document that can be read on; any other syntax error leaves guesses.
        const key = /^[^\s:]*/.exec(this.#text.slice(from))?.[0] ?? "";
        this.reportAt(
          from,
          "YAML_DUPLICATE_KEY",
          [],
          `the key ${showValue(key)} is written twice in one mapping; keep one`,
        );
        continue;
      }
      this.readable = false;
      const message =
        error.code === "MULTIPLE_DOCS" ? "a second document begins; a route file is one" : firstLine(error.message);
      this.reportAt(from, "YAML_SYNTAX", [], `not valid YAML 1.2: ${message}`);
    }
    visit(this.document, {
      // What a name stands for elsewhere has two places, and neither is where an author would look.
      Alias: (_key, alias) => {
        this.readable = false;
        this.reportAt(
          alias.range?.[0] ?? 0,
          "YAML_ALIAS",
          [],
          `the alias "*${alias.source}" is not allowed; write the value out`,
        );
      },
    });
  }

  checkShape(value: unknown): void {
    const result = routeFileSchema.safeParse(value);
    for (const issue of result.error?.issues ?? []) this.reportIssue(issue, value);
  }

  private reportIssue(issue: z.core.$ZodIssue, value: unknown): void {
    const path = issue.path.filter((segment) => typeof segment !== "symbol");
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        this.report("KEY_UNKNOWN", [...path, key], `the key ${showValue(key)} is not known; ${keysAllowedAt(path)}`);
      }
      return;
    }
    const found = valueAt(value, path);
    if (found === undefined && path.length > 0) this.report("VALUE_MISSING", path, `is missing; ${allowedAt(path)}`);
    else this.report("VALUE_NOT_ALLOWED", path, `${showValue(found)} is not allowed; ${allowedAt(path)}`);
  }

  checkRecord(record: RouteRecord): void {
    const reported = this.problems.map(({ path }) => path).filter((path) => path.length > 0);
    const echoes = (path: RoutePath) => reported.some((other) => isWithin(path, other) || isWithin(other, path));
    const graphIsTold = this.problems.every(
      ({ path, code }) =>
        code !== "YAML_DUPLICATE_KEY" &&
        code !== "KEY_UNKNOWN" &&
        !graphKeys.has(String(path.findLast(isText) ?? "steps")),
    );
    const found = [...checkFields(record), ...(graphIsTold ? checkGraph(record) : [])];
    for (const problem of found) {
      const path = problem.path.map((segment) => (segment === "hundredths" ? "value" : segment));
      if (!echoes(path)) this.report(problem.code, path, problem.message, problem.elements);
    }
  }

  inOrder(): RouteProblem[] {
    return this.problems.sort(
      (a, b) =>
        a.place!.line - b.place!.line ||
        a.place!.column - b.place!.column ||
        compare(formatPath(a.path), formatPath(b.path)),
    );
  }

  private report(code: RouteProblemCode, path: RoutePath, message: string, elements: readonly string[] = []): void {
    this.reportAt(this.offsetOf(path, code === "KEY_UNKNOWN"), code, path, message, elements);
  }

  private reportAt(
    offset: number,
    code: RouteProblemCode,
    path: RoutePath,
    message: string,
    elements: readonly string[] = [],
  ): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({
      code,
      path,
      elements,
      message,
      place: { file: this.#fileName, line: Math.max(line, 1), column: Math.max(col, 1) },
    });
  }

  /** Offset of the value at a path, or of its key; if it is not there, of the nearest thing around it that is. */
  private offsetOf(path: RoutePath, ofKey: boolean): number {
    let node: unknown = this.document.contents;
    let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    for (const [at, segment] of path.entries()) {
      if (ofKey && at === path.length - 1 && isMap(node)) {
        const pair = node.items.find(({ key }) => (isScalar(key) ? key.value === segment : key === segment));
        return isNode(pair?.key) ? (pair.key.range?.[0] ?? offset) : offset;
      }
      node = isCollection(node) ? node.get(segment, true) : undefined;
      if (!isNode(node)) break;
      offset = node.range?.[0] ?? offset;
    }
    return offset;
  }
}

function isText(segment: string | number): segment is string {
  return typeof segment === "string";
}

function isWithin(path: RoutePath, outer: RoutePath): boolean {
  return outer.length <= path.length && outer.every((segment, at) => segment === path[at]);
}

function valueAt(value: unknown, path: RoutePath): unknown {
  let current = value;
  for (const segment of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[segment];
  }
  return current;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
