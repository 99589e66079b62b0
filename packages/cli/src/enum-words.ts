/** Names of an enum of the contract without their common prefix, and back: "INCOMPLETE" for REFUSAL_REASON_INCOMPLETE. */
export interface EnumWords {
  /** Name of a number; the number itself as text if this version does not know it. */
  nameOf(value: number): string;
  /** Value of a word as it is typed ("not-eligible"); undefined if there is none. */
  valueOf(word: string): number | undefined;
  /** Words that can be typed. */
  readonly words: readonly string[];
}

/** Leaves out what is refused everywhere: UNSPECIFIED, and what the generator adds for unknown numbers. */
export function enumWords(values: Readonly<Record<string, number>>, prefix: string): EnumWords {
  const names = new Map<number, string>();
  for (const [name, value] of Object.entries(values)) {
    if (value > 0) names.set(value, name.slice(prefix.length));
  }
  const byWord = new Map([...names].map(([value, name]) => [name.toLowerCase().replaceAll("_", "-"), value]));
  return {
    nameOf: (value) => names.get(value) ?? String(value),
    valueOf: (word) => byWord.get(word),
    words: [...byWord.keys()],
  };
}
