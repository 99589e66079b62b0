import { en } from "./en.ts";
import type { Messages } from "./messages.ts";
import { vi } from "./vi.ts";

/** Languages that the command speaks. Names of offices and steps are Vietnamese in both. */
export type Language = "vi" | "en";

const catalogues: Readonly<Record<Language, Messages>> = { vi, en };

export function messagesIn(language: Language): Messages {
  return catalogues[language];
}

/**
 * The language to speak: `--lang` where given, else Vietnamese if the environment says so, else English. Looked up before options are
 * parsed, because help and usage errors are in it as well.
 */
export function languageOf(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Language {
  for (const [index, argument] of argv.entries()) {
    if (argument === "--") break;
    const given = argument === "--lang" ? argv[index + 1] : /^--lang=(.*)$/.exec(argument)?.[1];
    if (given === "vi" || given === "en") return given;
  }
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || "";
  return /^vi(_|\.|$)/i.test(locale) ? "vi" : "en";
}
