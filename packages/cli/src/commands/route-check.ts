import { readFile } from "node:fs/promises";
import { explainRoute, formatPath, formatRouteProblem, parseRouteFile } from "@lienthong/route";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { wrapIndented } from "./procedure.ts";

/** `route check FILE`: needs no bus. Ends with exit code 1 when the file has problems. */
export async function routeCheck(context: CommandContext, file: string): Promise<void> {
  const { messages, language, columns, style } = context;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw usageError(messages.usage.fileUnreadable(file, code));
  }
  const parsed = parseRouteFile(text, file);
  const problems = parsed.ok ? [] : parsed.problems;
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
