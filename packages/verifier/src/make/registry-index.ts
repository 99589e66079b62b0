import type { RegistryKind } from "@lienthong/contracts/registry/v1/record";
import { hexOf, type ReadEntry, readEntry, stateLeafHash } from "@lienthong/registry-state";
import { keyIdOf } from "@lienthong/statement";
import { rootAndPaths } from "@lienthong/tlog";
import type { AbsenceProof, NeighbourProof, StateProof } from "../bundle.ts";

/** A subject of the registry. */
export interface Subject {
  readonly kind: RegistryKind;
  readonly id: string;
}

interface Chain extends Subject {
  readonly numbers: number[];
}

/** The registry's log up to one size, by subject: what slices of it are cut from. */
export class RegistryIndex {
  readonly size: number;
  readonly #bytes: readonly Uint8Array[];
  readonly #read: readonly ReadEntry[];
  readonly #chains = new Map<string, Chain>();
  readonly #byHash = new Map<string, number>();
  #tree: { readonly order: readonly Chain[]; readonly paths: readonly Uint8Array[][] } | null = null;

  /** `entries`: all entries of the log from the genesis on, in order, byte for byte; at least one. They are read, not checked. */
  constructor(entries: readonly Uint8Array[]) {
    this.size = entries.length;
    this.#bytes = entries;
    this.#read = entries.map(readEntry);
    for (const [number, { subject, hash }] of this.#read.entries()) {
      this.#byHash.set(hexOf(hash), number);
      const { kind, id } = subject;
      const chain = this.#chains.get(keyOf({ kind, id }));
      if (chain === undefined) this.#chains.set(keyOf({ kind, id }), { kind, id, numbers: [number] });
      else chain.numbers.push(number);
    }
  }

  /** Hash of entry 0. */
  get network(): Uint8Array {
    return this.entry(0).hash;
  }

  entry(number: number): ReadEntry {
    const read = this.#read[number];
    if (read === undefined)
      throw new RangeError(`The registry has ${this.size} entries, so none with number ${number}.`);
    return read;
  }

  bytes(number: number): Uint8Array {
    return this.#bytes[number] ?? new Uint8Array(0);
  }

  /** Numbers of all entries about a subject; none if there is none. */
  numbersOf(subject: Subject): readonly number[] {
    return this.#chains.get(keyOf(subject))?.numbers ?? [];
  }

  /** The entry with a hash, as dossiers pin it. */
  byHash(hash: Uint8Array): ReadEntry | undefined {
    const number = this.#byHash.get(hexOf(hash));
    return number === undefined ? undefined : this.#read[number];
  }

  /** Subjects of a kind, in the order of their first entry. */
  subjectsOf(kind: RegistryKind): Subject[] {
    return [...this.#chains.values()].filter((chain) => chain.kind === kind);
  }

  /** The last record about a subject. */
  last(subject: Subject): ReadEntry | undefined {
    const number = this.numbersOf(subject).at(-1);
    return number === undefined ? undefined : this.#read[number];
  }

  /** Leaves of the tree under `state_root` of the last entry. */
  get subjectCount(): number {
    return this.#stateTree().order.length;
  }

  /** The place of a subject's last entry in that tree; null for what is new with the last entry, and for what is not there at all. */
  stateProof({ kind, id }: Subject): StateProof | null {
    const { order, paths } = this.#stateTree();
    const index = order.findIndex((other) => other.kind === kind && other.id === id);
    const path = paths[index];
    return path === undefined ? null : { kind, id, index, path };
  }

  /** That a subject is not in that tree. */
  absenceProof({ kind, id }: Subject): AbsenceProof {
    const { order } = this.#stateTree();
    const found = order.findIndex((other) => !isBelow(other, { kind, id }));
    const next = found < 0 ? order.length : found;
    return { kind, id, before: this.#neighbour(next - 1), after: this.#neighbour(next) };
  }

  /** Keys of the genesis. */
  genesisKeys(): string[] {
    const { record } = this.entry(0);
    return record.$case === "genesis" ? record.value.registrarKeys.map((key) => hexOf(keyIdOf(key.publicKey))) : [];
  }

  #neighbour(index: number): NeighbourProof | null {
    const chain = this.#stateTree().order[index];
    if (chain === undefined) return null;
    const proof = this.stateProof(chain);
    return proof === null ? null : { ...proof, hash: this.entry(this.#lastBefore(chain)).hash };
  }

  /** Number of a subject's last entry before the last of the log. */
  #lastBefore({ numbers }: Chain): number {
    return numbers.findLast((number) => number < this.size - 1) ?? -1;
  }

  #stateTree() {
    if (this.#tree === null) {
      const order = [...this.#chains.values()]
        .filter((chain) => this.#lastBefore(chain) >= 0)
        .sort((a, b) => (isBelow(a, b) ? -1 : 1));
      const leaves = order.map((chain) =>
        stateLeafHash(chain.kind, chain.id, this.entry(this.#lastBefore(chain)).hash),
      );
      this.#tree = { order, paths: rootAndPaths(leaves).paths };
    }
    return this.#tree;
  }
}

function isBelow(a: Subject, b: Subject): boolean {
  return a.kind !== b.kind ? a.kind < b.kind : a.id < b.id;
}

function keyOf({ kind, id }: Subject): string {
  return `${kind} ${id}`;
}
