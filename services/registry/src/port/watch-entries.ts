import { busError, serverStreamHandler } from "@lienthong/chassis";
import type { WatchEntriesRequest, WatchEntriesResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { requireKnownSystem } from "../known-system.ts";
import { pageSizeMax } from "../page.ts";
import { readEntries } from "../read-entries.ts";
import type { RegistryContext } from "../registry-context.ts";

/** A sign of life at least so often; also how often the system is looked up again. */
const signOfLifeMs = 5_000;
/** How soon a head that could not be confirmed is looked at again. */
const unconfirmedWaitMs = 250;

export const watchEntries = (context: RegistryContext) =>
  serverStreamHandler<WatchEntriesRequest, WatchEntriesResponse>(async ({ fromNumber }, stream, call) => {
    const { state, watches } = context;
    const leave = watches.enter(requireKnownSystem(state, call.identity));
    const ending = AbortSignal.any([call.signal, call.drainSignal]);
    try {
      if (fromNumber > BigInt(state.size)) await watches.catchUp();
      if (fromNumber > BigInt(state.size)) {
        // Whoever names more entries than there are has seen another registry, or this one before it was cut.
        throw busError("FIELD_INVALID", { field: "from_number", allowed: `0 to ${state.size}, the size of the log` });
      }
      let wasAll = false;
      let sentAtMs = Number.NEGATIVE_INFINITY;
      for (let next = fromNumber; ; ) {
        if (call.drainSignal.aborted) throw busError("DRAINING");
        call.signal.throwIfAborted();
        const { entries, nextNumber } = await readEntries(context, next, pageSizeMax);
        next = nextNumber;
        const { head } = state;
        const isAll = next === head.size && watches.isConfirmed();
        const isSignDue = performance.now() - sentAtMs >= signOfLifeMs;
        if (entries.length > 0 || isSignDue || (isAll && !wasAll)) {
          // The next part is read when this one has gone out: a slow reader holds one part, not the log.
          await stream.send({ signedEntries: entries, nextNumber: next, head: isAll ? { ...head } : undefined });
          sentAtMs = performance.now();
          wasAll = isAll;
        }
        if (next < BigInt(state.size)) continue;
        await watches.waitFor(Number(next), isAll ? signOfLifeMs : unconfirmedWaitMs, ending);
        requireKnownSystem(state, call.identity);
      }
    } finally {
      leave();
    }
  });
