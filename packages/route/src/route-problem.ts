/** Where a value stands in a route: field names as in the contract (snake_case) and positions from 0. */
export type RoutePath = readonly (string | number)[];

/** What is wrong. Stable, so that programs can branch on it; people read `message`. */
export type RouteProblemCode =
  // The file as such.
  | "FILE_TOO_LARGE"
  | "YAML_SYNTAX"
  | "YAML_DUPLICATE_KEY"
  | "YAML_ALIAS"
  | "KEY_UNKNOWN"
  | "VALUE_MISSING"
  | "VALUE_NOT_ALLOWED"
  // Identifiers and references.
  | "STEP_ID_DUPLICATE"
  | "EDGE_ID_DUPLICATE"
  | "APPOINTMENT_DUPLICATE"
  | "EDGE_STEP_UNKNOWN"
  | "EDGE_TO_ITSELF"
  // Ways through the graph.
  | "START_MISSING"
  | "END_MISSING"
  | "END_UNREACHABLE"
  | "STEP_UNREACHABLE"
  | "STEP_DEAD_END"
  | "FORWARD_CYCLE"
  | "BACK_EDGE_NOT_BACK"
  | "BACK_EDGE_CROSSES_FORK"
  // Consultations.
  | "CONSULT_EDGE_TARGET"
  | "CONSULT_STEP_ENTRY"
  | "CONSULT_STEP_EXIT"
  | "CONSULT_STEP_FLAG"
  | "DEEMED_CONSENT_WITHOUT_LIMIT"
  // Forks and joins.
  | "FORK_EDGE_KIND"
  | "FORK_LEAVES_SEVERAL_STEPS"
  | "FORK_TOO_FEW_EDGES"
  | "FORK_ALL_OPTIONAL"
  | "FORK_SEVERAL_LEADS"
  | "OPTIONAL_WITHOUT_FORK"
  | "LEAD_WITHOUT_FORK"
  | "FORK_NOT_JOINED"
  | "FORK_JOINED_TWICE"
  | "JOIN_UNKNOWN_FORK"
  | "BRANCH_MISSES_JOIN"
  | "END_INSIDE_FORK"
  | "START_INSIDE_FORK"
  | "FORK_ENTERED_FROM_OUTSIDE"
  | "JOIN_ENTERED_FROM_OUTSIDE"
  | "FORKS_CROSS";

/** One thing that is wrong with a route. */
export interface RouteProblem {
  readonly code: RouteProblemCode;
  readonly path: RoutePath;
  /** Ids of the steps and edges, and names of the forks, that it concerns. */
  readonly elements: readonly string[];
  /** What was found and what is allowed. */
  readonly message: string;
  /** Only for routes that come from a file; line and column count from 1. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
}

/** A key that can stand in a path as it is: anything else might be invisible, or look like two keys. */
const plainKey = /^[\p{L}\p{N}_-]+$/u;

/** `["steps", 2, "role"]` as `steps[2].role`; keys of other characters in quotation marks, `steps[2]["a b"]`. */
export function formatPath(path: RoutePath): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (!plainKey.test(segment)) text += `[${showValue(segment)}]`;
    else text += text === "" ? segment : `.${segment}`;
  }
  return text === "" ? "route" : text;
}

/** One line for people: place, path, what was found, what is allowed. */
export function formatRouteProblem(problem: RouteProblem): string {
  const where = problem.place ? `${problem.place.file}:${problem.place.line}:${problem.place.column} ` : "";
  return `${where}${formatPath(problem.path)}: ${problem.message}`;
}

/** A value as a problem shows it: short, and never more than one line. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
