/** How much a key may take: `burst` at once, and `perSecond` in the long run. */
export interface Allowance {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * What keys (systems, agencies) may take, each by itself: nobody can use up what is another's. A library for this would bring stores and promises;
 * here it is a look-up and a subtraction on the path of every statement, and the answer is how long to wait.
 */
export class TokenBuckets {
  readonly allowance: Allowance;
  readonly #rememberedMax: number;
  /** Least recently used first. */
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  /** `rememberedMax`: keys that are remembered; more than can be at their limit at once. */
  constructor(allowance: Allowance, rememberedMax = 20_000) {
    this.allowance = allowance;
    this.#rememberedMax = rememberedMax;
  }

  /** Takes so much if it is there. 0: taken; else nothing was, and it will be there in so many milliseconds. `nowMs`: any monotonic clock. */
  take(key: string, count: number, nowMs: number): number {
    const bucket = this.#filled(key, nowMs);
    // What is larger than the whole burst goes when the bucket is full, or it would never go.
    if (bucket.tokens >= Math.min(count, this.allowance.burst)) {
      bucket.tokens -= count;
      return 0;
    }
    return this.#waitMs(bucket.tokens, count);
  }

  /** Takes so much in any case, and says how many milliseconds to take nothing more: for what has arrived already. */
  spend(key: string, count: number, nowMs: number): number {
    const bucket = this.#filled(key, nowMs);
    bucket.tokens -= count;
    return bucket.tokens >= 0 ? 0 : this.#waitMs(bucket.tokens, 0);
  }

  #filled(key: string, nowMs: number): { tokens: number; atMs: number } {
    const { perSecond, burst } = this.allowance;
    const known = this.#buckets.get(key);
    const bucket = known ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1_000);
    bucket.atMs = nowMs;
    if (known !== undefined) this.#buckets.delete(key);
    else if (this.#buckets.size >= this.#rememberedMax) this.#forgetOldest();
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }

  #waitMs(tokens: number, wanted: number): number {
    const { perSecond, burst } = this.allowance;
    return Math.max(1, Math.ceil(((Math.min(wanted, burst) - tokens) * 1_000) / perSecond));
  }
}
