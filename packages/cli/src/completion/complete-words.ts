import type { Command, Option } from "commander";

/** Something that can stand at the place of the last word. */
export interface Candidate {
  readonly value: string;
  /** What it means, for shells that show it; empty: nothing to say. */
  readonly meaning: string;
}

/** What can stand at the place of the last word: known here, names of files, or names that only a running bus knows. */
export type Completion =
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] }
  | { readonly kind: "files" }
  | { readonly kind: "ask"; readonly what: AskedNames; readonly prefix: string; readonly typed: string };

/** Names that only a running bus knows. */
export type AskedNames = "agencies" | "systems" | "procedures" | "units";

/** What values of these names are: "--to <RECEIVER>". */
const askedBy: Readonly<Record<string, AskedNames>> = {
  AGENCY: "agencies",
  RECEIVER: "agencies",
  EDGE: "agencies",
  SYSTEM: "systems",
  PROCEDURE: "procedures",
  UNIT: "units",
};
const fileNames: ReadonlySet<string> = new Set(["FILE", "DIR", "REQUEST", "APPROVAL"]);

/** Where the words before the last one lead. */
interface Place {
  readonly command: Command;
  /** Option that waits for its value. */
  readonly option: Option | null;
  /** Arguments given to the command. */
  readonly given: number;
  readonly options: ReadonlySet<string>;
}

/** What fits at the place of the last word, which may be empty or begun. Of the line without the program's name. */
export function completeWords(program: Command, words: readonly string[]): Completion {
  const last = words.at(-1) ?? "";
  const place = placeAfter(program, words.slice(0, -1));
  if (place === null) return none;
  const { command, option } = place;
  const assigned = /^(--[^=]+)=(.*)$/s.exec(last);
  if (assigned !== null) {
    const [, flag = "", typed = ""] = assigned;
    const named = optionOf(command, flag);
    return named === undefined ? none : valuesOf(named.argChoices, valueName(named.flags), `${flag}=`, typed);
  }
  if (option !== null && !(option.variadic && last.startsWith("-"))) {
    return valuesOf(option.argChoices, valueName(option.flags), "", last);
  }
  if (last.startsWith("-")) return options(place, last);
  if (command.commands.length > 0) {
    const candidates = command.commands
      .filter((child) => !isHidden(child))
      .map((child) => ({ value: child.name(), meaning: child.description() }));
    return fitting(candidates, last);
  }
  const taken = command.registeredArguments;
  const argument = taken[place.given] ?? (taken.at(-1)?.variadic === true ? taken.at(-1) : undefined);
  return argument === undefined ? none : valuesOf(argument.argChoices, argument.name(), "", last);
}

const none: Completion = { kind: "words", candidates: [] };

function fitting(candidates: readonly Candidate[], typed: string): Completion {
  return { kind: "words", candidates: candidates.filter(({ value }) => value.startsWith(typed)) };
}

function valuesOf(choices: readonly string[] | undefined, name: string, prefix: string, typed: string): Completion {
  if (choices !== undefined) {
    return fitting(
      choices.map((choice) => ({ value: prefix + choice, meaning: "" })),
      prefix + typed,
    );
  }
  if (fileNames.has(name)) return { kind: "files" };
  const what = askedBy[name];
  if (what === undefined) return none;
  // "EDGE=AGENCY": the edge is in the dossier's route, the agency is known to the bus.
  if (name === "EDGE") {
    const equals = typed.indexOf("=");
    if (equals < 0) return none;
    return { kind: "ask", what, prefix: prefix + typed.slice(0, equals + 1), typed: typed.slice(equals + 1) };
  }
  return { kind: "ask", what, prefix, typed };
}

/** "FILE" of "-o, --output <FILE>". */
function valueName(flags: string): string {
  return /[<[]([^\]>.]+)/.exec(flags)?.[1] ?? "";
}

function options({ command, options: given }: Place, typed: string): Completion {
  const candidates = lineage(command)
    .flatMap((each) => each.options)
    .filter((option) => !option.hidden && option.long !== undefined && option.long !== null)
    .filter((option) => isRepeatable(option) || !given.has(option.long ?? ""))
    .map((option) => ({ value: option.long ?? "", meaning: option.description }));
  return fitting([...candidates, { value: "--help", meaning: "" }], typed);
}

function isRepeatable(option: Option): boolean {
  return option.variadic || option.parseArg !== undefined;
}

/** Null where a word before is no command: then nothing fits. */
function placeAfter(program: Command, words: readonly string[]): Place | null {
  let command = program;
  let option: Option | null = null;
  let given = 0;
  let onlyArguments = false;
  const used = new Set<string>();
  for (const word of words) {
    const isFlag = !onlyArguments && word.startsWith("-") && word !== "-";
    if (option !== null && !isFlag) {
      if (!option.variadic) option = null;
    } else if (word === "--" && !onlyArguments) {
      onlyArguments = true;
      option = null;
    } else if (isFlag) {
      const named = optionOf(command, word.split("=", 1)[0] ?? word);
      if (named?.long !== undefined && named.long !== null) used.add(named.long);
      option = named !== undefined && (named.required || named.optional) && !word.includes("=") ? named : null;
    } else {
      const child = command.commands.find((each) => each.name() === word);
      if (child !== undefined) command = child;
      else if (command.commands.length > 0) return null;
      else given += 1;
    }
  }
  return { command, option, given, options: used };
}

function optionOf(command: Command, flag: string): Option | undefined {
  return lineage(command)
    .flatMap((each) => each.options)
    .find((option) => option.long === flag || option.short === flag);
}

/** The command and those above it, whose options it takes as well. */
function lineage(command: Command): Command[] {
  const all: Command[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) all.push(at);
  return all;
}

function isHidden(command: Command): boolean {
  return (command as Command & { readonly _hidden?: boolean })._hidden === true;
}
