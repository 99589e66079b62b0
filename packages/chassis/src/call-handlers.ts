import type { CallContext } from "./call-context.ts";

/** Answers one request with one response. */
export interface UnaryHandler<Request, Response> {
  readonly kind: "unary";
  readonly run: (request: Request, context: CallContext) => Response | Promise<Response>;
}

/** Answers one request with a stream. */
export interface ServerStreamHandler<Request, Response> {
  readonly kind: "serverStream";
  readonly run: (request: Request, stream: ResponseStream<Response>, context: CallContext) => Promise<void>;
}

/** Streams both ways. */
export interface BidiHandler<Request, Response> {
  readonly kind: "bidi";
  readonly run: (stream: BidiStream<Request, Response>, context: CallContext) => Promise<void>;
}

/** Our side of a stream. */
export interface ResponseStream<Response> {
  /**
   * Sends one message. Settles when more may be sent without piling up; rejects only if the message cannot be serialised. A message
   * for a caller that is gone is dropped: what was durable before stays so, and the caller asks again.
   */
  send(response: Response): Promise<void>;
}

/** Both sides of a stream. */
export interface BidiStream<Request, Response> extends ResponseStream<Response> {
  /**
   * The caller's messages; to be iterated once. Ends when the caller has sent all, or when the server drains: then finish what is
   * under way and return, and the caller is told DRAINING. Throws when the call ends first, or at a message that cannot be decoded.
   * Some clients (Node's) end their side before they break a call off, and then this ends, too: `context.signal` tells.
   */
  readonly requests: AsyncIterable<Request>;
}

/** A handler for a method of one request and one response. What it throws is answered as `toServiceError` says. */
export function unaryHandler<Request, Response>(
  run: UnaryHandler<Request, Response>["run"],
): UnaryHandler<Request, Response> {
  return { kind: "unary", run };
}

/** A handler for a method of one request and a stream of responses. When it returns, the call ends with OK. */
export function serverStreamHandler<Request, Response>(
  run: ServerStreamHandler<Request, Response>["run"],
): ServerStreamHandler<Request, Response> {
  return { kind: "serverStream", run };
}

/** A handler for a method that streams both ways. When it returns, the call ends with OK, or DRAINING if the server drains. */
export function bidiHandler<Request, Response>(
  run: BidiHandler<Request, Response>["run"],
): BidiHandler<Request, Response> {
  return { kind: "bidi", run };
}
