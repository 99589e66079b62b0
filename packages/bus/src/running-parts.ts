/** Parts that were started, in order; stopped in reverse, each even if another fails. */
export class RunningParts {
  readonly #parts: { readonly name: string; readonly stop: () => Promise<unknown> }[] = [];

  /** Remembers how to stop a part that runs now. */
  add(name: string, stop: () => Promise<unknown>): void {
    this.#parts.push({ name, stop });
  }

  /** Stops what runs. Rejects at the end with all that failed. */
  async stopAll(): Promise<void> {
    const failures: Error[] = [];
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      const { name, stop } = part;
      await stop().catch((cause: unknown) =>
        failures.push(new Error(`${name} did not stop in good order.`, { cause })),
      );
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join(" "));
  }
}
