import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import type { RegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import type { PublicKey, RegistryKind } from "@lienthong/contracts/registry/v1/record";
import { hashesEqual } from "@lienthong/tlog";
import { admitRecord } from "./admit-record.ts";
import { checkPlace } from "./check-place.ts";
import { checkEndorsements, checkRegistrarSignatures, type Verdicts, verifyAhead } from "./check-signatures.ts";
import { EntryTree } from "./entry-tree.ts";
import { KeyImports } from "./key-imports.ts";
import { type ReadEntry, readEntry } from "./read-entry.ts";
import type { AnyRecord } from "./record-subject.ts";
import { RegistryLookups } from "./registry-lookups.ts";
import { StateTree, subjectKey } from "./state-tree.ts";
import type { EntryPlace, Tables } from "./tables.ts";

/** One state of the log: everything up to and including entry `size` - 1. */
export interface Head {
  readonly size: bigint;
  /** RFC 6962 root over the hashes of those entries, 32 bytes. */
  readonly root: Uint8Array;
}

/** An entry that was checked and folded. */
export interface AppliedEntry {
  readonly number: bigint;
  /** RFC 6962 leaf hash of the signed entry's bytes: "the hash of the entry". */
  readonly hash: Uint8Array;
  readonly entry: RegistryEntry;
  readonly record: AnyRecord;
}

/** Entries verified at once ahead of folding: some milliseconds of work for the pool. */
const entriesAhead = 128;

/**
 * The registry log folded into who may say what, when. `apply` is the only way in, and it checks everything, so whoever holds
 * a state with the network they trust holds one that the registrar signed, entry by entry.
 */
export class RegistryState extends RegistryLookups {
  readonly #tables: Tables;
  readonly #imports = new KeyImports();
  readonly #entries = new EntryTree();
  readonly #state = new StateTree();
  readonly #subjects = new Map<string, Uint8Array>();
  #head: Head | null = null;
  #network: Uint8Array | null = null;
  #lastRecordedTime: Timestamp | null = null;

  constructor() {
    const tables = RegistryLookups.newTables();
    super(tables);
    this.#tables = tables;
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** The present head; the same object until the next entry. Throws before the genesis. */
  get head(): Head {
    if (this.#entries.size === 0) throw new Error("The registry is empty, so it has no head; apply its genesis first.");
    this.#head ??= this.headAt(BigInt(this.#entries.size));
    return this.#head;
  }

  /** The head at an earlier size, 1 to the present; log2(size) hashes. Throws a RangeError beyond. */
  headAt(size: bigint): Head {
    if (size < 1n) throw new RangeError(`A registry head has a size of at least 1, not ${size}.`);
    return { size, root: this.#entries.rootAt(Number(size)) };
  }

  /** Hash of entry 0. Throws before the genesis. */
  get network(): Uint8Array {
    if (this.#network === null)
      throw new Error("The registry is empty, so it has no network; apply its genesis first.");
    return this.#network;
  }

  /** Hash of an entry; undefined beyond the end. Its bytes are not kept. */
  entryHash(number: bigint): Uint8Array | undefined {
    return number < 0n ? undefined : this.#entries.leaf(Number(number));
  }

  /** Hash of the last entry about a subject; undefined if there is none. */
  lastEntryOf(kind: RegistryKind, id: string): Uint8Array | undefined {
    return this.#subjects.get(subjectKey(kind, id));
  }

  /** `recorded_time` of the last entry; null before the genesis. */
  get lastRecordedTime(): Timestamp | null {
    return this.#lastRecordedTime;
  }

  /** The `state_root` that the next entry must carry. */
  get stateRoot(): Uint8Array {
    return this.#state.root();
  }

  /**
   * Checks one entry against everything before it and folds it.
   * @param signedEntryBytes a serialised SignedRegistryEntry; copied.
   * @throws RegistryEntryRefusedError naming the field; the state is then as before.
   */
  apply(signedEntryBytes: Uint8Array): AppliedEntry {
    return this.#fold(readEntry(signedEntryBytes));
  }

  /** Whether the next `apply` of these bytes would succeed: throws what it would throw, and folds nothing. */
  check(signedEntryBytes: Uint8Array): void {
    this.#admit(readEntry(signedEntryBytes));
  }

  /**
   * The same for many, in order. With `verified: "pool"` (the default) signatures are verified on the thread pool while this
   * thread decodes and folds: on two cores about twice as fast, and never long without a turn for others. At a refusal the
   * entries before it are folded. Do not call `apply` meanwhile.
   */
  async applyMany(
    entries: Iterable<Uint8Array>,
    options: { readonly verified?: "pool" | "here" } = {},
  ): Promise<AppliedEntry[]> {
    const applied: AppliedEntry[] = [];
    if (options.verified === "here") {
      for (const bytes of entries) applied.push(this.apply(bytes));
      return applied;
    }
    const iterator = entries[Symbol.iterator]();
    let ahead: Ahead | null = this.#readAhead(iterator);
    while (ahead !== null) {
      const present: Ahead = ahead;
      // The next entries are decoded while the pool is busy with these.
      ahead = present.refused === undefined ? this.#readAhead(iterator) : null;
      const verdicts = await present.verdicts;
      for (const read of present.reads) applied.push(this.#fold(read, verdicts));
      if (present.refused !== undefined) throw present.refused.error;
    }
    return applied;
  }

  #readAhead(iterator: Iterator<Uint8Array>): Ahead | null {
    const reads: ReadEntry[] = [];
    let refused: { error: unknown } | undefined;
    while (reads.length < entriesAhead) {
      const next = iterator.next();
      if (next.done === true) break;
      try {
        const read = readEntry(next.value);
        reads.push(read);
        for (const publicKey of introducedKeys(read.record)) this.#importAhead(publicKey);
      } catch (error) {
        refused = { error };
        break;
      }
    }
    if (reads.length === 0 && refused === undefined) return null;
    return { reads, verdicts: verifyAhead(reads, this.#imports), refused };
  }

  #importAhead(publicKey: PublicKey): void {
    try {
      this.#imports.import(publicKey);
    } catch {
      // Folding meets the same key and refuses it with the field's name.
    }
  }

  #admit(read: ReadEntry, verdicts?: Verdicts): () => void {
    const { entry, hash, subject } = read;
    const size = this.#entries.size;
    checkPlace(read, {
      size,
      network: this.#network,
      lastHash: this.#entries.leaf(size - 1) ?? noBytes,
      lastRecordedTime: this.#lastRecordedTime,
      stateRoot: this.#state.root(),
      subjectPrevious: this.#subjects.get(subjectKey(subject.kind, subject.id)),
    });
    checkRegistrarSignatures(this.#tables, read, this.#imports, verdicts);
    const place: EntryPlace = {
      entryHash: hash,
      number: entry.number,
      recordedTime: entry.recordedTime as Timestamp,
      validFrom: entry.validFrom,
      validUntil: entry.validUntil,
    };
    const admission = admitRecord(this.#tables, read.record, place, this.#imports);
    checkEndorsements(this.#tables, read, admission.demand, verdicts);
    return admission.fold;
  }

  #fold(read: ReadEntry, verdicts?: Verdicts): AppliedEntry {
    const fold = this.#admit(read, verdicts);
    // From here on nothing can fail: the state is changed as a whole or not at all.
    const { entry, hash, record, subject } = read;
    fold();
    this.#entries.append(hash);
    this.#state.set(subject.kind, subject.id, hash);
    this.#subjects.set(subjectKey(subject.kind, subject.id), hash);
    this.#network ??= hash;
    this.#lastRecordedTime = entry.recordedTime as Timestamp;
    this.#head = null;
    this.forgetResolutions(record);
    return { number: entry.number, hash, entry, record };
  }

  /** Whether these bytes are an entry of this log. */
  includes(entryNumber: bigint, entryHash: Uint8Array): boolean {
    const known = this.entryHash(entryNumber);
    return known !== undefined && hashesEqual(known, entryHash);
  }
}

const noBytes = new Uint8Array(0);

interface Ahead {
  readonly reads: readonly ReadEntry[];
  readonly verdicts: Promise<Verdicts>;
  readonly refused: { readonly error: unknown } | undefined;
}

function introducedKeys(record: AnyRecord): readonly PublicKey[] {
  switch (record.$case) {
    case "genesis":
      return record.value.registrarKeys;
    case "key":
    case "registrarKey":
    case "promiseKey":
      return record.value.publicKey === undefined ? [] : [record.value.publicKey];
    default:
      return [];
  }
}
