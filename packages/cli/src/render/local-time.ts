import { LOCAL_OFFSET_MS, type Timestamp, timestampToMs } from "@lienthong/chassis/timestamp";
import type { Language } from "../messages/language.ts";

/** An instant in Việt Nam's local time: "05/05/2025 08:00" or "2025-05-05 08:00"; empty if there is none. */
export function localTime(timestamp: Timestamp | undefined, language: Language): string {
  if (timestamp === undefined) return "";
  const iso = new Date(timestampToMs(timestamp) + LOCAL_OFFSET_MS).toISOString();
  return `${localDay(iso.slice(0, 10), language)} ${iso.slice(11, 16)}`;
}

/** A day "YYYY-MM-DD" as it is written in the language. */
export function localDay(day: string, language: Language): string {
  if (language === "en") return day;
  const [year, month, date] = day.split("-");
  return `${date}/${month}/${year}`;
}

/** A date that something is due: the day alone where the day's end is meant, as `endOfDay` writes it. */
export function localDue(timestamp: Timestamp | undefined, language: Language): string {
  const time = localTime(timestamp, language);
  return time.endsWith(" 23:59") ? time.slice(0, -" 23:59".length) : time;
}
