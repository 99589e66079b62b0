import { writeFile } from "node:fs/promises";
import { readTextFile } from "@lienthong/chassis/read-text-file";
import { drawRoute, explainRoute, formatPath, formatRouteProblem, parseRouteFile } from "@lienthong/route";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { wrapIndented } from "./procedure.ts";

const pictureWords = {
  vi: {
    written: (path: string) => `Đã vẽ quy trình vào ${path}.`,
    unwritable: (path: string, why: string) => `Không ghi được ${path} (${why}); hãy chọn tệp khác cho --svg.`,
  },
  en: {
    written: (path: string) => `The route is drawn in ${path}.`,
    unwritable: (path: string, why: string) => `${path} cannot be written (${why}); name another file with --svg.`,
  },
} as const;

/** What `route check` may be told. */
interface RouteCheckOptions {
  /** Where the picture goes, in the language of the command; an existing file is replaced. */
  readonly svg?: string;
}

/**
 * `route check FILE [--svg OUT.svg]`: needs no bus. Ends with exit code 1 when the file has problems; then no picture is written.
 */
export async function routeCheck(
  context: CommandContext,
  file: string,
  options: RouteCheckOptions = {},
): Promise<void> {
  const { messages, language, columns, style } = context;
  let text: string;
  try {
    text = await readTextFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw usageError(messages.usage.fileUnreadable(file, code));
  }
  const parsed = parseRouteFile(text, file);
  const problems = parsed.ok ? [] : parsed.problems;
  if (parsed.ok && options.svg !== undefined) {
    try {
      await writeFile(options.svg, drawRoute(parsed.route, language));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      throw usageError(pictureWords[language].unwritable(options.svg, code));
    }
    context.talk(pictureWords[language].written(options.svg));
  }
  if (context.json) {
    context.printJson({
      file,
      ok: parsed.ok,
      route: parsed.ok
        ? { id: parsed.route.id, version: parsed.route.version, procedure: parsed.route.procedure }
        : null,
      problems: problems.map(({ code, path, message, place }) => ({
        code,
        path: formatPath(path),
        line: place?.line ?? null,
        column: place?.column ?? null,
        message,
      })),
    });
  } else if (parsed.ok) {
    context.print(
      [
        style.good(messages.route.fine(file)),
        "",
        ...wrapIndented(explainRoute(parsed.route, language).trimEnd(), columns),
      ].join("\n"),
    );
  } else {
    // One line each, never wrapped: editors and scripts read file:line:column.
    for (const problem of problems) context.print(formatRouteProblem(problem));
  }
  if (!parsed.ok) throw new CliError(EXIT.refused, messages.route.problems(problems.length, file));
}
