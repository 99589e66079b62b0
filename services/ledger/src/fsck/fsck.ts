import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readEvent } from "@lienthong/statement";
import { openCheckpoint, type VerifierKey } from "@lienthong/tlog";
import { KeptCheckpoints } from "../kept-checkpoints.ts";
import type { LeafRules } from "../leaf-rules.ts";
import { headFileName, keptFileName, publishedFileName } from "../log-files.ts";
import { checkPartials, checkUpperTiles } from "./check-tiles.ts";
import { Disagreements } from "./copies.ts";
import type { Copy, EventName, Finding } from "./findings.ts";
import { PlainTree, plainLeafHash } from "./plain-tree.ts";
import { hashBytes, RawFiles, tileWidth } from "./raw-files.ts";

/** A message of the stream. */
export interface StreamMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
}

/** What is checked. */
export interface FsckOptions {
  /** The log's folder. */
  readonly directory: string;
  /** The log's key, from the policy file or the registry: not from the folder that is checked. */
  readonly key: VerifierKey;
  /** The messages of its stream in order, holes left out; absent: the stream is not at hand and is not compared. */
  readonly stream?: AsyncIterable<StreamMessage>;
  /** What must hold for messages; only with a stream. */
  readonly rules?: LeafRules;
  /** Told now and then how many entries of how many were read. */
  readonly onProgress?: (entries: number, total: number) => void;
}

/** What was found. */
export interface FsckReport {
  readonly origin: string;
  /** Size of the signed head; of the largest that is known where the head is unreadable. */
  readonly size: number;
  /** Entries hashed again. */
  readonly entriesRead: number;
  /** Checkpoints whose signature and root were checked. */
  readonly checkpointsRead: number;
  /** Messages behind the head, which are not sealed yet; null without a stream. */
  readonly unsealed: number | null;
  /** Copies of the entries that as a whole lead to the signed root. */
  readonly proven: readonly Copy[];
  /** Nothing: the log is as it was signed. */
  readonly findings: readonly Finding[];
}

const progressEvery = 65_536;
const keptPage = 500;

interface SignedRoot {
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * Reads a log as a stranger would: hashes every entry again, compares entries, tiles, stream, head and every kept checkpoint, and says which copy of
 * which entry is wrong. The right copy is the one that leads to the signed root.
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  return new Fsck(options).run();
}

class Fsck {
  readonly #options: FsckOptions;
  readonly #findings: Finding[] = [];
  readonly #disagreements = new Disagreements();
  readonly #trees: Partial<Record<Copy, PlainTree>>;
  /** Roots of each copy at the sizes that were signed. */
  readonly #rootsAt = new Map<number, Partial<Record<Copy, Uint8Array>>>();
  readonly #incomplete = new Set<Copy>();
  #messageCount = 0;
  #stream: AsyncIterator<StreamMessage> | null;
  #peeked: StreamMessage | null = null;
  readonly #files: RawFiles;

  constructor(options: FsckOptions) {
    this.#options = options;
    this.#files = new RawFiles(options.directory);
    this.#stream = options.stream?.[Symbol.asyncIterator]() ?? null;
    this.#trees = { entries: new PlainTree(), tiles: new PlainTree() };
    if (this.#stream !== null) this.#trees.stream = new PlainTree();
  }

  async run(): Promise<FsckReport> {
    const { directory, key } = this.#options;
    const keptPath = join(directory, keptFileName);
    const kept = existsSync(keptPath) ? this.#openKept(keptPath) : null;
    try {
      // Backwards: a ledger that works meanwhile writes the head first, keeps it, publishes it. Read before them, a good head would look old.
      const published = await this.#signed(publishedFileName);
      const keptRoots =
        kept === null
          ? []
          : await this.#keptRoots(kept).catch((error: Error): SignedRoot[] => {
              this.#findings.push({ what: "kept-unreadable", cause: error.message });
              return [];
            });
      const head = await this.#signed(headFileName);
      const signedSize = Math.max(-1, published?.size ?? -1, ...keptRoots.slice(-1).map(({ size }) => size));
      if (head === null && signedSize >= 0 && !this.#findings.some(({ what }) => what === "head-unsigned")) {
        this.#findings.push({ what: "head-missing" });
      }
      if (head !== null && head.size < signedSize) {
        this.#findings.push({ what: "head-old", size: head.size, signedSize });
      }
      const roots = [head, published, ...keptRoots].filter((root) => root !== null);
      const size = Math.max(0, ...roots.map((root) => root.size));
      await this.#readEntries(size, new Set(roots.map((root) => root.size)));
      const proven = this.#provenCopies(roots.filter((root) => root.size === size));
      await this.#judgeCopies(size, proven, roots);
      this.#findings.push(...(await checkUpperTiles(this.#files, size)), ...(await checkPartials(this.#files, size)));
      this.#checkRoots(published, keptRoots, proven, size);
      const unsealed = await this.#readRest(size);
      return {
        origin: key.name,
        size: head?.size ?? size,
        entriesRead: size,
        checkpointsRead: keptRoots.length,
        unsealed,
        proven,
        findings: this.#findings,
      };
    } finally {
      kept?.close();
      await this.#stream?.return?.();
    }
  }

  #openKept(path: string): KeptCheckpoints | null {
    try {
      return new KeptCheckpoints(path, { readOnly: true });
    } catch (error) {
      this.#findings.push({ what: "kept-unreadable", cause: (error as Error).message });
      return null;
    }
  }

  async #signed(file: string): Promise<SignedRoot | null> {
    const bytes = await readFile(join(this.#options.directory, file)).catch(() => null);
    if (bytes === null) return null;
    try {
      const { size, root } = await openCheckpoint(bytes, this.#options.key);
      return { size, root };
    } catch (error) {
      const cause = (error as Error).message;
      this.#findings.push(
        file === headFileName ? { what: "head-unsigned", cause } : { what: "published-wrong", cause },
      );
      return null;
    }
  }

  async #keptRoots(kept: KeptCheckpoints): Promise<SignedRoot[]> {
    const roots: SignedRoot[] = [];
    const all = { maxSize: Number.MAX_SAFE_INTEGER, witnessed: false, newestFirst: false, limit: keptPage };
    for (
      let page = kept.list({ ...all, minSize: 0 });
      page.length > 0;
      page = kept.list({ ...all, minSize: (page.at(-1)?.size ?? 0) + 1 })
    ) {
      for (const { size, note } of page) {
        try {
          const opened = await openCheckpoint(note, this.#options.key);
          if (opened.size !== size) throw new Error(`it is kept as of size ${size}, but says ${opened.size}`);
          roots.push({ size, root: opened.root });
        } catch (error) {
          this.#findings.push({ what: "kept-wrong", size, cause: (error as Error).message });
        }
      }
    }
    return roots;
  }

  /** Hashes every entry of every copy, side by side. */
  async #readEntries(size: number, sizes: ReadonlySet<number>): Promise<void> {
    this.#noteRoots(0, sizes);
    for (let from = 0; from < size; from += tileWidth) {
      const count = Math.min(tileWidth, size - from);
      const entries = await this.#bundle(from, count);
      const tile = await this.#files.tile(0, from / tileWidth, count);
      for (let i = 0; i < count; i++) {
        const index = from + i;
        const message = await this.#messageAt(index);
        // Before it is in the tree: a generation's first event names the root of what lies before it.
        if (message !== null) this.#checkMessage(message);
        const entry = entries[i];
        const hashes = {
          entries: entry === undefined ? null : plainLeafHash(entry),
          tiles: tile === null ? null : tile.subarray(i * hashBytes, (i + 1) * hashBytes),
          ...(this.#options.stream === undefined
            ? {}
            : { stream: message === null ? null : plainLeafHash(message.payload) }),
        };
        if (!this.#disagreements.note(index, hashes)) this.#rememberEvent(index, entry, message?.payload);
        for (const [copy, tree] of Object.entries(this.#trees) as [Copy, PlainTree][]) {
          const hash = hashes[copy];
          if (hash === null || hash === undefined) this.#incomplete.add(copy);
          else tree.append(hash);
        }
        this.#noteRoots(index + 1, sizes);
        if ((index + 1) % progressEvery === 0 || index + 1 === size) this.#options.onProgress?.(index + 1, size);
      }
    }
  }

  #noteRoots(size: number, sizes: ReadonlySet<number>): void {
    if (!sizes.has(size)) return;
    const roots: Partial<Record<Copy, Uint8Array>> = {};
    for (const [copy, tree] of Object.entries(this.#trees) as [Copy, PlainTree][]) {
      if (!this.#incomplete.has(copy)) roots[copy] = tree.root();
    }
    this.#rootsAt.set(size, roots);
  }

  /** Entries of a bundle as far as it can be taken apart; none where it is missing. */
  async #bundle(from: number, count: number): Promise<readonly Uint8Array[]> {
    const bundle = await this.#files.bundle(from / tileWidth, count);
    if (bundle === null) return [];
    const { path, entries, malformed: cause } = bundle;
    if (cause !== null) {
      this.#findings.push({ what: "bundle-malformed", path, index: from + Math.min(entries.length, count - 1), cause });
    }
    return entries;
  }

  /** The stream's message for an entry; null where it lacks it. */
  async #messageAt(index: number): Promise<StreamMessage | null> {
    if (this.#stream === null) return null;
    while (this.#peeked === null || this.#peeked.sequence < index + 1) {
      const next = await this.#stream.next();
      if (next.done === true) {
        this.#stream = null;
        return null;
      }
      this.#peeked = next.value;
      this.#messageCount = Math.max(this.#messageCount, next.value.sequence);
    }
    return this.#peeked.sequence === index + 1 ? this.#peeked : null;
  }

  #checkMessage(message: StreamMessage): void {
    const { rules } = this.#options;
    if (rules === undefined) return;
    const leaf = { index: message.sequence - 1, subject: message.subject, payload: message.payload };
    const refusal = rules.refusal(leaf, () => (this.#trees.stream as PlainTree).root());
    if (refusal !== null) this.#findings.push({ what: "message-odd", index: leaf.index, cause: refusal });
  }

  /** What the copies say of entries that differ, the first of them. */
  readonly #events = new Map<number, Partial<Record<Copy, EventName | null>>>();

  #rememberEvent(index: number, entry: Uint8Array | undefined, message: Uint8Array | undefined): void {
    if (this.#events.size > 1_000) return;
    const nameOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : eventNameOf(bytes));
    this.#events.set(index, { entries: nameOf(entry), stream: nameOf(message) });
  }

  /** What the first of these copies that can be read says; a copy that is not among them only claims it. */
  #eventOf(index: number, right: readonly Copy[]): EventName | null {
    const names = this.#events.get(index) ?? {};
    for (const copy of right) {
      const name = names[copy];
      if (name !== null && name !== undefined) return name;
    }
    const claimed = names.stream ?? names.entries ?? null;
    return claimed === null ? null : { ...claimed, claimed: true };
  }

  /** Copies that as a whole lead to what was signed for the size. */
  #provenCopies(signed: readonly SignedRoot[]): Copy[] {
    const [root] = signed;
    if (root === undefined) return [];
    return (Object.entries(this.#rootsAt.get(root.size) ?? {}) as [Copy, Uint8Array][])
      .filter(([, found]) => Buffer.compare(found, root.root) === 0)
      .map(([copy]) => copy);
  }

  async #judgeCopies(size: number, proven: readonly Copy[], signed: readonly SignedRoot[]): Promise<void> {
    const ways = this.#disagreements.all();
    const [right] = proven;
    if (right !== undefined) {
      const wrong = new Map<Copy, { index: number; missing: boolean; count: number }>();
      for (const { groups, missing, firstIndex, count } of ways) {
        const others = groups.filter((group) => !group.includes(right)).flat();
        for (const copy of [...others, ...missing]) {
          const known = wrong.get(copy);
          if (known === undefined) wrong.set(copy, { index: firstIndex, missing: missing.includes(copy), count });
          else known.count += count;
        }
      }
      for (const [copy, found] of wrong) {
        const asRight = ways
          .find(({ firstIndex }) => firstIndex === found.index)
          ?.groups.find((group) => group.includes(right));
        this.#findings.push({
          what: "entry-wrong",
          copy,
          ...found,
          event: this.#eventOf(found.index, asRight ?? proven),
        });
      }
    } else if (ways.length > 0) {
      for (const { groups, missing, firstIndex } of ways) {
        const event = this.#eventOf(firstIndex, []);
        const copies = [...groups.map((group) => group[0] as Copy), ...missing];
        // Two of three that agree are believed rather than one that stands alone, but that is no proof.
        this.#findings.push({ what: "copies-differ", copies, index: firstIndex, event });
      }
    } else if (size > 0) {
      const agreeing = (root: SignedRoot): boolean =>
        Object.values(this.#rootsAt.get(root.size) ?? {}).some((found) => Buffer.compare(found, root.root) === 0);
      const bySize = signed.toSorted((a, b) => a.size - b.size);
      const from = Math.max(0, ...bySize.filter(agreeing).map((root) => root.size));
      const until = bySize.find((root) => root.size > from && !agreeing(root))?.size ?? size;
      const entry = (
        await this.#files.bundle(Math.floor(from / tileWidth), Math.min(tileWidth, size - (from - (from % tileWidth))))
      )?.entries[from % tileWidth];
      this.#findings.push({ what: "all-changed", from, until, event: entry === undefined ? null : eventNameOf(entry) });
    }
  }

  /** Every checkpoint that was ever signed must be a root of this very log. */
  #checkRoots(published: SignedRoot | null, kept: readonly SignedRoot[], proven: readonly Copy[], size: number): void {
    const [right] = proven;
    // Without a proven copy the difference is named already, and roots would repeat it.
    if (right === undefined) return;
    const differs = (signed: SignedRoot): boolean => {
      const found = this.#rootsAt.get(signed.size)?.[right];
      return signed.size <= size && (found === undefined || Buffer.compare(found, signed.root) !== 0);
    };
    const cause = "it names another root than the entries of the log have at its size: the log was forked";
    if (published !== null && differs(published)) this.#findings.push({ what: "published-wrong", cause });
    for (const signed of kept)
      if (differs(signed)) this.#findings.push({ what: "kept-wrong", size: signed.size, cause });
  }

  /** What lies behind the head in the stream. */
  async #readRest(size: number): Promise<number | null> {
    if (this.#options.stream === undefined) return null;
    while (this.#stream !== null) {
      const next = await this.#stream.next();
      if (next.done === true) this.#stream = null;
      else this.#messageCount = Math.max(this.#messageCount, next.value.sequence);
    }
    if (this.#messageCount < size) {
      this.#findings.push({ what: "stream-short", lastIndex: this.#messageCount - 1, size });
    }
    return Math.max(0, this.#messageCount - size);
  }
}

function eventNameOf(bytes: Uint8Array): EventName | null {
  try {
    const { dossier, header } = readEvent(bytes);
    return { dossier, number: Number(header.number), claimed: false };
  } catch {
    return null;
  }
}
