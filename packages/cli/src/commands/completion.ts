import { isAlive } from "@lienthong/chassis/process-alive";
import type { Command } from "commander";
import { readRunFile } from "../bus/run-file.ts";
import type { CommandContext } from "../command-context.ts";
import { type Candidate, type Completion, completeWords } from "../completion/complete-words.ts";
import { completionScript, filesMarker, type Shell } from "../completion/completion-scripts.ts";

/** `completion SHELL` */
export async function completion(context: CommandContext, shell: string): Promise<void> {
  context.print(completionScript(shell as Shell).trimEnd());
}

/** `complete -- WORDS…`: what fits at the place of the last word, for the scripts. Never says anything else, and never fails. */
export async function complete(context: CommandContext, program: Command, words: readonly string[]): Promise<void> {
  const found = completeWords(program, words);
  if (found.kind === "files") {
    context.print(filesMarker);
    return;
  }
  const candidates = found.kind === "words" ? found.candidates : await askBus(context, words, found);
  const lines = candidates.map(({ value, meaning }) => (meaning === "" ? value : `${value}\t${oneLine(meaning)}`));
  if (lines.length > 0) context.print(lines.join("\n"));
}

/** Names from the bus that runs on the data folder of the line; nothing where none runs or answers in time. */
async function askBus(
  context: CommandContext,
  words: readonly string[],
  { what, prefix, typed }: Extract<Completion, { kind: "ask" }>,
): Promise<readonly Candidate[]> {
  try {
    const run = await readRunFile(optionIn(words, "--data") ?? context.options.data, context.messages);
    if (!isAlive(run.pid)) return [];
    const { namesOfBus } = await import("../completion/names-of-bus.ts");
    const [agency = ""] = (optionIn(words, "--as") ?? "").split("/", 1);
    const candidates = await namesOfBus(run, what, typed, agency);
    return candidates.map(({ value, meaning }) => ({ value: prefix + value, meaning }));
  } catch {
    return [];
  }
}

function optionIn(words: readonly string[], flag: string): string | undefined {
  const at = words.indexOf(flag);
  if (at >= 0 && at < words.length - 1) return words[at + 1];
  return words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
}

function oneLine(text: string): string {
  return text.normalize("NFC").replaceAll(/\s+/g, " ");
}
