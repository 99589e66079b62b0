import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { descriptorOf, pathsOf, processesOf, readTrace, type TracedCall, textOf, writtenBytes } from "./read-trace.ts";

/**
 * What happens to names (created, renamed, removed) whose folder was not fsynced. `lost`: gone, all that POSIX promises. `journal`: an fsync of
 * anything also commits every earlier name, as the journals of ext4 and XFS do. `kept`: all of them reached the disk, whatever the data did.
 */
export type Names = "lost" | "journal" | "kept";

/**
 * What happens to bytes that were not fsynced. `lost`: all gone. A number: the seed of a draw that keeps about half of the writes, in any order, as a
 * disk's cache may.
 */
export type Data = "lost" | number;

interface Change {
  readonly at: number;
  readonly offset: number;
  /** Null: the file is cut, or extended with zeros, to `offset`. */
  readonly bytes: Buffer | null;
}

/** When a sync ended, and the moment up to which what was done before it is durable: its beginning. */
interface Sync {
  readonly endedAt: number;
  readonly covers: number;
}

interface FileNode {
  readonly kind: "file";
  /** What it held when the recording began. */
  readonly base: string | null;
  readonly changes: Change[];
  readonly syncs: Sync[];
  size: number;
}

interface FolderNode {
  readonly kind: "folder";
  /** Names as the programs see them. */
  readonly entries: Map<string, Node>;
  readonly base: Map<string, Node>;
  readonly names: { readonly at: number; readonly name: string; readonly node: Node | null }[];
  readonly syncs: Sync[];
}

type Node = FileNode | FolderNode;

interface OpenFile {
  readonly node: Node;
  position: number;
  readonly appends: boolean;
  readonly synchronous: boolean;
}

/** A point in the recording at which the power can be cut: right before a sync ended, which is when most is not durable yet. */
export interface CutPoint {
  readonly at: number;
  /** What was about to become durable. */
  readonly path: string;
}

function newFile(base: string | null, size: number): FileNode {
  return { kind: "file", base, changes: [], syncs: [], size };
}

function newFolder(): FolderNode {
  return { kind: "folder", entries: new Map(), base: new Map(), names: [], syncs: [] };
}

/**
 * A recording of what programs did to one folder, from which the folder can be had as a power cut at any moment would leave it. A byte is durable
 * after an fsync of its file that began after the write had ended; a name is durable as `Names` says.
 */
export class RecordedDisk {
  readonly cuts: CutPoint[] = [];
  readonly #root: string;
  readonly #tree: FolderNode;
  readonly #open = new Map<string, OpenFile>();
  readonly #ignoresSync: (path: string) => boolean;
  /** Ends of all syncs, for names in a journal. */
  readonly #syncs: Sync[] = [];

  /**
   * `root`: the folder that was recorded, as its programs named it. `before`: a copy of it from the time before the recording; all of it is durable.
   * `ignoresSync`: files whose syncs are taken for absent, to show that the harness misses them.
   */
  constructor(options: {
    readonly trace: string;
    readonly root: string;
    readonly before: string;
    readonly ignoresSync?: (path: string) => boolean;
  }) {
    this.#root = options.root;
    this.#tree = loadFolder(options.before);
    this.#ignoresSync = options.ignoresSync ?? (() => false);
    const calls = readTrace(options.trace);
    const processOf = processesOf(calls);
    for (const call of calls) {
      if (call.result >= 0) this.#take(call, (descriptor) => `${processOf(call.thread)}/${descriptor}`);
    }
  }

  /** Last moment of the recording. */
  get end(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  /** A file as the programs saw it at a moment: with all that was written by then, durable or not. Null if it was not there at the end. */
  seen(path: string, at: number): Buffer | null {
    const node = this.#find(join(this.#root, path));
    return node?.kind === "file" ? contentOf(node, at, () => true) : null;
  }

  /** Writes the folder to `target` as a power cut right before moment `at` leaves it. */
  writeAfterCut(target: string, at: number, names: Names, data: Data): void {
    const journalUntil = latest(this.#syncs, at);
    const isNameKept = (folder: FolderNode, changedAt: number): boolean => {
      if (changedAt >= at) return false;
      if (names === "kept") return true;
      return changedAt < (names === "journal" ? journalUntil : latest(folder.syncs, at));
    };
    const draw = data === "lost" ? () => false : coins(data);
    const write = (folder: FolderNode, path: string): void => {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      const entries = new Map(folder.base);
      for (const change of folder.names) {
        if (!isNameKept(folder, change.at)) continue;
        if (change.node === null) entries.delete(change.name);
        else entries.set(change.name, change.node);
      }
      for (const [name, node] of entries) {
        const below = join(path, name);
        if (node.kind === "folder") write(node, below);
        else if (node.changes.length === 0 && node.base !== null) cpSync(node.base, below);
        else {
          const until = latest(node.syncs, at);
          const bytes = contentOf(node, at, (change) => change.at < until || draw());
          writeFileSync(below, bytes, { mode: 0o600 });
        }
      }
    };
    rmSync(target, { recursive: true, force: true });
    write(this.#tree, target);
  }

  /** Files (relative) that differ between the recording's end and the folder itself: what the recording missed. Empty if it is faithful. */
  differencesFrom(folder: string): string[] {
    const differing: string[] = [];
    const compare = (node: FolderNode, path: string): void => {
      const found = new Set(readdirSync(path));
      for (const [name, each] of node.entries) {
        const below = join(path, name);
        // SQLite maps this file into memory; it holds nothing that a start does not make anew.
        if (name.endsWith("-shm")) found.delete(name);
        else if (!found.delete(name)) differing.push(`${relative(folder, below)}: not there`);
        else if (each.kind === "folder") compare(each, below);
        else if (!contentOf(each, this.end, () => true).equals(readFileSync(below)))
          differing.push(`${relative(folder, below)}: other bytes`);
      }
      for (const name of found)
        if (!name.endsWith("-shm")) differing.push(`${relative(folder, join(path, name))}: not recorded`);
    };
    compare(this.#tree, folder);
    return differing;
  }

  #isInside(path: string): boolean {
    return path === this.#root || path.startsWith(`${this.#root}/`);
  }

  #find(path: string): Node | undefined {
    let at: Node | undefined = this.#tree;
    for (const name of relative(this.#root, path)
      .split("/")
      .filter((each) => each !== "")) {
      if (at?.kind !== "folder") return undefined;
      at = at.entries.get(name);
    }
    return at;
  }

  #name(path: string, node: Node | null, at: number): void {
    const folder = this.#find(dirname(path));
    if (folder?.kind !== "folder") throw new Error(`The recording names ${path}, whose folder it does not know.`);
    if (node === null) folder.entries.delete(basename(path));
    else folder.entries.set(basename(path), node);
    folder.names.push({ at, name: basename(path), node });
  }

  #sync(node: Node, path: string, beganAt: number, endedAt: number): void {
    if (this.#ignoresSync(relative(this.#root, path))) return;
    this.cuts.push({ at: endedAt, path: relative(this.#root, path) });
    const sync = { endedAt, covers: beganAt };
    node.syncs.push(sync);
    this.#syncs.push(sync);
  }

  #take(call: TracedCall, keyOf: (descriptor: number) => string): void {
    const { name, parameters, result } = call;
    if (name === "open" || name === "openat" || name === "creat") this.#opened(call, keyOf(result));
    else if (name.startsWith("dup")) {
      const known = this.#open.get(keyOf(descriptorOf(parameters)?.number ?? -1));
      if (known !== undefined) this.#open.set(keyOf(result), known);
    } else if (name === "copy_file_range" || name === "sendfile") {
      const touched = [...parameters.matchAll(/<((?:\\x[0-9a-f]{2})*)>/g)].map(([, path]) => textOf(path as string));
      if (name === "copy_file_range" && touched.some((path) => this.#isInside(path)))
        throw new Error("A file was copied by the kernel, which the recording does not hold.");
    } else if (/^(rename|link|unlink|mkdir|rmdir)/.test(name) || name === "truncate") this.#named(call);
    else this.#onDescriptor(call, keyOf);
  }

  /** A call about names. */
  #named({ name, parameters, endedAt }: TracedCall): void {
    const [first, second] = pathsOf(parameters).filter((each) => this.#isInside(each));
    if (first === undefined) return;
    if (name.startsWith("mkdir")) this.#name(first, newFolder(), endedAt);
    else if (name.startsWith("unlink") || name === "rmdir") this.#name(first, null, endedAt);
    else if (name === "truncate") {
      const node = this.#find(first);
      if (node?.kind === "file") cut(node, Number(/, (\d+)$/.exec(parameters)?.[1]), endedAt);
    } else {
      const node = this.#find(first);
      if (second === undefined || node === undefined)
        throw new Error(`${name} of ${first} leads out of the recording.`);
      this.#name(second, node, endedAt);
      if (name.startsWith("rename")) this.#name(first, null, endedAt);
    }
  }

  /** A call on an open file or folder. */
  #onDescriptor(call: TracedCall, keyOf: (descriptor: number) => string): void {
    const { name, parameters, result, beganAt, endedAt } = call;
    const descriptor = descriptorOf(parameters);
    if (descriptor === null) return;
    const key = keyOf(descriptor.number);
    const open = this.#open.get(key);
    if (name === "close") this.#open.delete(key);
    if (!this.#isInside(descriptor.path)) return;
    const node = open?.node ?? this.#find(descriptor.path);
    if (node === undefined) return;
    if (name === "fsync" || name === "fdatasync") this.#sync(node, descriptor.path, beganAt, endedAt);
    else if (name === "lseek" && open !== undefined) open.position = result;
    else if (node.kind === "file") this.#changed(call, node, open ?? null, descriptor.path);
  }

  #opened({ name, parameters, resultPath, endedAt }: TracedCall, key: string): void {
    this.#open.delete(key);
    const [path] = pathsOf(parameters);
    if (path === undefined || resultPath === null || !this.#isInside(resultPath)) return;
    const flags = name === "creat" ? "O_CREAT|O_TRUNC" : (/", ([A-Z_|]+)/.exec(parameters)?.[1] ?? "");
    let node = this.#find(resultPath);
    if (node === undefined) {
      if (!flags.includes("O_CREAT")) return;
      node = newFile(null, 0);
      this.#name(resultPath, node, endedAt);
    } else if (flags.includes("O_TRUNC") && node.kind === "file" && node.size > 0) cut(node, 0, endedAt);
    this.#open.set(key, {
      node,
      position: 0,
      appends: flags.includes("O_APPEND"),
      synchronous: flags.includes("SYNC"),
    });
  }

  #changed(call: TracedCall, node: FileNode, open: OpenFile | null, path: string): void {
    const { name, parameters, endedAt } = call;
    if (name === "ftruncate") cut(node, Number(/, (\d+)$/.exec(parameters)?.[1]), endedAt);
    else if (name === "fallocate") {
      const [, mode, offset, length] = /, ([^,]+), (\d+), (\d+)$/.exec(parameters) ?? [];
      if (mode === "0" && Number(offset) + Number(length) > node.size)
        cut(node, Number(offset) + Number(length), endedAt);
      else if (mode !== "0" && mode !== "FALLOC_FL_KEEP_SIZE") throw new Error(`fallocate with ${mode} on ${path}.`);
    } else if (name.startsWith("write") || name.startsWith("pwrite")) {
      const bytes = writtenBytes(call);
      const isPlaced = name.startsWith("pwrite");
      // A descriptor that a program was started with: logs, which are appended to.
      const appends = open?.appends ?? true;
      const offset = isPlaced
        ? Number((name === "pwritev2" ? /, (\d+), [^,]+$/ : /, (\d+)$/).exec(parameters)?.[1])
        : appends
          ? node.size
          : (open?.position ?? 0);
      node.changes.push({ at: endedAt, offset, bytes });
      node.size = Math.max(node.size, offset + bytes.length);
      if (!isPlaced && open !== null) open.position = offset + bytes.length;
      if (open?.synchronous === true) this.#sync(node, path, endedAt + 0.5, endedAt + 0.5);
    }
  }
}

function cut(node: FileNode, size: number, at: number): void {
  node.changes.push({ at, offset: size, bytes: null });
  node.size = size;
}

/** The newest moment that syncs which ended before `at` cover; -1 for none. */
function latest(syncs: readonly Sync[], at: number): number {
  let covers = -1;
  for (const sync of syncs) if (sync.endedAt < at && sync.covers > covers) covers = sync.covers;
  return covers;
}

function contentOf(node: FileNode, at: number, isKept: (change: Change) => boolean): Buffer {
  let bytes: Buffer = node.base === null ? Buffer.alloc(0) : readFileSync(node.base);
  let size = bytes.length;
  const makeRoom = (wanted: number): void => {
    if (wanted <= bytes.length) return;
    const larger = Buffer.alloc(Math.max(wanted, 2 * bytes.length));
    bytes.copy(larger, 0, 0, size);
    bytes = larger;
  };
  for (const change of node.changes) {
    if (change.at >= at || !isKept(change)) continue;
    if (change.bytes === null) {
      makeRoom(change.offset);
      if (change.offset < size) bytes.fill(0, change.offset, size);
      size = change.offset;
    } else {
      makeRoom(change.offset + change.bytes.length);
      change.bytes.copy(bytes, change.offset);
      size = Math.max(size, change.offset + change.bytes.length);
    }
  }
  return bytes.subarray(0, size);
}

/** Coins from a seed (mulberry32). */
function coins(seed: number): () => boolean {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) & 1) === 1;
  };
}

function loadFolder(path: string): FolderNode {
  const folder = newFolder();
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    const node = entry.isDirectory() ? loadFolder(below) : newFile(below, statSync(below).size);
    folder.entries.set(entry.name, node);
    folder.base.set(entry.name, node);
  }
  return folder;
}
