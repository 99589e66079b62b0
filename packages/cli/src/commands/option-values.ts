import { type Timestamp, timestampFromIso } from "@lienthong/chassis/timestamp";
import type { OfficeRef } from "@lienthong/client";
import type { EnumWords } from "../enum-words.ts";
import { usageError } from "../exit-codes.ts";
import type { Messages, Words } from "../messages/messages.ts";

/** The value of an enum that a word stands for. Throws wrong usage with the words allowed and what they mean. */
export function wordValue<Value extends number>(
  option: string,
  word: string,
  words: EnumWords,
  messages: Messages,
  meanings: Words = {},
): Value {
  const value = words.valueOf(word);
  if (value !== undefined) return value as Value;
  const width = Math.max(...words.words.map((each) => each.length)) + 2;
  const meaningOf = (each: string) => meanings[each.toUpperCase().replaceAll("-", "_")] ?? "";
  const lines = words.words.map((each) => `  ${each.padEnd(width)}${meaningOf(each)}`.trimEnd());
  throw usageError([messages.usage.wordNotAllowed(option, word), ...lines].join("\n"));
}

/** An instant of an option, RFC 3339. Throws wrong usage. */
export function instant(option: string, text: string, { usage }: Messages): Timestamp {
  try {
    return timestampFromIso(text);
  } catch {
    throw usageError(usage.valueNotAllowed(option, text, usage.instant));
  }
}

/** A date that something is due: an instant, or a day, whose end in Việt Nam is meant. Throws wrong usage. */
export function dueTime(option: string, text: string, messages: Messages): Timestamp {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) {
    try {
      return timestampFromIso(text);
    } catch {
      throw usageError(messages.usage.valueNotAllowed(option, text, messages.usage.dayOrInstant));
    }
  }
  return timestampFromIso(`${day(option, text, messages)}T23:59:59+07:00`);
}

/** The one option of several that was given. Throws wrong usage when none or several were. */
export function exactlyOne<Name extends string>(given: Readonly<Record<Name, unknown>>, { usage }: Messages): Name {
  const names = Object.keys(given) as Name[];
  const [only, ...others] = names.filter((name) => given[name] !== undefined && given[name] !== false);
  if (only === undefined || others.length > 0)
    throw usageError(usage.oneOf(names.map((name) => `--${name}`).join(", ")));
  return only;
}

/** An office "AGENCY" or "AGENCY/UNIT". */
export function officeRef(text: string): Required<OfficeRef> {
  const [agency = "", unit = ""] = text.split("/", 2);
  return { agency, unit };
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
