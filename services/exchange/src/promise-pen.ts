import { addMs } from "@lienthong/chassis";
import type { Promise as InclusionPromise } from "@lienthong/contracts/ledger/v1/promise";
import { promiseBatch, readEvent, type SigningKey } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import type { EventDraft } from "./event-draft.ts";

/** Signs the bus's word for accepted events: once per batch. */
export interface PromisePen {
  /** Promises for a round, in the order of their log index. */
  promise<Appended extends { readonly draft: { readonly event: EventDraft }; readonly sequence: number }>(
    appended: readonly Appended[],
  ): (Appended & { readonly promise: InclusionPromise })[];
  /** A new promise for an event that was accepted before, with the same `include_by`. */
  promiseAgain(eventBytes: Uint8Array): InclusionPromise;
}

/** The pen of one replica. `promiseDelayMs` is the shard's, from the registry. */
export function createPromisePen(options: {
  key: SigningKey;
  network: Uint8Array;
  origin: string;
  promiseDelayMs: number;
}): PromisePen {
  const { key, network, origin, promiseDelayMs } = options;
  const sign = (leafHashes: readonly Uint8Array[], wallTime: EventDraft["wallTime"]) =>
    promiseBatch(key, { network, origin, leafHashes, includeBy: addMs(wallTime, promiseDelayMs) });
  return {
    promise(appended) {
      // `include_by` follows from an event's own wall_time, so that a retry is promised the same. In one round these differ
      // only where the clock stepped back.
      const byTime = Map.groupBy(
        appended,
        ({ draft: { event } }) => `${event.wallTime.seconds}.${event.wallTime.nanos}`,
      );
      return [...byTime.values()].flatMap((group) => {
        const first = group[0];
        if (first === undefined) return [];
        const promises = sign(
          group.map(({ draft }) => draft.event.hash),
          first.draft.event.wallTime,
        );
        return group.map((item, index) => ({ ...item, promise: promises[index] as InclusionPromise }));
      });
    },
    promiseAgain(eventBytes) {
      const { header } = readEvent(eventBytes);
      if (header.wallTime === undefined) throw new Error("A recorded event has no wall_time.");
      return sign([leafHash(eventBytes)], header.wallTime)[0] as InclusionPromise;
    },
  };
}
