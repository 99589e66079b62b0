// grpc-js has no public way from a server call to the HTTP/2 stream below it: a call holds the intercepting call, and that the stream.
// If a later version keeps it elsewhere, nothing is found: identities are read anew for every call, and a lost stream may look like one
// on which all was sent. Nothing else depends on it.

interface Http2StreamLike {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly session?: object | undefined;
  once?(event: "close", listener: () => void): unknown;
  close?(code: number): void;
}

function streamOfCall(call: object): Http2StreamLike | null {
  const { call: inner } = call as { call?: { stream?: Http2StreamLike } };
  return inner?.stream ?? null;
}

/** The HTTP/2 session that a call came by, to be used as a key; null if unknown or ended. */
export function sessionOfCall(call: object): object | null {
  return streamOfCall(call)?.session ?? null;
}

/** Whether the stream of a call was reset or lost. True before grpc-js says "cancelled", which comes a turn after "end". */
export function isStreamGone(call: object): boolean {
  const stream = streamOfCall(call);
  return stream !== null && (stream.closed === true || stream.destroyed === true);
}

/** Tells when nothing of a call is left to be sent or received: all was read, or the stream is lost. False: nobody will tell. */
export function whenStreamCloses(call: object, listener: () => void): boolean {
  const stream = streamOfCall(call);
  if (stream?.once === undefined || stream.closed === true || stream.destroyed === true) return false;
  stream.once("close", listener);
  return true;
}

/** Ends the stream of a call at once, whatever the peer has not read. `code`: of HTTP/2. */
export function closeStream(call: object, code: number): void {
  if (!isStreamGone(call)) streamOfCall(call)?.close?.(code);
}
