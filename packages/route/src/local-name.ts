import type { LocalizedText } from "@lienthong/contracts/registry/v1/envelope";

export type RouteLocale = "vi" | "en";

/** A name in a language; without an English translation the Vietnamese one. */
export function localName(name: LocalizedText | undefined, locale: RouteLocale): string {
  if (name === undefined) return "?";
  return locale === "en" && name.en !== "" ? name.en : name.vi;
}
