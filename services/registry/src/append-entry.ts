import { setTimeout as wait } from "node:timers/promises";
import { busError, type Clock, timestampToMs } from "@lienthong/chassis";
import { type Appender, registrySubject } from "@lienthong/event-store";
import { type Head, hexOf, type ReadEntry, RegistryEntryRefusedError, readEntry } from "@lienthong/registry-state";
import type { RegistryFollower } from "./registry-follower.ts";

/** How far the registrar's clock may be ahead: an entry from the future would block every honest one until then. */
const recordedTimeAheadMsMax = 60_000;
/** Entries that wait at most; the registrar signs a handful a day. */
const waitingMax = 64;
/** How long an append may take before the caller is told to ask again. */
const outcomeWaitMs = 10_000;

/** Answer of an append, the same however often the entry is brought. */
export interface EntryAppended {
  /** The head that the entry made. */
  readonly head: Head;
  readonly number: bigint;
}

/** Appends entries that the registrar signed, one after the other. */
export interface EntryAppender {
  /** @throws BusError with the reason and the field. */
  append(signedEntry: Uint8Array): Promise<EntryAppended>;
}

export function createEntryAppender(dependencies: {
  readonly follower: RegistryFollower;
  readonly appender: Pick<Appender, "appendSingly">;
  readonly clock: Clock;
}): EntryAppender {
  const { follower, appender, clock } = dependencies;
  const { state } = follower;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function answerOf({ entry, hash }: ReadEntry): EntryAppended | null {
    if (!state.includes(entry.number, hash)) return null;
    return { head: state.headAt(entry.number + 1n), number: entry.number };
  }

  async function append(signedEntry: Uint8Array): Promise<EntryAppended> {
    const read = refusing(() => readEntry(signedEntry));
    const recordedTime = read.entry.recordedTime;
    if (recordedTime !== undefined && timestampToMs(recordedTime) > clock.nowMs() + recordedTimeAheadMsMax) {
      throw busError("REGISTRY_ENTRY_INVALID", {
        field: "entry.recorded_time",
        allowed: "the present, by a clock that is not more than a minute fast",
      });
    }
    const deadlineMs = performance.now() + outcomeWaitMs;
    let isOutcomeUnknown = false;
    for (;;) {
      // What the leader holds decides: a state that lags could refuse an entry that follows from the true head.
      await follower.catchUp(outcomeWaitMs).catch((cause: unknown) => {
        throw busError(isOutcomeUnknown ? "OUTCOME_UNKNOWN" : "REGISTRY_UNCONFIRMED", {}, { cause });
      });
      const known = answerOf(read);
      if (known !== null) {
        // Folded is not enough: what is answered for must be on this process's own disk as well.
        await follower.waitForSize(known.number + 1n, outcomeWaitMs).catch((cause: unknown) => {
          throw busError("OUTCOME_UNKNOWN", {}, { cause });
        });
        return known;
      }
      const head = state.size === 0 ? null : state.head;
      refusing(() => state.check(signedEntry), head);
      const message = { subject: registrySubject, payload: read.bytes, expectedLastSubjectSequence: state.size };
      // The entry becomes durable in this call. A crash here leaves it stored or not; whoever brings the same bytes again
      // gets the answer, and of two entries for one place only one passes the compare-and-set.
      const [outcome] = await appender.appendSingly([message]);
      if (outcome?.kind === "appended" || outcome?.kind === "conflict") {
        isOutcomeUnknown = isOutcomeUnknown || outcome.kind === "appended";
        continue;
      }
      if (outcome?.kind === "unknown") isOutcomeUnknown = true;
      if (performance.now() >= deadlineMs) {
        throw busError(
          isOutcomeUnknown ? "OUTCOME_UNKNOWN" : "REGISTRY_UNCONFIRMED",
          {},
          { cause: outcome?.kind === "unknown" ? outcome.cause : new Error(outcome?.description) },
        );
      }
      await wait(50);
    }
  }

  return {
    append(signedEntry) {
      // One at a time: entries of one process would only lose races against each other.
      if (waiting >= waitingMax) return Promise.reject(busError("OVERLOADED"));
      waiting += 1;
      const done = last
        .then(() => append(signedEntry))
        .finally(() => {
          waiting -= 1;
        });
      last = done.catch(() => {});
      return done;
    },
  };
}

/** Refusals of the registry's rules as the bus tells them; a head that moved is named. */
function refusing<T>(work: () => T, head: Head | null = null): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RegistryEntryRefusedError)) throw error;
    const { reason, field, allowed, message } = error;
    const present = reason === "REGISTRY_HEAD_MOVED" && head !== null;
    const facts = present ? { size: String(head.size), root: hexOf(head.root) } : {};
    throw busError(reason, { field, allowed, message, ...facts }, { cause: error });
  }
}
