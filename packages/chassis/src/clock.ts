import { type Timestamp, timestampFromMs, timestampToIso, timestampToMs } from "./timestamp.ts";

/** Where a service takes the time from. Every service is given one; none asks the system by itself. */
export interface Clock {
  /** The present instant. */
  now(): Timestamp;
  /** The same in whole milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number;
}

/** The system's clock, UTC. It may step back when the system's time is corrected. */
export const realClock: Clock = {
  now: () => timestampFromMs(Date.now()),
  nowMs: () => Date.now(),
};

/**
 * The clock of a scenario shard: begins at a base time, runs at the real rate, and jumps forward when told. It never goes back,
 * whatever happens to the system's time.
 */
export class SimulatedClock implements Clock {
  #baseMs: number;
  #baseElapsedMs: number;
  readonly #elapsedMs: () => number;
  readonly #listeners = new Set<(nowMs: number) => void>();

  /**
   * @param base what the clock shows now.
   * @param elapsedMs milliseconds since any fixed moment, never decreasing; the process's monotonic clock by default.
   */
  constructor(base: Timestamp, elapsedMs: () => number = () => performance.now()) {
    this.#elapsedMs = elapsedMs;
    this.#baseMs = timestampToMs(base);
    this.#baseElapsedMs = elapsedMs();
  }

  nowMs(): number {
    return this.#baseMs + Math.floor(this.#elapsedMs() - this.#baseElapsedMs);
  }

  now(): Timestamp {
    return timestampFromMs(this.nowMs());
  }

  /**
   * Jumps forward to an instant and runs on from there. An instant that is already past changes nothing.
   * @returns whether the clock jumped.
   */
  advanceTo(instant: Timestamp): boolean {
    const toMs = timestampToMs(instant);
    if (toMs <= this.nowMs()) return false;
    this.#baseMs = toMs;
    this.#baseElapsedMs = this.#elapsedMs();
    for (const listener of [...this.#listeners]) listener(toMs);
    return true;
  }

  /** Tells a listener of every jump, so that who waits for a due time can look again. Returns how to stop. */
  onAdvance(listener: (nowMs: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  toString(): string {
    return `simulated clock at ${timestampToIso(this.now())}`;
  }
}
