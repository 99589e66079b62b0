/** Callers that wait until a log has grown over a leaf. */
export class Waiting {
  readonly #waiters = new Set<{ index: number; resolve: () => void; reject: (error: Error) => void }>();

  /** How many wait. */
  get count(): number {
    return this.#waiters.size;
  }

  /** Resolves at `reached` of a size above the index; rejects with the signal's reason, or when all are told off. */
  until(index: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { index, resolve, reject };
    const onAbort = (): void => {
      this.#waiters.delete(waiter);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiters.add(waiter);
    return promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  /** Lets go whoever waits for a leaf below the size. */
  reached(size: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.index >= size) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Lets all go with an error. */
  tellOff(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}
