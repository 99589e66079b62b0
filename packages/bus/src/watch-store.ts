import { setTimeout as wait } from "node:timers/promises";
import type { Reader } from "@lienthong/event-store";

const lookEveryMs = 1_000;
/** One look may fall into a change of leader that is over in a moment. */
const missesMax = 2;

/**
 * Looks every second whether a majority of the replicas stands behind a leader of the stream, and tells when that changes: without one
 * nothing is accepted, and whoever shares the load among replicas should know. Begins with "there is one", as a replica has read the stream
 * before it opens its port.
 */
export function watchStore(
  reader: Pick<Reader, "confirmed">,
  onChange: (canAccept: boolean) => void,
): { stop(): Promise<void> } {
  const ending = new AbortController();
  async function watch(): Promise<void> {
    let misses = 0;
    while (!ending.signal.aborted) {
      await wait(lookEveryMs, undefined, { signal: ending.signal }).catch(() => {});
      if (ending.signal.aborted) return;
      const isThere = await reader.confirmed().then(
        () => true,
        () => false,
      );
      if (ending.signal.aborted) return;
      if (isThere && misses >= missesMax) onChange(true);
      misses = isThere ? 0 : misses + 1;
      if (misses === missesMax) onChange(false);
    }
  }
  const watching = watch();
  return {
    async stop() {
      ending.abort();
      await watching;
    },
  };
}
