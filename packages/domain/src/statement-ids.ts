/** A statement that has had its effect. */
export interface RecordedStatement {
  /** SHA-256 of the signed payload, 32 bytes: the same id with other bytes is refused. */
  readonly payloadDigest: Uint8Array;
  /** Number of its event within the dossier. */
  readonly number: number;
}

/** What versions that grew out of each other share: each sees as many of the ids, in order of their coming, as it has itself. */
type Shared = Map<string, { readonly position: number; readonly recorded: RecordedStatement }>;

/**
 * Every statement id a dossier has seen, for as long as it exists (invariant 2). Immutable from outside: `with` gives a new version and leaves
 * this one as it is. Versions of one line share one map, so that a dossier of thousands of events neither copies nor searches thousands of
 * ids per event; only a second version grown out of the same one copies what they have in common.
 */
export class StatementIds {
  static readonly empty = new StatementIds(new Map(), 0);

  readonly #shared: Shared;
  readonly #size: number;

  private constructor(shared: Shared, size: number) {
    this.#shared = shared;
    this.#size = size;
  }

  /** The statement recorded under this author and id, if any. */
  get(agency: string, statementId: string): RecordedStatement | undefined {
    const found = this.#shared.get(keyOf(agency, statementId));
    return found !== undefined && found.position < this.#size ? found.recorded : undefined;
  }

  /** These ids and one more. */
  with(agency: string, statementId: string, recorded: RecordedStatement): StatementIds {
    const key = keyOf(agency, statementId);
    const isNewest = this.#size > 0 && this.#shared.size === this.#size && !this.#shared.has(key);
    const shared: Shared = isNewest ? this.#shared : this.#copy();
    shared.set(key, { position: shared.get(key)?.position ?? shared.size, recorded });
    return new StatementIds(shared, shared.size);
  }

  #copy(): Shared {
    return new Map([...this.#shared].filter(([, { position }]) => position < this.#size));
  }
}

function keyOf(agency: string, statementId: string): string {
  return `${statementId}/${agency}`;
}
