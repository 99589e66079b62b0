/** How the waits between attempts grow. */
export interface BackOffOptions {
  /** Longest wait before the second attempt, in milliseconds; doubles with each failure. */
  readonly firstBackoffMs: number;
  /** Longest wait of all, in milliseconds. */
  readonly backoffMsMax: number;
}

/** Wait after a number of failures in a row, in milliseconds. Half of it is random: those who failed together do not come back together. */
export function backOffMs(failures: number, { firstBackoffMs, backoffMsMax }: BackOffOptions): number {
  const longest = Math.min(backoffMsMax, firstBackoffMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return longest / 2 + (Math.random() * longest) / 2;
}

/** Resolves after a while, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
