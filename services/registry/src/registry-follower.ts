import { setTimeout as wait } from "node:timers/promises";
import { createReader, type FollowedMessage, follow, registryStreamName } from "@lienthong/event-store";
import { type AppliedEntry, hexOf, RegistryState } from "@lienthong/registry-state";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import type { NatsConnection } from "@nats-io/nats-core";
import { changedRegistry, openRegistryGuard, type RegistryChangedError, type RegistryGuard } from "./registry-guard.ts";

/** Between two looks at the leader; with the answer's own time well under the 500 ms that the exchange counts on. */
const confirmEveryMs = 250;
/** A leader that takes longer is asked again. */
const confirmTimeoutMs = 1_000;
/** A new leader may need a moment before it shows all that its predecessor had committed. Meanwhile nothing is confirmed. */
const shorterStreamGraceMs = 5_000;

/** How the registry is followed. */
export interface FollowRegistryOptions {
  readonly connection: NatsConnection;
  /** Hash of entry 0 that this process trusts; a registry that begins otherwise is refused. Absent: whatever is there. */
  readonly network?: Uint8Array;
  /**
   * File that remembers, outside NATS, how far this follower had read, fsynced before anything behind it is confirmed. With it, a
   * stream that came back shorter or different is noticed after a restart, too. One process at a time; absent (tools that end
   * soon): only what happens while this process lives is noticed.
   */
  readonly headPath?: string;
  /** After each entry was folded, in order. What it throws ends the follower. */
  readonly onApplied?: (entry: AppliedEntry) => void;
  /**
   * The follower has ended and `confirmed` stays false: an entry was refused, the stream has a hole, became shorter or came back
   * different (RegistryChangedError), or the rights are missing. Going on would mean to act on a registry that the registrar did not
   * sign, or on one that forgot a revocation.
   */
  readonly onStopped?: (reason: Error) => void;
  /** For logs: the stream is out of reach and is being tried again. */
  readonly onInterruption?: (reason: string) => void;
}

/** The registry as it grows, in this process. */
export interface RegistryFollower {
  readonly state: RegistryState;
  /** Resolves when all that the stream held at the start is folded; rejects if the follower ends before. */
  readonly caughtUp: Promise<void>;
  /**
   * `performance.now()` of the latest moment at which the leader's last sequence was asked for and is folded; null before the
   * first. It is the time of the question, never of the answer: what was recorded later may be missing.
   */
  confirmedAtMs(): number | null;
  /** Whether everything recorded up to `maxAgeMs` ago is certainly in `state`. */
  confirmed(maxAgeMs: number): boolean;
  /** Asks the leader now and resolves when all it holds is folded. Rejects if it does not answer within `timeoutMs`. */
  catchUp(timeoutMs: number): Promise<void>;
  /** Resolves when `size` entries are folded and, with a head, remembered on disk; rejects if the follower ends, after `timeoutMs`, or when `signal` is aborted. */
  waitForSize(size: number | bigint, timeoutMs?: number, signal?: AbortSignal): Promise<void>;
  /** Why it ended; null while it runs. */
  stoppedBecause(): Error | null;
  stop(): Promise<void>;
}

interface Waiter {
  readonly size: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Folds the registry's stream and keeps asking its leader whether that was all, and whether the last entry read is still there. Message
 * i + 1 of the stream is entry i. Only the head is kept on disk: after a restart the log is folded again, about a second for
 * 8,000 entries.
 * @throws an Error with a sentence if the head cannot be read.
 */
export function followRegistry(options: FollowRegistryOptions): RegistryFollower {
  const { connection, headPath = null } = options;
  const guard: RegistryGuard | null = headPath === null ? null : openRegistryGuard(headPath);
  const state = new RegistryState();
  const reader = createReader({ connection, streamName: registryStreamName, timeoutMs: confirmTimeoutMs });
  const ending = new AbortController();
  const waiters = new Set<Waiter>();
  let confirmedAtMs: number | null = null;
  /** The newest answer of the leader that is not folded yet. */
  let answer: { readonly lastSequence: number; readonly askedAtMs: number } | null = null;
  let stopped: Error | null = null;
  /** Entries that are folded and remembered on disk: what may be confirmed and answered for. */
  let rememberedSize = 0;
  let shorterSinceMs: number | null = null;

  function changed(how: string): RegistryChangedError {
    return guard?.changed(how) ?? changedRegistry(how, null);
  }

  function end(reason: Error): void {
    if (stopped !== null) return;
    stopped = reason;
    ending.abort();
    for (const waiter of waiters) waiter.reject(reason);
    waiters.clear();
  }

  function fail(reason: Error): void {
    if (stopped !== null) return;
    end(reason);
    options.onStopped?.(reason);
  }

  function noteProgress(): void {
    if (answer !== null && rememberedSize >= answer.lastSequence) {
      confirmedAtMs = answer.askedAtMs;
      answer = null;
    }
    for (const waiter of waiters) {
      if (rememberedSize < waiter.size) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  }

  async function foldMessages(messages: readonly FollowedMessage[]): Promise<void> {
    if (stopped !== null) return;
    const first = messages[0]?.sequence ?? 0;
    if (first !== state.size + 1) {
      throw new Error(`The registry's stream went on at message ${first}, but entry ${state.size} is expected next.`);
    }
    const applied = await state.applyMany(messages.map(({ payload }) => payload)).catch((cause: Error) => {
      throw new Error(
        `Message ${state.size + 1} of the registry's stream is no entry that may follow: ${cause.message} Nothing behind it is used; compare the stream with a mirror of the registry.`,
        { cause },
      );
    });
    for (const entry of applied) {
      if (entry.number === 0n && options.network !== undefined && !hashesEqual(entry.hash, options.network)) {
        throw new Error(
          `The registry begins with entry ${hexOf(entry.hash)}, but this process trusts the network ${hexOf(options.network)}.`,
        );
      }
      guard?.check(entry.number, entry.hash);
    }
    await remember();
    rememberedSize = state.size;
    for (const entry of applied) options.onApplied?.(entry);
    noteProgress();
  }

  /** From here on a restart expects at least this much; nothing of it is confirmed, or answered to whoever appended, before. */
  async function remember(): Promise<void> {
    if (guard === null || state.size === 0) return;
    await guard.commit(state.size, state.entryHash(BigInt(state.size - 1))!).catch((cause: Error) => {
      throw new Error(`How far the registry was read could not be written to ${headPath}: ${cause.message}`, { cause });
    });
  }

  const following = follow({
    connection,
    streamName: registryStreamName,
    fromSequence: 1,
    onMessages: foldMessages,
    onGap: (expected, got) =>
      fail(
        got < expected
          ? changed(`the stream ends at message ${got - 1}, but ${expected - 1} entries were read from it.`)
          : changed(`the stream has no message ${expected}; the next one is ${got}.`),
      ),
    onError: fail,
    ...(options.onInterruption === undefined ? {} : { onInterruption: options.onInterruption }),
  });
  const caughtUp = following.caughtUp.then(() => {
    noteProgress();
    // Shorter than what was read before: `ask` decides whether that is a leader that lags or a stream that was cut.
    return waitForSize(guard?.committedSize ?? 0);
  });
  caughtUp.catch(() => {}); // whoever does not await it has chosen not to know

  /**
   * Asks the leader for its last sequence, and whether the entry read last is still what it was: a stream that was put back from a
   * copy, or begun anew, may be as long as before. The question's time counts, because the answer may be old when it arrives.
   */
  async function ask(): Promise<number> {
    const askedAtMs = performance.now();
    const sizeBefore = state.size;
    const sizeKnown = Math.max(sizeBefore, guard?.committedSize ?? 0);
    const { lastSequence } = await reader.state();
    if (lastSequence < sizeKnown) {
      // A leader that lacks what was read confirms nothing: it is catching up, or the stream was cut.
      const why = `the stream ends at message ${lastSequence}, but ${sizeKnown} entries were read from it.`;
      shorterSinceMs ??= askedAtMs;
      // A leader that was cut off from the others lacks entries, too: a majority is asked before an alarm is raised.
      if (
        performance.now() - shorterSinceMs > shorterStreamGraceMs &&
        (await reader.confirmed()).lastSequence < sizeKnown
      ) {
        fail(changed(why));
      }
      throw new Error(`The registry is not confirmed: ${why}`);
    }
    shorterSinceMs = null;
    const last = sizeBefore === 0 ? null : await reader.atSequence(sizeBefore);
    if (sizeBefore > 0 && last === null) {
      throw new Error(`The registry is not confirmed: message ${sizeBefore} of its stream cannot be read.`);
    }
    if (last !== null && !hashesEqual(leafHash(last.payload), state.entryHash(BigInt(sizeBefore - 1))!)) {
      const why = changed(`message ${sizeBefore} of the stream is not the entry that was read there.`);
      fail(why);
      throw why;
    }
    if (lastSequence >= (answer?.lastSequence ?? 0)) answer = { lastSequence, askedAtMs };
    noteProgress();
    return lastSequence;
  }

  async function keepConfirming(): Promise<void> {
    while (stopped === null) {
      // Without an answer nothing is confirmed, and the age of the last confirmation grows: that is all there is to do.
      await ask().catch((error: Error) => options.onInterruption?.(error.message));
      await wait(confirmEveryMs, undefined, { signal: ending.signal }).catch(() => {});
    }
  }
  const confirming = keepConfirming();

  function waitForSize(size: number | bigint, timeoutMs?: number, signal?: AbortSignal): Promise<void> {
    const wanted = Number(size);
    if (stopped !== null) return Promise.reject(stopped);
    if (rememberedSize >= wanted) return Promise.resolve();
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { size: wanted, resolve, reject };
    const giveUp = (why: Error): void => {
      waiters.delete(waiter);
      reject(why);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () => giveUp(new Error(`The registry had ${rememberedSize} of ${wanted} entries after ${timeoutMs} ms.`)),
            timeoutMs,
          );
    signal?.addEventListener("abort", onAbort, { once: true });
    waiters.add(waiter);
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    });
  }

  return {
    state,
    caughtUp,
    confirmedAtMs: () => confirmedAtMs,
    confirmed: (maxAgeMs) =>
      stopped === null && confirmedAtMs !== null && performance.now() - confirmedAtMs <= maxAgeMs,
    async catchUp(timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      for (;;) {
        if (stopped !== null) throw stopped;
        try {
          const lastSequence = await ask();
          return await waitForSize(lastSequence, Math.max(1, deadlineMs - performance.now()));
        } catch (error) {
          if (performance.now() >= deadlineMs) throw error;
          await wait(20);
        }
      }
    },
    waitForSize,
    stoppedBecause: () => stopped,
    async stop() {
      end(new Error("The registry is no longer followed: the process is ending."));
      await following.stop();
      await confirming;
      await guard?.close();
    },
  };
}
