const OPTIONAL_PART = /\[([^[\]]*)\]/g;
const SLOT = /\{([a-zA-Z]+)\}/g;

/** The slots that a text names, sorted, each once. */
export function slotsOf(text: string): string[] {
  return [...new Set([...text.matchAll(SLOT)].map((match) => match[1] ?? ""))].sort();
}

/** Fills a catalogue text: a [part] with a {slot} that has no value is left out, so that it always reads as a sentence. */
export function fillText(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text
    .replace(OPTIONAL_PART, (_whole, part: string) =>
      slotsOf(part).every((name) => (values[name] ?? "") !== "") ? part : "",
    )
    .replace(SLOT, (_whole, name: string) => values[name] ?? "");
}
