import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { CallContext } from "./call-context.ts";

/** A call that streams both ways, requests still as bytes. */
export type RawDuplexCall<Response> = ServerDuplexStream<Buffer, Response>;

/** Requests of a stream, and the end of reading them. */
export interface RequestReader<Request> {
  /**
   * One after the other, with the caller held back by flow control while none is taken. Ends when the caller has sent all, the server
   * drains, or the reader is released; throws what `context.endReason()` says if the call ends first, and what `decode` throws. Not
   * the stream's own iterator: that one destroys the stream, and with it our side, when it is left early.
   */
  readonly requests: AsyncGenerator<Request, void, undefined>;
  /**
   * Lets go of the call and the server. For when the call was answered: a handler may have left in the middle, with nobody to ask
   * for another request, and what listens to the server's drain would keep the call in memory as long as the server runs.
   */
  release(): void;
}

/** Reads the requests of a call. `pace`: told the bytes of each; nothing further is read for as many milliseconds as it answers. */
export function readRequests<Request>(
  call: RawDuplexCall<never>,
  context: CallContext,
  decode: (bytes: Buffer) => Request,
  pace: (byteCount: number) => number = () => 0,
): RequestReader<Request> {
  let wake: (() => void) | null = null;
  let atEnd = false;
  let released = false;
  const wakeUp = (): void => {
    wake?.();
    wake = null;
  };
  const end = (): void => {
    atEnd = true;
    wakeUp();
  };
  /** Ends early when the call does. */
  const pause = async (ms: number): Promise<void> => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      wakeUp();
    }, ms);
    // What wakes us is mostly that more has come: exactly what is not to be read yet.
    while (!over && !context.ended && !context.drainSignal.aborted && !released) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    clearTimeout(timer);
  };
  const release = (): void => {
    released = true;
    call.off("readable", wakeUp);
    call.off("end", end);
    call.off("cancelled", wakeUp);
    call.off("close", wakeUp);
    context.drainSignal.removeEventListener("abort", wakeUp);
    wakeUp();
  };
  call.on("readable", wakeUp);
  call.on("end", end);
  call.on("cancelled", wakeUp);
  call.on("close", wakeUp);
  context.drainSignal.addEventListener("abort", wakeUp);

  async function* read(): AsyncGenerator<Request, void, undefined> {
    try {
      for (;;) {
        // Looked at on every turn: a caller that breaks off also "ends" its side, and must not pass for one that has sent all.
        if (context.ended) throw context.endReason();
        if (context.drainSignal.aborted || released) return;
        const bytes = call.read() as Buffer | null;
        if (bytes !== null) {
          const pauseMs = pace(bytes.length);
          yield decode(bytes);
          if (pauseMs > 0) await pause(pauseMs);
          continue;
        }
        if (atEnd) return;
        // A destroyed stream that never said "end" or "cancelled" would leave us waiting for ever.
        if (call.destroyed) throw context.endReason();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      release();
    }
  }
  return { requests: read(), release };
}
