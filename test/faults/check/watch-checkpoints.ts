import { setTimeout as wait } from "node:timers/promises";
import { parseCheckpoint, parseNote } from "@lienthong/tlog";

/** A checkpoint that was seen, and when. */
export interface SeenCheckpoint {
  readonly note: string;
  readonly size: number;
  readonly atMs: number;
}

/** Looks at the published checkpoint over HTTP all the time, as a monitor would, and keeps each that is new. */
export class CheckpointWatch {
  readonly seen: SeenCheckpoint[] = [];
  readonly #urlOf: () => string;
  readonly #everyMs: number;
  #watching = true;
  readonly #done: Promise<void>;

  /** `urlOf`: where the log is now; it moves when the ledger is started again. */
  constructor(urlOf: () => string, everyMs = 300) {
    this.#urlOf = urlOf;
    this.#everyMs = everyMs;
    this.#done = this.#watch();
  }

  async stop(): Promise<void> {
    this.#watching = false;
    await this.#done;
  }

  async #watch(): Promise<void> {
    while (this.#watching) {
      await this.#look().catch(() => {});
      await wait(this.#everyMs);
    }
  }

  async #look(): Promise<void> {
    const answer = await fetch(`${this.#urlOf()}/checkpoint`, { signal: AbortSignal.timeout(2_000) });
    if (!answer.ok) return;
    const note = await answer.text();
    if (note === this.seen.at(-1)?.note) return;
    this.seen.push({ note, size: parseCheckpoint(parseNote(note).text).size, atMs: Date.now() });
  }
}
