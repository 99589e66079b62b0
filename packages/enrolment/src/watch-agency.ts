import { setTimeout as wait } from "node:timers/promises";
import { BusCallError, type RegistryCalls } from "@lienthong/client";
import { type AgencyChange, AgencyChanges } from "./agency-changes.ts";
import { EnrolmentRefusedError } from "./refused.ts";
import { RegistryCopy } from "./registry-copy.ts";

/** Between two attempts to reach the registry again. */
const reopenAfterMs = 1_000;

/** Whose changes, from which registry. */
export interface WatchAgencyOptions {
  readonly registry: RegistryCalls;
  readonly agency: string;
  /** Hash of entry 0 that is trusted; absent: whatever is there. */
  readonly network?: Uint8Array;
  /** Ends the watch well. */
  readonly signal: AbortSignal;
  /** The watch was lost and is opened again, from where it was. */
  readonly onInterruption?: (why: string) => void;
}

/** A change, or the news that all there was has been told. */
export type WatchNews =
  | { readonly kind: "change"; readonly change: AgencyChange }
  | { readonly kind: "complete"; readonly size: bigint };

/**
 * An agency's changes, all that were and then each as it is recorded, until the signal is aborted. Every entry of the log is checked on the
 * way, so none can be left out unseen; a registry that shows another log after an interruption is refused.
 */
export async function* watchAgency(options: WatchAgencyOptions): AsyncGenerator<WatchNews, void> {
  const { registry, agency, signal } = options;
  const copy = new RegistryCopy(registry, options.network ?? null);
  const changes = new AgencyChanges(agency);
  let isComplete = false;
  while (!signal.aborted) {
    try {
      const fromNumber = BigInt(copy.state.size);
      for await (const { signedEntries, head } of registry.watchEntries({ fromNumber, signal })) {
        for (const applied of await copy.add(signedEntries)) {
          const change = changes.read(applied);
          if (change !== null) yield { kind: "change", change };
        }
        if (head === undefined) continue;
        copy.checkHead(head);
        if (isComplete || head.size !== BigInt(copy.state.size)) continue;
        if (copy.state.agency(agency) === undefined) throw new EnrolmentRefusedError("AGENCY_UNKNOWN", { agency });
        isComplete = true;
        yield { kind: "complete", size: head.size };
      }
    } catch (error) {
      if (!(error instanceof BusCallError)) throw error;
      if (error.reason === "FIELD_INVALID") {
        const what = `it has fewer than the ${copy.state.size} entries that it gave before`;
        throw new EnrolmentRefusedError("REGISTRY_FORKED", { what }, { cause: error });
      }
      // A registry that nobody could reach from the start is said at once; one that went away is waited for.
      if (error.retry === "terminal" || copy.state.size === 0) throw error;
      options.onInterruption?.(error.message);
      await wait(reopenAfterMs, undefined, { signal }).catch(() => {});
    }
  }
}
