import { busError } from "@lienthong/chassis";
import type { RegistryFollower } from "./registry-follower.ts";

/** Watchers of one process, and of one system in it: each costs a stream and, while it catches up, reads at the leader. */
const watchersMax = 256;
const watchersOfSystemMax = 8;

/** Whoever waits for entries, counted. */
export class EntryWatches {
  readonly #follower: RegistryFollower;
  readonly #bySystem = new Map<string, number>();
  #count = 0;

  constructor(follower: RegistryFollower) {
    this.#follower = follower;
  }

  /** Takes a place; the function given back leaves it. Throws OVERLOADED. */
  enter(system: string): () => void {
    const own = this.#bySystem.get(system) ?? 0;
    if (this.#count >= watchersMax || own >= watchersOfSystemMax) {
      throw busError("OVERLOADED", { watchers: String(this.#count), of_system: String(own) });
    }
    this.#count += 1;
    this.#bySystem.set(system, own + 1);
    return () => {
      this.#count -= 1;
      const left = (this.#bySystem.get(system) ?? 1) - 1;
      if (left === 0) this.#bySystem.delete(system);
      else this.#bySystem.set(system, left);
    };
  }

  /** Whether nothing is certainly recorded behind what is folded. */
  isConfirmed(): boolean {
    return this.#follower.confirmed(2_000);
  }

  /** Asks the leader, so that what was recorded before is folded. Throws REGISTRY_UNCONFIRMED. */
  async catchUp(): Promise<void> {
    await this.#follower.catchUp(2_000).catch((cause: unknown) => {
      throw busError("REGISTRY_UNCONFIRMED", {}, { cause });
    });
  }

  /** Resolves when entry `number` is folded, after `withinMs`, or when a signal is aborted. Throws REGISTRY_UNCONFIRMED if it never will be. */
  async waitFor(number: number, withinMs: number, signal: AbortSignal): Promise<void> {
    await this.#follower.waitForSize(number + 1, withinMs, signal).catch(() => {});
    const cause = this.#follower.stoppedBecause();
    if (cause !== null) throw busError("REGISTRY_UNCONFIRMED", {}, { cause });
  }
}
