import type { CliIo } from "./cli-io.ts";
import { columnsWithoutTerminal } from "./cli-io.ts";
import type { Language } from "./messages/language.ts";
import { messagesIn } from "./messages/language.ts";
import type { Messages } from "./messages/messages.ts";
import { createStyle, type Style } from "./render/style.ts";
import { wrapText } from "./render/text-width.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly data: string;
  readonly as?: string;
  readonly key?: string;
  readonly system?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

/** What a command works with. */
export interface CommandContext {
  readonly options: GlobalOptions;
  readonly language: Language;
  readonly messages: Messages;
  readonly style: Style;
  readonly color: boolean;
  readonly columns: number;
  readonly json: boolean;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** A result, to stdout; a newline is added. */
  print(text: string): void;
  /** A result as JSON, one line; instants are RFC 3339, bytes hexadecimal, big numbers numbers. */
  printJson(value: unknown): void;
  /** Where progress is shown on stderr; `live` where a line can be rewritten in place. */
  readonly progress: { readonly live: boolean; write(text: string): void };
  /** Something said along the way, to stderr; silent with --json. */
  talk(text: string): void;
}

export function createContext(
  io: CliIo,
  options: GlobalOptions,
  language: Language,
  signal: AbortSignal,
): CommandContext {
  const color = options.color && !io.env.NO_COLOR && io.colorful;
  const columns = io.columns ?? columnsWithoutTerminal;
  const json = options.json === true;
  return {
    options,
    language,
    messages: messagesIn(language),
    style: createStyle(color),
    color,
    columns,
    json,
    signal,
    print: (text) => void io.stdout.write(`${text}\n`),
    printJson: (value) => void io.stdout.write(`${JSON.stringify(value)}\n`),
    progress: { live: io.stderrIsTerminal, write: (text) => void io.stderr.write(text) },
    talk(text) {
      if (!json) io.stderr.write(`${wrapText(text, columns).join("\n")}\n`);
    },
  };
}
