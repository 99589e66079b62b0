import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError } from "@grpc/grpc-js";
import { callError } from "./bus-call-error.ts";

/** Span that a call may take unless told otherwise, in milliseconds. */
export const CALL_DEADLINE_MS = 10_000;

/** How one call is made. */
export interface CallSettings {
  /** Span that the call may take, in milliseconds; a list that comes in pages has it for each page. */
  readonly deadlineMs?: number;
  /** Gives the call up when aborted. */
  readonly signal?: AbortSignal;
}

/** A method of a generated client, as its last overload has it. */
export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** One call, always with a deadline. Rejects with BusCallError. */
export function unaryCall<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  { deadlineMs = CALL_DEADLINE_MS, signal }: CallSettings,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const call = method(request, new Metadata(), { deadline: Date.now() + deadlineMs }, (error, response) => {
      signal?.removeEventListener("abort", cancel);
      if (error === null) resolve(response);
      else reject(signal?.aborted === true ? signal.reason : callError(error));
    });
    const cancel = () => call.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
  });
}
