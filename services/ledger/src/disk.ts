import { Worker } from "node:worker_threads";

/** A file to put under a path. */
export interface FileToPut {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Uint8Array;
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

/**
 * Opens the disk with a thread of its own. Why: each file takes a sync of its own, so writing takes about as long as hashing; on the main thread it
 * would hold up every call, on the shared thread pool each step of each file would wait for a turn of the loop.
 */
export function openDisk(): ThreadDisk {
  const worker = new Worker(new URL("./disk-worker.ts", import.meta.url));
  // The process may end while nothing is being written.
  worker.unref();
  const asked = new Map<number, PromiseWithResolvers<void>>();
  let lastTicket = 0;
  let broken: Error | null = null;

  worker.on("message", ({ ticket, problem }: DiskReply) => {
    const done = asked.get(ticket);
    asked.delete(ticket);
    if (asked.size === 0) worker.unref();
    if (problem === null) done?.resolve();
    else done?.reject(Object.assign(new Error(problem.message), { code: problem.code }));
  });
  const breakOff = (error: Error): void => {
    broken ??= error;
    for (const done of asked.values()) done.reject(broken);
    asked.clear();
  };
  worker.on("error", breakOff);
  worker.on("exit", () => breakOff(new Error("The thread that writes the ledger's files has ended.")));

  function ask(files: readonly FileToPut[], folders: readonly string[]): Promise<void> {
    if (broken !== null) return Promise.reject(broken);
    const done = Promise.withResolvers<void>();
    lastTicket += 1;
    asked.set(lastTicket, done);
    worker.ref();
    worker.postMessage({ ticket: lastTicket, files, folders } satisfies DiskOrder);
    return done.promise;
  }

  return {
    putFiles: (files) => ask(files, []),
    removeFolders: (paths) => ask([], paths),
    async close() {
      await Promise.allSettled([...asked.values()].map(({ promise }) => promise));
      await worker.terminate();
    },
  };
}
