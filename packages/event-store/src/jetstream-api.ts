import type { NatsConnection } from "@nats-io/nats-core";
import { NoRespondersError, PermissionViolationError, RequestError, TimeoutError } from "@nats-io/nats-core";
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
 * The same for a question that changes nothing, asked again when it is left without an answer: a stream without a leader is silent, and the
 * leader that is elected a moment later never heard what was asked before. Each attempt waits twice as long as the one before, so that a
 * server that is merely slow is heard, too. `timeoutMs` bounds them all together.
 */
export async function askLeader<T>(
  connection: NatsConnection,
  subject: string,
  body: object | null,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let waitMs = firstAnswerWaitMs; ; waitMs *= 2) {
    const leftMs = deadline - performance.now();
    // An attempt too short to be answered would only be noise.
    const isLast = leftMs < 2 * waitMs;
    try {
      return await apiRequest<T>(connection, subject, body, Math.max(1, isLast ? leftMs : waitMs));
    } catch (error) {
      if (isLast || !isUnanswered(error)) throw error;
    }
  }
}

const firstAnswerWaitMs = 400;

/** True if nobody answered in time. */
function isUnanswered(error: unknown): boolean {
  return error instanceof TimeoutError || (error instanceof Error && error.cause instanceof TimeoutError);
}

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
