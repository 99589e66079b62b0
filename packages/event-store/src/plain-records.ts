import type { NatsConnection } from "@nats-io/nats-core";
import { requestWhileConnected } from "./connection-watch.ts";
import { type DirectMessage, directGetPage } from "./direct-get.ts";
import { type ErrorAnswer, JetStreamRefusedError } from "./jetstream-api.ts";

/**
 * Appends one record to a stream whose records do not depend on one another: no compare-and-set, no retry. Resolves with its sequence when
 * it is stored and fsynced. Rejects if that is not certain; it may be stored then all the same.
 */
export async function appendRecord(
  connection: NatsConnection,
  subject: string,
  payload: Uint8Array,
  timeoutMs: number,
): Promise<number> {
  const message = await requestWhileConnected(connection, subject, payload, { timeout: timeoutMs });
  const answer = message.json<ErrorAnswer & { seq?: number }>();
  if (answer.error !== undefined || answer.seq === undefined) {
    const { err_code, code, description } = answer.error ?? {};
    throw new JetStreamRefusedError(subject, err_code ?? code ?? 0, description ?? "no description");
  }
  return answer.seq;
}

/** At most `count` records from a sequence on, in order; those that the retention has removed are passed over. Any replica may answer. */
export async function readRecords(
  connection: NatsConnection,
  streamName: string,
  fromSequence: number,
  count: number,
  timeoutMs: number,
): Promise<DirectMessage[]> {
  const request = { seq: Math.max(1, fromSequence), batch: count };
  return (await directGetPage(connection, streamName, request, timeoutMs)).messages;
}
