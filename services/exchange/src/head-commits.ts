import type { ShardGuard } from "./shard-guard.ts";

/** Commits of the durable head, those of one turn of the event loop together: one fsync serves every round that ended in it. */
export class HeadCommits {
  readonly #guard: ShardGuard;
  #sequence = 0;
  #hash: Uint8Array = new Uint8Array(0);
  #waiting: PromiseWithResolvers<void> | null = null;

  constructor(guard: ShardGuard) {
    this.#guard = guard;
  }

  /**
   * Resolves when the head on disk is at this event or a later one. A later event in the stream means that this one is in it, too.
   * Rejects with ShardStoppedError if the disk does not take it: without a head outside the store, nobody may be answered.
   */
  commit(sequence: number, hash: Uint8Array): Promise<void> {
    if (sequence > this.#sequence) {
      this.#sequence = sequence;
      this.#hash = hash;
    }
    if (this.#waiting === null) {
      const waiting = Promise.withResolvers<void>();
      this.#waiting = waiting;
      setImmediate(() => {
        this.#waiting = null;
        try {
          this.#guard.commit(this.#sequence, this.#hash);
          waiting.resolve();
        } catch (error) {
          waiting.reject(
            this.#guard.stop(`its head could not be written outside the store (${(error as Error).message}).`),
          );
        }
      });
    }
    return this.#waiting.promise;
  }
}
