import { setTimeout as wait } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/nats-core";
import { ClosedConnectionError } from "@nats-io/nats-core";
import { confirmedState } from "./confirmed-state.ts";
import { watchConnection } from "./connection-watch.ts";
import type { FollowedMessage, FollowSession } from "./follow-session.ts";
import { openFollowSession } from "./follow-session.ts";
import { askLeader, JetStreamRefusedError, jetStreamErrorCodes, permissionViolationIn } from "./jetstream-api.ts";

export type { FollowedMessage } from "./follow-session.ts";

const handoverMessagesMaxDefault = 1_000;

const requestTimeoutMs = 3_000;
const retryPauseMsMax = 1_000;
/** A new leader may need a moment before it shows all that its predecessor had committed. */
const shorterStreamGraceMs = 5_000;
/** How often in a row a stream may be reported missing before that is believed. */
const missingStreamReportsMax = 5;

export interface FollowOptions {
  connection: NatsConnection;
  streamName: string;
  /** First sequence to hand over; 1 for the whole stream. */
  fromSequence: number;
  /** Only messages on this subject (wildcards allowed). Holes cannot be seen through a filter. */
  filterSubject?: string;
  /**
   * Asks for what came since only so often, in milliseconds, and takes it in one burst: far cheaper for server and follower than each message
   * by itself as soon as it is there. The first message after a silence comes at once. Absent: 0.
   */
  restMs?: number;
  /**
   * Most messages in one call of `onMessages`; as many are kept waiting, at least 4,096 and at most 4 KiB for each together. Absent: 1,000.
   */
  handoverMessagesMax?: number;
  /** In order, never two calls at once; the next call waits for this one. If it fails, the follower ends with `onError`. */
  onMessages(batch: FollowedMessage[]): void | Promise<void>;
  /** Once: all that the stream held when the follower started has been handed over. */
  onCaughtUp?(): void;
  /**
   * Sequence `expected` is not in the stream; the next one there is `got`. If `got` is smaller, the stream ends before
   * what was followed already. The follower has ended: a hole in the stream must never be skipped.
   */
  onGap(expected: number, got: number): void;
  /** The follower has ended, for a reason that trying again would not cure. */
  onError(error: Error): void;
  /** For logs: the follower lost its consumer and is about to open another. Nothing is lost or repeated by that. */
  onInterruption?(reason: string): void;
}

export interface Follower {
  /** Last sequence whose `onMessages` has completed; `fromSequence - 1` before the first. */
  position(): number;
  /** Resolves with `onCaughtUp`; rejects if the follower ends before. */
  caughtUp: Promise<void>;
  /** Somebody waits for what was appended last: ends a rest (`restMs`). */
  hurry(): void;
  /** Ends the follower after the current `onMessages`. Do not await it inside `onMessages`: it would wait for itself. */
  stop(): Promise<void>;
}

type Ending = { kind: "stopped" } | { kind: "gap"; expected: number; got: number } | { kind: "failed"; error: Error };

/**
 * Follows a stream through reconnects, server restarts and leader changes: each message once, in order. There is no
 * durable consumer behind it; the caller keeps the position, together with what it made of the messages.
 */
export function follow(options: FollowOptions): Follower {
  const { connection, streamName, fromSequence, filterSubject, restMs = 0 } = options;
  const handoverMessagesMax = options.handoverMessagesMax ?? handoverMessagesMaxDefault;
  if (!(Number.isSafeInteger(fromSequence) && fromSequence >= 1)) {
    throw new RangeError(`fromSequence is ${fromSequence}; streams are numbered from 1.`);
  }
  const watch = watchConnection(connection);
  const caughtUp = Promise.withResolvers<void>();
  caughtUp.promise.catch(() => {}); // whoever does not await it has chosen not to know

  let buffer: FollowedMessage[] = [];
  let bufferedBytes = 0;
  /** Last sequence that arrived, handed over or not: a new session starts behind it. */
  let received = fromSequence - 1;
  let position = fromSequence - 1;
  /** Counted down rather than read from the deliveries, so that a stream that is never at rest is caught up with too. */
  let remainingToCatchUp = Number.POSITIVE_INFINITY;
  let caughtUpSequence: number | null = null;
  let isCaughtUp = false;
  let ending: Ending | null = null;
  let session: FollowSession | null = null;
  let wakePump: () => void = () => {};
  let wakeSupervisor: () => void = () => {};

  function end(how: Ending): void {
    ending ??= how;
    session?.close();
    session = null;
    wakePump();
    wakeSupervisor();
  }

  function refill(): void {
    session?.refill({ messages: buffer.length, bytes: bufferedBytes });
  }

  function onMessage(message: FollowedMessage): void {
    if (ending) return;
    const { sequence } = message;
    if (filterSubject === undefined && sequence !== received + 1) {
      end({ kind: "gap", expected: received + 1, got: sequence });
      return;
    }
    received = sequence;
    buffer.push(message);
    bufferedBytes += message.payload.length;
    remainingToCatchUp -= 1;
    if (remainingToCatchUp <= 0) caughtUpSequence ??= sequence;
    refill();
    wakePump();
  }

  function onBroken(reason: string): void {
    session = null;
    if (!ending) options.onInterruption?.(reason);
    wakeSupervisor();
  }

  /** Keeps one session open until the follower ends. */
  async function supervise(): Promise<void> {
    let missingStreamReports = 0;
    let pauseMs = 0;
    while (!ending) {
      if (watch.isClosed()) return end({ kind: "failed", error: new ClosedConnectionError() });
      if (!watch.isConnected()) {
        await sleepUntilWoken();
        continue;
      }
      try {
        if (filterSubject === undefined) await checkStreamReaches(received);
        if (ending) return;
        const opened = await openFollowSession(
          {
            connection,
            streamName,
            fromSequence: received + 1,
            filterSubject,
            timeoutMs: requestTimeoutMs,
            restMs,
            handoverMessagesMax,
          },
          {
            onMessage,
            onBroken,
            onPullEnded: refill,
            onFailed: (error) => end({ kind: "failed", error }),
          },
        );
        if (ending) return opened.close();
        session = opened;
        missingStreamReports = 0;
        pauseMs = 0;
        remainingToCatchUp = Math.min(remainingToCatchUp, opened.pendingAtStart);
        if (remainingToCatchUp <= 0) caughtUpSequence ??= received;
        refill();
        wakePump();
        while (session !== null && !ending) await sleepUntilWoken();
      } catch (error) {
        if (ending) return;
        const failure = error instanceof Error ? error : new Error(String(error));
        if (permissionViolationIn(failure)) return end({ kind: "failed", error: failure });
        if (failure instanceof JetStreamRefusedError && failure.errorCode === jetStreamErrorCodes.streamNotFound) {
          missingStreamReports += 1;
          if (missingStreamReports >= missingStreamReportsMax) return end({ kind: "failed", error: failure });
        }
        options.onInterruption?.(failure.message);
        pauseMs = Math.min(retryPauseMsMax, pauseMs * 2 + 20);
        await Promise.race([wait(pauseMs), sleepUntilWoken()]);
      }
    }
  }

  /**
   * A consumer that starts beyond the end of a stream waits without a word until the stream gets there, with events
   * that are not those it missed. So look where the stream ends first.
   */
  async function checkStreamReaches(sequence: number): Promise<void> {
    const deadline = performance.now() + shorterStreamGraceMs;
    while (!ending) {
      const subject = `$JS.API.STREAM.INFO.${streamName}`;
      const { state } = await askLeader<{ state: { last_seq: number } }>(connection, subject, null, requestTimeoutMs);
      if (state.last_seq >= sequence) return;
      if (performance.now() > deadline) {
        // Asked of a majority before an alarm is raised: a leader that was cut off is short, too. Throws while there is none.
        const { lastSequence } = await confirmedState(connection, streamName, { withinMs: requestTimeoutMs });
        if (lastSequence >= sequence) return;
        end({ kind: "gap", expected: sequence + 1, got: lastSequence + 1 });
        return;
      }
      await wait(100);
    }
  }

  function sleepUntilWoken(): Promise<void> {
    return new Promise((resolve) => {
      wakeSupervisor = resolve;
    });
  }

  function noteCaughtUp(): void {
    if (isCaughtUp || caughtUpSequence === null || position < caughtUpSequence) return;
    isCaughtUp = true;
    options.onCaughtUp?.();
    caughtUp.resolve();
  }

  /** Hands over what is buffered; what arrived before a gap or an error is handed over, what arrived before a stop is not. */
  async function pump(): Promise<void> {
    while (ending?.kind !== "stopped") {
      noteCaughtUp();
      if (buffer.length === 0) {
        if (ending) return;
        await new Promise<void>((resolve) => {
          wakePump = resolve;
        });
        continue;
      }
      const batch = buffer.length <= handoverMessagesMax ? buffer : buffer.slice(0, handoverMessagesMax);
      buffer = batch === buffer ? [] : buffer.slice(handoverMessagesMax);
      for (const { payload } of batch) bufferedBytes -= payload.length;
      await options.onMessages(batch);
      position = batch.at(-1)!.sequence;
      refill();
    }
  }

  const unlisten = watch.listen((event) => {
    if (event === "close") {
      end({ kind: "failed", error: new ClosedConnectionError() });
      return;
    }
    // After either, the consumer may be gone or its deliveries lost: open a new one behind what arrived.
    session?.close();
    session = null;
    if (event === "disconnect") options.onInterruption?.("the connection to NATS was lost");
    wakeSupervisor();
  });

  const supervised = supervise();
  const finished = (async () => {
    try {
      await pump();
    } catch (error) {
      // `end` is no use if a gap was noted meanwhile: what failed here lies before it and is what must be told.
      ending = { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) };
      end(ending);
    }
    unlisten();
    await supervised;
    const how = ending as Ending | null;
    caughtUp.reject(new Error(`The follower of ${streamName} ended at sequence ${position} before it had caught up.`));
    if (how?.kind === "gap") options.onGap(how.expected, how.got);
    if (how?.kind === "failed") options.onError(how.error);
  })();

  return {
    position: () => position,
    caughtUp: caughtUp.promise,
    hurry() {
      session?.endRest();
      refill();
    },
    async stop() {
      end({ kind: "stopped" });
      await finished;
    },
  };
}
