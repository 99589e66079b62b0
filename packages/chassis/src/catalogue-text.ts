const OPTIONAL_PART = /\[([^[\]]*)\]/g;
const PLACEHOLDER = /\{([a-zA-Z]+)\}/g;

/** The placeholders that a text names, sorted, each once. */
export function placeholdersOf(text: string): string[] {
  return [...new Set([...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? ""))].sort();
}

/** Fills a catalogue text: a [part] with a {placeholder} that has no value is left out, so that it always reads as a sentence. */
export function fillText(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text
    .replace(OPTIONAL_PART, (_whole, part: string) =>
      placeholdersOf(part).every((name) => (values[name] ?? "") !== "") ? part : "",
    )
    .replace(PLACEHOLDER, (_whole, name: string) => values[name] ?? "");
}
