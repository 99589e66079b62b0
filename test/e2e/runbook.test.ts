// Every alarm that the code can raise stands in docs/runbook.md with its meaning and what to do.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runbook = plain(readFileSync(join(root, "docs/runbook.md"), "utf8"));

/** Calls that end in a line at error level or in a state that only a person can end. What they say is their longest fixed text. */
const alarmCalls = /\b(?:logger\??\.(?:error|fatal)|(?:guard|#guard)\.stop|logStopped|this\.#stop|throw stop|alarm)\(/g;

interface Alarm {
  readonly place: string;
  readonly text: string;
}

function sources(): string[] {
  return ["packages", "services"].flatMap((top) =>
    readdirSync(join(root, top), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => {
        const folder = join(root, top, name, "src");
        try {
          return (readdirSync(folder, { recursive: true }) as string[])
            .filter((path) => path.endsWith(".ts"))
            .map((path) => join(folder, path));
        } catch {
          return []; // not a package of TypeScript
        }
      }),
  );
}

/** The arguments of a call, up to its closing parenthesis. */
function argumentsAt(text: string, start: number): string {
  let depth = 1;
  let quote = "";
  for (let at = start; at < text.length; at++) {
    const letter = text[at] as string;
    if (quote !== "") {
      if (letter === "\\") at += 1;
      else if (letter === quote) quote = "";
    } else if (letter === '"' || letter === "'" || letter === "`") quote = letter;
    else if (letter === "(") depth += 1;
    else if (letter === ")" && --depth === 0) return text.slice(start, at);
  }
  return text.slice(start);
}

/** The longest piece of fixed text among the literals of some code; null if there is none. */
function fixedText(code: string): string | null {
  const literals = code.match(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
  const pieces = literals
    .flatMap((literal) => literal.slice(1, -1).split(/\$\{[^}]*\}/))
    .map((piece) => plain(piece).trim())
    .filter((piece) => piece.includes(" "));
  return pieces.sort((a, b) => b.length - a.length)[0] ?? null;
}

function plain(text: string): string {
  return text.replaceAll("\\'", "'").replaceAll(/\s+/g, " ");
}

function alarms(): Alarm[] {
  const found: Alarm[] = [];
  for (const path of sources()) {
    const text = readFileSync(path, "utf8");
    for (const match of text.matchAll(alarmCalls)) {
      const said = fixedText(argumentsAt(text, match.index + match[0].length));
      // What is passed on was said where it arose, which is another of these calls.
      if (said === null) continue;
      const line = text.slice(0, match.index).split("\n").length;
      found.push({ place: `${relative(root, path)}:${line}`, text: said });
    }
  }
  return found;
}

describe("docs/runbook.md", () => {
  test("has a row for every alarm in the code", () => {
    const all = alarms();
    expect(all.length).toBeGreaterThan(40);
    expect(all.filter(({ text }) => !runbook.includes(text)).map(({ place, text }) => `${place}  ${text}`)).toEqual([]);
  });

  test("tells what to do: every row of its tables has as many cells as the heading, and none is empty", () => {
    const rows = readFileSync(join(root, "docs/runbook.md"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"));
    const odd = rows.filter((row) => {
      const cells = row.split(/(?<!\\)\|/).slice(1, -1);
      return cells.length !== 3 || cells.some((cell) => cell.trim() === "");
    });
    expect(odd).toEqual([]);
  });

  test("names only commands that there are", async () => {
    const { examples } = await import("../../packages/cli/src/examples.ts");
    const named = [
      ...readFileSync(join(root, "docs/runbook.md"), "utf8").matchAll(/`lienthong ([a-z]+)(?: ([a-z]+))?/g),
    ];
    const known = Object.keys(examples);
    const unknown = named.filter(([, first = "", second = ""]) => {
      const hasMore = known.some((path) => path.startsWith(`${first} `));
      return !known.includes(first) || (hasMore && second !== "" && !known.includes(`${first} ${second}`));
    });
    expect(unknown.map(([text]) => text)).toEqual([]);
  });
});
