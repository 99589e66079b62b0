import { subjectOfEvent } from "@lienthong/event-store";
import { readEvent } from "@lienthong/statement";
import { GrowingRoot, leafHash } from "@lienthong/tlog";
import { RawFiles, tileWidth } from "./fsck/raw-files.ts";
import type { LeafRules } from "./leaf-rules.ts";

/** The leaves that a shard's stream is made again from: the sealed ones out of the bundles, then others that follow them. */
export class ProvenEntries {
  readonly #files: RawFiles;
  readonly #sealed: number;
  readonly #rules: LeafRules;
  readonly #tree = new GrowingRoot();
  readonly #hashes: Uint8Array[] = [];
  readonly #unsealed: Uint8Array[] = [];
  /** Hash of the last event of each chain: a dossier's, or the shard's own under "". */
  readonly #heads = new Map<string, Uint8Array>();
  #last: Uint8Array = new Uint8Array(0);
  #lastOfShard: Uint8Array = new Uint8Array(0);

  constructor(files: RawFiles, sealed: number, rules: LeafRules) {
    this.#files = files;
    this.#sealed = sealed;
    this.#rules = rules;
  }

  get size(): number {
    return this.#hashes.length;
  }

  /** The last leaf. */
  get last(): Uint8Array {
    return this.#last;
  }

  /** The last event of the shard's own chain. */
  get lastOfShard(): { readonly payload: Uint8Array; readonly hash: Uint8Array } {
    return { payload: this.#lastOfShard, hash: leafHash(this.#lastOfShard) };
  }

  root(): Uint8Array {
    return this.#tree.root();
  }

  /** Hash of a leaf; null where there is none. */
  hashAt(index: number): Uint8Array | null {
    return this.#hashes[index] ?? null;
  }

  /**
   * Takes the next leaf if it follows from those before: the shard's rules, and its own chain. Answers whether it did. `subject`: under which it lies; no
   * signed head covers that, and a store that it is put back under a wrong one would miss it in its dossier. Absent where nothing lies under any.
   */
  take(payload: Uint8Array, subject?: string): boolean {
    const index = this.#hashes.length;
    let under: string;
    let chain: string;
    let previous: Uint8Array;
    try {
      const { dossier, header } = readEvent(payload);
      under = subject ?? subjectOfEvent(header.shard, dossier);
      chain = dossier ?? "";
      previous = header.previous;
    } catch {
      return false;
    }
    if (Buffer.compare(previous, this.#heads.get(chain) ?? new Uint8Array(0)) !== 0) return false;
    if (this.#rules.refusal({ index, subject: under, payload }, () => this.#tree.root()) !== null) return false;
    const hash = leafHash(payload);
    this.#hashes.push(hash);
    this.#tree.append(hash);
    this.#heads.set(chain, hash);
    this.#last = payload;
    if (chain === "") this.#lastOfShard = payload;
    if (index >= this.#sealed) this.#unsealed.push(payload);
    return true;
  }

  /** Leaves that are not in the bundles. */
  payloadsFrom(index: number): readonly Uint8Array[] {
    return this.#unsealed.slice(index - this.#sealed);
  }

  /** All leaves with their subjects, in order. */
  async *all(): AsyncGenerator<{ subject: string; payload: Uint8Array }> {
    const subjectOf = (payload: Uint8Array): string => {
      const { dossier, header } = readEvent(payload);
      return subjectOfEvent(header.shard, dossier);
    };
    for await (const payload of this.#bundles()) yield { subject: subjectOf(payload), payload };
    for (const payload of this.#unsealed) yield { subject: subjectOf(payload), payload };
  }

  /** Takes the sealed leaves. Throws where one does not follow, which a signed head makes impossible unless the bundles changed meanwhile. */
  async takeSealed(): Promise<void> {
    for await (const payload of this.#bundles()) {
      if (!this.take(payload))
        throw new Error(`Entry ${this.size} of the bundles does not follow from those before it.`);
    }
  }

  async *#bundles(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < this.#sealed; from += tileWidth) {
      yield* (await this.#files.bundle(from / tileWidth, Math.min(tileWidth, this.#sealed - from)))?.entries ?? [];
    }
  }
}

/** Reads the sealed leaves of a shard's log whose bundles were proven right. */
export async function provenEntries(directory: string, size: number, rules: LeafRules): Promise<ProvenEntries> {
  const entries = new ProvenEntries(new RawFiles(directory), size, rules);
  await entries.takeSealed();
  return entries;
}
