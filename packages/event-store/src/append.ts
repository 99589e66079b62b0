import type { MsgHdrs, NatsConnection } from "@nats-io/nats-core";
import { DrainingConnectionError, nuid } from "@nats-io/nats-core";
import { requestWhileConnected, watchConnection } from "./connection-watch.ts";
import type { ErrorAnswer } from "./jetstream-api.ts";
import { isNoResponders, jetStreamErrorCodes, permissionViolationIn } from "./jetstream-api.ts";
import { payloadBytesMax } from "./limits.ts";

/** Most messages in one atomic batch (nats-server's own default, `max_batch_size`). */
export const batchMessagesMax = 1000;

/** Numbers of `refused` outcomes that do not come from JetStream; JetStream's own start at 10000. */
export const appendRefusals = {
  /** The connection was down or closed, so nothing was sent. */
  notSent: 0,
  /** The account of this connection may not publish on the subject. */
  notPermitted: 403,
  /** No stream listened, as during a change of leader: nothing received the message. Wait a moment, then send again. */
  noResponders: 503,
} as const;

/** One message to append. */
export interface AppendMessage {
  subject: string;
  /** 1 byte to 64 KiB. It must not be changed until the outcome is known. */
  payload: Uint8Array;
  /**
   * Stream sequence of the subject's last message, 0 if the subject must be new. Null means no compare-and-set; it is
   * allowed only where an earlier message of the same batch has the same subject: that one's check guards both.
   */
  expectedLastSubjectSequence: number | null;
}

/**
 * - `appended`: stored and fsynced (on a majority, where replicated); a batch lies at consecutive sequences.
 * - `conflict`: nothing stored, because an expected sequence was not the subject's last.
 * - `refused`: certainly nothing stored, for another reason; `errorCode` is JetStream's or one of `appendRefusals`.
 * - `unknown`: the whole batch is stored or none of it, and this side cannot tell which. Read the heads. A head that
 *   moved to the batch settles it; a head that did not proves nothing yet, since the bytes may still wait in a
 *   socket of a paused server. Sending again with the *same* expectations settles that case too: of the two copies
 *   only one can win its compare-and-set.
 */
export type AppendOutcome =
  | { kind: "appended"; firstSequence: number }
  | { kind: "conflict"; description: string }
  | { kind: "refused"; errorCode: number; description: string }
  | { kind: "unknown"; cause: Error };

/** Appends to streams with one compare-and-set per subject. */
export interface Appender {
  /** All messages or none, at consecutive sequences. Rejects with a RangeError, and sends nothing, on malformed input. */
  appendBatch(messages: readonly AppendMessage[]): Promise<AppendOutcome>;
  /** Each message on its own, in parallel; outcomes in the order of the messages. Each needs its own compare-and-set. */
  appendSingly(messages: readonly AppendMessage[]): Promise<AppendOutcome[]>;
}

/** The acknowledgement of a publish or of a batch; a batch's `seq` is that of its last message. */
interface PublishAcknowledgement extends ErrorAnswer {
  seq?: number;
  batch?: string;
  count?: number;
}

/** `timeoutMs`: how long to wait for an acknowledgement before the outcome is `unknown`. */
export function createAppender(options: { connection: NatsConnection; timeoutMs: number }): Appender {
  const { connection, timeoutMs } = options;
  if (!(timeoutMs >= 1)) throw new RangeError(`timeoutMs is ${timeoutMs}; it must be at least 1 millisecond.`);
  const watch = watchConnection(connection);

  async function appendOne(message: AppendMessage): Promise<AppendOutcome> {
    if (!watch.isConnected()) return notSent;
    // The message becomes durable between this line and its acknowledgement: a crash of this process here leaves the
    // outcome unknown, and whoever starts next reads the subject's head.
    return publishForOutcome(message, expectationHeader(message.expectedLastSubjectSequence), null);
  }

  async function appendSeveral(messages: readonly AppendMessage[]): Promise<AppendOutcome> {
    if (!watch.isConnected()) return notSent;
    const batchId = nuid.next();
    const lastIndex = messages.length - 1;
    try {
      for (let index = 0; index < lastIndex; index++) {
        const message = messages[index]!;
        // No reply subject: the batch has one answer, that of its last message. A crash before that one leaves an open
        // batch which the server drops after 10 s; nothing of it is ever stored.
        connection.publish(message.subject, message.payload, {
          headers: encodedHeaders(batchHeaders(batchId, index + 1, message.expectedLastSubjectSequence)),
        });
      }
    } catch (error) {
      // The last message was not sent, and without it nothing is stored.
      return {
        kind: "refused",
        errorCode: appendRefusals.notSent,
        description: `Not sent: ${errorFrom(error).message}`,
      };
    }
    const last = messages[lastIndex]!;
    const headers = `${batchHeaders(batchId, messages.length, last.expectedLastSubjectSequence)}Nats-Batch-Commit: 1\r\n`;
    // The batch becomes durable, whole, between this line and its acknowledgement.
    return publishForOutcome(last, headers, { batchId, messageCount: messages.length });
  }

  async function publishForOutcome(
    message: AppendMessage,
    headers: string,
    batch: { batchId: string; messageCount: number } | null,
  ): Promise<AppendOutcome> {
    try {
      const answer = await requestWhileConnected(connection, message.subject, message.payload, {
        timeout: timeoutMs,
        headers: encodedHeaders(headers),
      });
      return outcomeOfAnswer(answer.json<PublishAcknowledgement>(), batch);
    } catch (error) {
      return outcomeOfFailure(errorFrom(error));
    }
  }

  return {
    async appendBatch(messages) {
      checkBatch(messages);
      // A batch of one is as atomic as a plain publish and costs the server five times as much.
      return messages.length === 1 ? appendOne(messages[0]!) : appendSeveral(messages);
    },
    async appendSingly(messages) {
      for (const message of messages) {
        checkMessage(message);
        if (message.expectedLastSubjectSequence === null) {
          throw new RangeError(
            `A message on ${message.subject} has no expectedLastSubjectSequence; outside a batch each message needs its own. ` +
              `Use 0 for a new subject.`,
          );
        }
      }
      return Promise.all(messages.map(appendOne));
    },
  };
}

const notSent: AppendOutcome = {
  kind: "refused",
  errorCode: appendRefusals.notSent,
  description: "The connection to NATS is down, so nothing was sent. Send again once it is back.",
};

function outcomeOfAnswer(
  answer: PublishAcknowledgement,
  batch: { batchId: string; messageCount: number } | null,
): AppendOutcome {
  if (answer.error) {
    const errorCode = answer.error.err_code ?? answer.error.code ?? 0;
    const description = answer.error.description ?? "no description";
    switch (errorCode) {
      case jetStreamErrorCodes.wrongLastSequence:
      case jetStreamErrorCodes.wrongLastSequenceConstant:
        return { kind: "conflict", description };
      // The store failed while writing (a full or broken disk), or the replicas' log did: bytes may be on the disk.
      case jetStreamErrorCodes.streamStoreFailed:
      case jetStreamErrorCodes.raftGeneralError:
        return { kind: "unknown", cause: new Error(`JetStream error ${errorCode}: ${description}`) };
      default:
        return { kind: "refused", errorCode, description };
    }
  }
  const messageCount = batch?.messageCount ?? 1;
  const plausible = typeof answer.seq === "number" && answer.seq >= messageCount;
  if (!plausible || (batch !== null && (answer.batch !== batch.batchId || answer.count !== messageCount))) {
    // Something other than the stream answered, or the server counts batches differently: do not guess sequences.
    return { kind: "unknown", cause: new Error(`This is no acknowledgement of the append: ${JSON.stringify(answer)}`) };
  }
  return { kind: "appended", firstSequence: answer.seq! - messageCount + 1 };
}

function outcomeOfFailure(error: Error): AppendOutcome {
  if (isNoResponders(error)) {
    return {
      kind: "refused",
      errorCode: appendRefusals.noResponders,
      description: "No stream listens on the subject at this moment, so nothing was stored.",
    };
  }
  // The client throws this before it sends; what is sent already is not affected by draining.
  if (error instanceof DrainingConnectionError) return notSent;
  const violation = permissionViolationIn(error);
  if (violation?.operation === "publish") {
    return { kind: "refused", errorCode: appendRefusals.notPermitted, description: violation.message };
  }
  return { kind: "unknown", cause: error };
}

function checkBatch(messages: readonly AppendMessage[]): void {
  if (messages.length < 1 || messages.length > batchMessagesMax) {
    throw new RangeError(`A batch holds 1 to ${batchMessagesMax} messages, not ${messages.length}; split it.`);
  }
  const subjects = new Set<string>();
  for (const message of messages) {
    checkMessage(message);
    const repeated = subjects.has(message.subject);
    if (repeated && message.expectedLastSubjectSequence !== null) {
      throw new RangeError(
        `The batch has a second compare-and-set on ${message.subject}; JetStream checks all of them against the state ` +
          `before the batch. Give the later message expectedLastSubjectSequence null.`,
      );
    }
    if (!repeated && message.expectedLastSubjectSequence === null) {
      throw new RangeError(
        `The first message on ${message.subject} in the batch has no expectedLastSubjectSequence, so nothing would guard it. ` +
          `Use 0 for a new subject.`,
      );
    }
    subjects.add(message.subject);
  }
}

function checkMessage({ subject, payload, expectedLastSubjectSequence: expected }: AppendMessage): void {
  // Subjects are written into the protocol as they are; white space or a wildcard would change its meaning.
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(subject)) {
    throw new RangeError(
      `${JSON.stringify(subject)} is not a subject to publish on; make it with the subject builders.`,
    );
  }
  if (payload.length < 1 || payload.length > payloadBytesMax) {
    throw new RangeError(`A payload on ${subject} has ${payload.length} bytes; 1 to ${payloadBytesMax} are allowed.`);
  }
  if (expected !== null && !(Number.isSafeInteger(expected) && expected >= 0)) {
    throw new RangeError(`The sequence expected on ${subject} is ${expected}; it must be a whole number from 0 up.`);
  }
}

function expectationHeader(expected: number | null): string {
  return expected === null ? "" : `Nats-Expected-Last-Subject-Sequence: ${expected}\r\n`;
}

function batchHeaders(batchId: string, batchSequence: number, expected: number | null): string {
  return `Nats-Batch-Id: ${batchId}\r\nNats-Batch-Sequence: ${batchSequence}\r\n${expectationHeader(expected)}`;
}

/** The client only ever calls `encode()` on headers; one string per message costs a fraction of its header map. */
function encodedHeaders(lines: string): MsgHdrs {
  return { encode: () => Buffer.from(`NATS/1.0\r\n${lines}\r\n`, "latin1") } as unknown as MsgHdrs;
}

function errorFrom(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
