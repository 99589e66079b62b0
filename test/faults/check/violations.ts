/** What must never be, by the invariant it breaks. All must be 0 at the end of every run. */
export const violationKinds = [
  /** Accepted, and not in the log, or other bytes there. */
  "lost",
  /** One statement in two places, or answered with two. */
  "duplicated",
  /** Events of a dossier not numbered and chained one after the other, or delivered in another order. */
  "misordered",
  /** Somebody said what only the holder, or the receiver, may say; or on a head that had moved. */
  "custody",
  /** An answer whose promise does not hold; a receipt that does not verify. */
  "promise",
  /** Two heads of one log that cannot both be true, or a published head that went back. */
  "fork",
  /** Stream, log and index do not hold the same events. */
  "gap",
  /** Refused, and in the log all the same. */
  "contradicted",
  /** Somebody was never told what concerns them, or a dossier never came to its end. */
  "silent",
  /** Anything else that a client saw and should not have. */
  "other",
] as const;

/** One of them. */
export type ViolationKind = (typeof violationKinds)[number];

const sentencesMax = 20;

/** Counts violations, and keeps the first sentences of each kind. */
export class Violations {
  readonly #counts = new Map<ViolationKind, number>();
  readonly #sentences: string[] = [];

  add(kind: ViolationKind, sentence: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= sentencesMax) this.#sentences.push(`${kind}: ${sentence}`);
  }

  count(kind: ViolationKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  get total(): number {
    return violationKinds.reduce((sum, kind) => sum + this.count(kind), 0);
  }

  get sentences(): readonly string[] {
    return this.#sentences;
  }

  /** All kinds, those without any too. */
  counts(): Record<ViolationKind, number> {
    return Object.fromEntries(violationKinds.map((kind) => [kind, this.count(kind)])) as Record<ViolationKind, number>;
  }
}
