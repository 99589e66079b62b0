import type { Holder, Subscription } from "./subscription.ts";

/** Fetched deliveries that may be under way in one subscription at a time: what callers that never settle cost at most. */
const fetchedMax = 10_000;

/**
 * Stands for those who fetch from a subscription, between their calls: what they were given stays under way, and what waits stays
 * in memory, for as long as they can be expected again.
 */
export class FetchDesk implements Holder {
  readonly subscription: Subscription;
  /** Calls that wait for a page. */
  callCount = 0;
  /** Fetched and not yet settled or taken back. */
  underWayCount = 0;
  #lastCallMs = performance.now();
  /** It is given nothing itself. */
  readonly freeCredit = 0;

  constructor(subscription: Subscription) {
    this.subscription = subscription;
  }

  /** Deliveries that may be fetched now. */
  get room(): number {
    return fetchedMax - this.underWayCount;
  }

  callEnded(): void {
    this.callCount -= 1;
    this.#lastCallMs = performance.now();
  }

  /** Nobody fetches, nothing fetched is under way, and nobody has come back since. */
  deserted(sinceMs: number): boolean {
    return this.callCount === 0 && this.underWayCount === 0 && this.#lastCallMs <= sinceMs;
  }

  release(): void {}
}
