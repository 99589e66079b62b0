import { Worker } from "node:worker_threads";
import { type DurableHeadValue, openDurableHead } from "./durable-head.ts";
import { headMailbox, headMailboxMemory } from "./head-mailbox.ts";

/** Writes a durable head without holding up the thread that uses it. */
export interface HeadWriter {
  /** The newest value known to be on the disk; null if there is none. */
  written(): DurableHeadValue | null;
  /**
   * Resolves when this value, or a later one, is on the disk. What is asked while a write is under way shares the next one. A value that
   * is not later than one asked before is not written again. Rejects if the disk does not take it, and from then on always.
   */
  write(value: DurableHeadValue): Promise<void>;
  /** Waits for what was asked. */
  close(): Promise<void>;
}

/** What the thread tells after each write. */
export interface HeadWritten {
  readonly ticket: number;
  /** Why it failed; null if the value is on the disk. */
  readonly problem: string | null;
}

/** A value on its way to the disk. */
interface Asked {
  readonly value: DurableHeadValue;
  readonly ticket: number;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Opens the head at `path` with a thread of its own. Why: written on the main thread, 0.3 to 0.4 ms a time, it took a third of that thread
 * at 850 events a second; on the shared thread pool it would wait behind signature checks.
 */
export function openHeadWriter(path: string): HeadWriter {
  // Opened here first: a head that cannot be read must stop whoever starts, not a thread.
  const opened = openDurableHead(path);
  let written = opened.read();
  opened.close();
  const memory = headMailboxMemory();
  const mailbox = headMailbox(memory);
  const worker = new Worker(new URL("./head-writer-worker.ts", import.meta.url), { workerData: { path, memory } });
  // The process may end while nothing is being written.
  worker.unref();
  let asked: Asked[] = [];
  let failure: Error | null = null;

  function fail(error: Error): void {
    failure = error;
    for (const { done } of asked) done.reject(error);
    asked = [];
    worker.unref();
  }

  worker.on("message", ({ ticket, problem }: HeadWritten) => {
    if (failure !== null) return;
    if (problem !== null) {
      fail(new Error(problem));
      return;
    }
    const index = asked.findIndex((each) => each.ticket === ticket);
    for (const { value, done } of asked.splice(0, index + 1)) {
      written = value;
      done.resolve();
    }
    if (asked.length === 0) worker.unref();
  });
  worker.on("error", fail);

  return {
    written: () => written,
    write(value) {
      if (failure !== null) return Promise.reject(failure);
      const last = asked.at(-1);
      if (!isLater(value, last?.value ?? written)) {
        if (!isLater(value, written)) return Promise.resolve();
        return (asked.find((each) => !isLater(value, each.value)) as Asked).done.promise;
      }
      const done = Promise.withResolvers<void>();
      // Whoever shares a write may not wait for it.
      done.promise.catch(() => {});
      if (asked.length === 0) worker.ref();
      asked.push({ value, ticket: mailbox.put(value), done });
      return done.promise;
    },
    async close() {
      await asked.at(-1)?.done.promise.catch(() => {});
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      worker.ref();
      mailbox.close();
      await ended;
    },
  };
}

function isLater(value: DurableHeadValue, than: DurableHeadValue | null): boolean {
  if (than === null || value.generation !== than.generation) return than === null || value.generation > than.generation;
  return value.sequence > than.sequence;
}
