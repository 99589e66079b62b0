import { type DossierParties, evolveParties, partiesFromJson, partiesToJson } from "@lienthong/domain";
import type { ReadEvent } from "@lienthong/statement";
import type { ViewStore } from "./view-store.ts";

/** Unchanged dossiers kept in memory, those used last; about 600 bytes each. The others are read from the store. */
const keptMax = 16_384;

/** Who has to do with each open dossier: what decides whom its next event must reach. */
export class OpenDossiers {
  readonly #store: ViewStore;
  /** Used last at the end. Null: it has ended. */
  readonly #kept = new Map<string, DossierParties | null>();
  /** Those that the store has otherwise; all of them are kept. */
  readonly #changed = new Set<string>();

  constructor(store: ViewStore) {
    this.#store = store;
  }

  /** Null for a dossier that has ended or is not known. */
  partiesOf(dossier: string): DossierParties | null {
    const kept = this.#kept.get(dossier);
    if (kept !== undefined) return kept;
    const text = this.#store.parties(dossier);
    return text === null ? null : partiesFromJson(text);
  }

  /** Folds one event. `before`: what `partiesOf` its dossier said. */
  apply(event: ReadEvent, hash: Uint8Array, before: DossierParties | null): void {
    const { dossier } = event;
    if (dossier === null) return;
    const after = evolveParties(before, event, hash);
    if (after !== before) this.#changed.add(dossier);
    else if (after === null) return;
    this.#kept.delete(dossier);
    this.#kept.set(dossier, after);
  }

  /** What the store lacks. */
  changes(): { parties: { dossier: string; text: string | null }[] } {
    const parties = [...this.#changed].map((dossier) => {
      const kept = this.#kept.get(dossier) ?? null;
      return { dossier, text: kept === null ? null : partiesToJson(kept) };
    });
    return { parties };
  }

  /** The store has them now. */
  changesWritten(): void {
    for (const dossier of this.#changed) if (this.#kept.get(dossier) === null) this.#kept.delete(dossier);
    this.#changed.clear();
    for (const dossier of this.#kept.keys()) {
      if (this.#kept.size <= keptMax) break;
      this.#kept.delete(dossier);
    }
  }
}
