import type { EnumWords } from "../enum-words.ts";
import { usageError } from "../exit-codes.ts";
import type { Messages } from "../messages/messages.ts";

/** The value of an enum that a word stands for. Throws wrong usage with the words allowed. */
export function wordValue<Value extends number>(
  option: string,
  word: string,
  words: EnumWords,
  messages: Messages,
): Value {
  const value = words.valueOf(word);
  if (value === undefined) throw usageError(messages.usage.valueNotAllowed(option, word, words.words.join(", ")));
  return value as Value;
}

/** A whole number of an option. Throws wrong usage. */
export function wholeNumber(option: string, text: string, messages: Messages): number {
  if (!/^\d{1,15}$/.test(text))
    throw usageError(messages.usage.valueNotAllowed(option, text, messages.usage.wholeNumber));
  return Number(text);
}

/** A day of an option. Throws wrong usage. */
export function day(option: string, text: string, messages: Messages): string {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text) {
    throw usageError(messages.usage.valueNotAllowed(option, text, messages.usage.day));
  }
  return text;
}
