/** A statement that has had its effect. */
export interface RecordedStatement {
  /** SHA-256 of the signed payload, 32 bytes: the same id with other bytes is refused. */
  readonly payloadDigest: Uint8Array;
  /** Number of its event within the dossier. */
  readonly number: number;
}

/** Ids held before the newest layer is frozen: copying stays cheap, and looking back stays short. */
const layerSizeMax = 64;

/**
 * Every statement id a dossier has seen, for as long as it exists (invariant 2). Immutable: `with` gives a new one that
 * shares all but the newest layer, so a dossier of thousands of events does not copy thousands of ids per event.
 */
export class StatementIds {
  static readonly empty = new StatementIds(new Map(), undefined);

  readonly #newest: ReadonlyMap<string, RecordedStatement>;
  readonly #older: StatementIds | undefined;

  private constructor(newest: ReadonlyMap<string, RecordedStatement>, older: StatementIds | undefined) {
    this.#newest = newest;
    this.#older = older;
  }

  /** The statement recorded under this author and id, if any. */
  get(agency: string, statementId: string): RecordedStatement | undefined {
    const key = keyOf(agency, statementId);
    for (let layer: StatementIds | undefined = this; layer !== undefined; layer = layer.#older) {
      const found = layer.#newest.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** These ids and one more. */
  with(agency: string, statementId: string, recorded: RecordedStatement): StatementIds {
    const key = keyOf(agency, statementId);
    if (this.#newest.size >= layerSizeMax) return new StatementIds(new Map([[key, recorded]]), this);
    return new StatementIds(new Map(this.#newest).set(key, recorded), this.#older);
  }
}

function keyOf(agency: string, statementId: string): string {
  return `${statementId}/${agency}`;
}
