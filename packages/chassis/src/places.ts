import { busError } from "./bus-error.ts";
import { limitReached } from "./caller-limits.ts";

/** Places for something that takes memory while it lasts: so many in all, and no more than three quarters of them for one system. */
export class Places {
  readonly #max: number;
  readonly #ofOneMax: number;
  readonly #what: string;
  readonly #bySystem = new Map<string, number>();
  #taken = 0;

  /** `what`: "uploads", for sentences. */
  constructor(max: number, what: string) {
    this.#max = max;
    this.#ofOneMax = Math.ceil((max * 3) / 4);
    this.#what = what;
  }

  /** Takes one; the function given back leaves it. Throws OVERLOADED, or LIMIT_REACHED where others may still come in. */
  take(system: string): () => void {
    const own = this.#bySystem.get(system) ?? 0;
    if (this.#taken >= this.#max) throw busError("OVERLOADED");
    if (own >= this.#ofOneMax) {
      throw limitReached(`system ${system}`, `${this.#ofOneMax} ${this.#what} at a time`, 1_000);
    }
    this.#taken += 1;
    this.#bySystem.set(system, own + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#taken -= 1;
      const others = (this.#bySystem.get(system) ?? 1) - 1;
      if (others === 0) this.#bySystem.delete(system);
      else this.#bySystem.set(system, others);
    };
  }
}
