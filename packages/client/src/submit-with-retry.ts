import { setTimeout as delay } from "node:timers/promises";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { BusCallError } from "./bus-call-error.ts";

/** How often and how long to try. */
export interface RetryOptions {
  /** Attempts in all. Default 8. */
  readonly attemptsMax?: number;
  /** Upper bound of the wait before the second attempt, in milliseconds; doubles with each. Default 50. */
  readonly firstBackoffMs?: number;
  /** Upper bound of any wait that the bus did not ask for, in milliseconds. Default 2,000. */
  readonly backoffMsMax?: number;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal;
  /** Told of each attempt that failed and will be repeated. */
  readonly onRetry?: (error: BusCallError, attempt: number) => void;
}

/**
 * Submits the same envelope until the bus accepts or refuses it: after a lost answer, the bus finds what it recorded. Reasons that
 * repeating cannot change are thrown at once; the last error is thrown when the attempts are used up.
 */
export async function submitWithRetry(
  submit: (envelope: Uint8Array) => Promise<AcceptedStatement>,
  envelope: Uint8Array,
  { attemptsMax = 8, firstBackoffMs = 50, backoffMsMax = 2_000, signal, onRetry }: RetryOptions = {},
): Promise<AcceptedStatement> {
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await submit(envelope);
    } catch (error) {
      if (!(error instanceof BusCallError) || error.retry === "terminal" || attempt >= attemptsMax) throw error;
      onRetry?.(error, attempt);
      const backoffMs = Math.min(backoffMsMax, firstBackoffMs * 2 ** (attempt - 1));
      // A random part of it, so that clients that failed together do not come back together.
      await delay(
        (error.retryAfterMs ?? 0) + Math.random() * backoffMs,
        undefined,
        signal === undefined ? {} : { signal },
      );
    }
  }
}
