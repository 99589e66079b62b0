import { LRUCache } from "lru-cache";

/** Statements that an agency may make about one dossier in a burst, and per second after it. Offices make a few a day. */
const burstMax = 256;
const perSecond = 50;
/** Pairs of agency and dossier that are remembered: more than can be at their limit at once. */
const rememberedMax = 20_000;

/**
 * Keeps one agency that races its own dossier from taking the processor from everybody else: what goes beyond is refused, retryably,
 * before its signature is checked. Counted per author and dossier, so nobody can use up what is another's.
 */
export class StatementRate {
  readonly #buckets = new LRUCache<string, { tokens: number; atMs: number }>({ max: rememberedMax });

  /** Takes one; false if there is none. `nowMs`: any monotonic clock. */
  take(agency: string, dossier: string, nowMs: number): boolean {
    const key = `${agency}/${dossier}`;
    const bucket = this.#buckets.get(key) ?? { tokens: burstMax, atMs: nowMs };
    bucket.tokens = Math.min(burstMax, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1_000);
    bucket.atMs = nowMs;
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens -= 1;
    this.#buckets.set(key, bucket);
    return allowed;
  }
}
