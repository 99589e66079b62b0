import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "@lienthong/chassis";
import type { Reader } from "@lienthong/event-store";
import { logStopped } from "./log-stopped.ts";

/** A new leader may need a moment before it shows all that its predecessor had committed. */
const shorterStreamGraceMs = 5_000;

/**
 * Resolves when the stream reaches the sealed `size` and has no holes, or the signal is aborted; waits for a store that does not answer. Throws
 * LogStoppedError where the stream is not the one that was sealed.
 */
export async function expectWholeStream(
  reader: Reader,
  size: number,
  on: { readonly log: string; readonly signal: AbortSignal; readonly logger: Logger },
): Promise<void> {
  for (let deadlineMs = performance.now() + shorterStreamGraceMs; ; await wait(100)) {
    if (on.signal.aborted) return;
    const asked = await reader.state().catch((error: Error) => error);
    const late = performance.now() > deadlineMs;
    if (asked instanceof Error) {
      // The store may be starting; nothing is signed meanwhile.
      if (late) on.logger.warn({ log: on.log, err: asked }, "The log waits for its stream.");
      deadlineMs = late ? performance.now() + shorterStreamGraceMs : deadlineMs;
      await wait(200);
      continue;
    }
    const { firstSequence, lastSequence, messageCount } = asked;
    if (lastSequence >= size) {
      if (lastSequence > 0 && (firstSequence !== 1 || messageCount !== lastSequence)) {
        throw logStopped(
          on.log,
          `the stream has holes: it counts ${messageCount} messages between ${firstSequence} and ${lastSequence}.`,
        );
      }
      return;
    }
    if (late) {
      throw logStopped(
        on.log,
        `the stream ends at message ${lastSequence}, but ${size} entries were sealed: entries are missing.`,
      );
    }
  }
}
