import type { NatsConnection } from "@nats-io/nats-core";
import { NoRespondersError, PermissionViolationError, RequestError } from "@nats-io/nats-core";
import { requestWhileConnected } from "./connection-watch.ts";

/** Error numbers of the JetStream API that are told apart here (nats-server `errors.json`, 2.15). */
export const jetStreamErrorCodes = {
  noMessageFound: 10037,
  raftGeneralError: 10041,
  streamNotFound: 10059,
  wrongLastSequence: 10071,
  streamStoreFailed: 10077,
  wrongLastSequenceConstant: 10164,
} as const;

/** JetStream answered with an error. */
export class JetStreamRefusedError extends Error {
  override name = "JetStreamRefusedError";
  readonly errorCode: number;

  constructor(subject: string, errorCode: number, description: string) {
    super(`JetStream refused ${subject} with error ${errorCode}: ${description}.`);
    this.errorCode = errorCode;
  }
}

/** The part of a JetStream answer that carries an error. */
export interface ErrorAnswer {
  error?: { code?: number; err_code?: number; description?: string };
}

/** Sends one JetStream API request and returns its answer; throws `JetStreamRefusedError` if the answer is an error. */
export async function apiRequest<T>(
  connection: NatsConnection,
  subject: string,
  body: object | null,
  timeoutMs: number,
): Promise<T> {
  const message = await requestWhileConnected(connection, subject, body === null ? "" : JSON.stringify(body), {
    timeout: timeoutMs,
  });
  const answer = message.json<T & ErrorAnswer>();
  if (answer.error) {
    const { err_code, code, description } = answer.error;
    throw new JetStreamRefusedError(subject, err_code ?? code ?? 0, description ?? "no description");
  }
  return answer;
}

/**
 * The same for a question that changes nothing, asked again while no answer comes: a stream without a leader is silent, and the leader that
 * is elected a moment later never heard what was asked before. Whichever asking is answered first counts, so that a server that is merely
 * slow is heard, too. `timeoutMs` bounds them all together.
 */
export function askLeader<T>(
  connection: NatsConnection,
  subject: string,
  body: object | null,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  return new Promise<T>((resolve, reject) => {
    let askAgain: NodeJS.Timeout | undefined;
    const ask = (waitMs: number): void => {
      const leftMs = Math.max(1, deadline - performance.now());
      apiRequest<T>(connection, subject, body, leftMs)
        .then(resolve, reject)
        .finally(() => clearTimeout(askAgain));
      // One that could hardly be answered any more would only be noise.
      if (leftMs > 2 * waitMs) askAgain = setTimeout(ask, waitMs, Math.min(2 * waitMs, askAgainMsMax));
    };
    ask(askAgainMsMin);
  });
}

const askAgainMsMin = 400;
const askAgainMsMax = 800;

/** True if the server told that nothing at all listened on the subject, so nothing received the message. */
export function isNoResponders(error: unknown): boolean {
  if (error instanceof NoRespondersError) return true;
  return error instanceof RequestError && error.isNoResponders();
}

/** The permission violation inside an error of the client, if it is one. */
export function permissionViolationIn(error: unknown): PermissionViolationError | null {
  if (error instanceof PermissionViolationError) return error;
  if (error instanceof Error && error.cause instanceof PermissionViolationError) return error.cause;
  return null;
}
