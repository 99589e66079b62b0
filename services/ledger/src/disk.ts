import { Worker } from "node:worker_threads";

/** A file to put under a path. */
export interface FileToPut {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The bytes have a buffer of their own and are not looked at again by whoever hands them over: a disk may take them away instead of copying them. */
  readonly isGivenAway?: true;
}

/** The writes of a ledger. A test's disk loses or lands each of them. */
export interface Disk {
  /**
   * Puts files: each written aside, fsynced, renamed; then every folder whose names changed fsynced. Durable under their names when it
   * resolves. A crash before that leaves any part of them, each whole or absent, never torn. Rejects if the disk refuses one. The bytes must
   * not be changed until then.
   */
  putFiles(files: readonly FileToPut[]): Promise<void>;
  /** Removes folders and all in them; a crash may leave some. */
  removeFolders(paths: readonly string[]): Promise<void>;
}

/** A disk on a thread of its own. */
export interface ThreadDisk extends Disk {
  /** Waits for what was asked, then ends the thread. */
  close(): Promise<void>;
}

/** What the thread is asked. */
export interface DiskOrder {
  readonly ticket: number;
  readonly files: readonly FileToPut[];
  readonly folders: readonly string[];
}

/** What it answers. */
export interface DiskReply {
  readonly ticket: number;
  /** Null if it is done. */
  readonly problem: { readonly message: string; readonly code: string } | null;
}

/** Threads that share many files: a journal commits what waits together, so four syncs at a time take about half as long as one after another. */
const threadsMax = 4;
/** Files from which on it is worth sharing them. */
const sharedFrom = 16;

/**
 * Opens the disk on threads of its own: one, and others once many files are to be put at a time. Why: each file takes a sync of its own, so writing
 * takes about as long as hashing; on the main thread it would hold up every call, on the shared thread pool each step of each file would wait
 * for a turn of the loop.
 */
export function openDisk(): ThreadDisk {
  const threads: DiskThread[] = [new DiskThread()];

  return {
    async putFiles(files) {
      if (files.length < sharedFrom) return (threads[0] as DiskThread).ask(files, []);
      while (threads.length < threadsMax) threads.push(new DiskThread());
      const share = Math.ceil(files.length / threads.length);
      // Every part is waited for, also when one failed: nothing may still be on its way when the caller opens the folder again.
      const parts = await Promise.allSettled(
        threads.map((thread, i) => thread.ask(files.slice(i * share, (i + 1) * share), [])),
      );
      for (const part of parts) if (part.status === "rejected") throw part.reason;
    },
    removeFolders: (paths) => (threads[0] as DiskThread).ask([], paths),
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/** A thread that does what it is asked in that order. */
class DiskThread {
  readonly #worker = new Worker(new URL("./disk-worker.ts", import.meta.url));
  readonly #asked = new Map<number, PromiseWithResolvers<void>>();
  #lastTicket = 0;
  #broken: Error | null = null;

  constructor() {
    // The process may end while nothing is being written.
    this.#worker.unref();
    this.#worker.on("message", ({ ticket, problem }: DiskReply) => {
      const done = this.#asked.get(ticket);
      this.#asked.delete(ticket);
      if (this.#asked.size === 0) this.#worker.unref();
      if (problem === null) done?.resolve();
      else done?.reject(Object.assign(new Error(problem.message), { code: problem.code }));
    });
    this.#worker.on("error", (error: Error) => this.#breakOff(error));
    this.#worker.on("exit", () => this.#breakOff(new Error("The thread that writes the ledger's files has ended.")));
  }

  #breakOff(error: Error): void {
    this.#broken ??= error;
    for (const done of this.#asked.values()) done.reject(this.#broken);
    this.#asked.clear();
  }

  ask(files: readonly FileToPut[], folders: readonly string[]): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    if (files.length === 0 && folders.length === 0) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    this.#lastTicket += 1;
    this.#asked.set(this.#lastTicket, done);
    this.#worker.ref();
    const given = files.flatMap(({ bytes, isGivenAway }) =>
      isGivenAway === true ? [bytes.buffer as ArrayBuffer] : [],
    );
    this.#worker.postMessage({ ticket: this.#lastTicket, files, folders } satisfies DiskOrder, given);
    return done.promise;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#asked.values()].map(({ promise }) => promise));
    await this.#worker.terminate();
  }
}
