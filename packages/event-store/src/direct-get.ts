import type { Msg, NatsConnection } from "@nats-io/nats-core";
import { createInbox } from "@nats-io/nats-core";
import { ConnectionLostError, inboxPrefixOf, watchConnection } from "./connection-watch.ts";
import { JetStreamRefusedError } from "./jetstream-api.ts";
import { followsItsAnswerHeaders, RecordDamagedError } from "./whole-record.ts";

/** One message as a direct get returns it. */
export interface DirectMessage {
  sequence: number;
  subject: string;
  payload: Uint8Array;
}

/** The part of a direct get's answer that fitted into it. */
export interface DirectGetPage {
  messages: DirectMessage[];
  /** How many more messages the request would have matched. */
  pendingCount: number;
}

/**
 * One batched direct get (`$JS.API.DIRECT.GET`), answered by *any* replica: its content may lag behind the leader, but
 * is always a prefix of what the leader holds. `silenceMs` bounds the wait between two parts of the answer.
 */
export function directGetPage(
  connection: NatsConnection,
  streamName: string,
  request: object,
  silenceMs: number,
): Promise<DirectGetPage> {
  if (!watchConnection(connection).isConnected()) {
    return Promise.reject(new ConnectionLostError(`The connection to NATS is down, so ${streamName} was not read.`));
  }
  return new Promise((resolve, reject) => {
    const messages: DirectMessage[] = [];
    const subject = `$JS.API.DIRECT.GET.${streamName}`;
    const inbox = createInbox(inboxPrefixOf(connection));

    const finish = (act: () => void) => {
      clearTimeout(timer);
      unlisten();
      subscription.unsubscribe();
      act();
    };
    const fail = (error: Error) => finish(() => reject(error));
    const onSilence = () =>
      fail(
        new Error(
          `The direct get on ${streamName} stopped answering for ${silenceMs} ms after ${messages.length} messages.`,
        ),
      );
    const unlisten = watchConnection(connection).listen((event) => {
      if (event !== "reconnect") {
        fail(new ConnectionLostError(`The connection to NATS was lost during a direct get on ${streamName}.`));
      }
    });
    let timer = setTimeout(onSilence, silenceMs);

    const onAnswer = (message: Msg) => {
      const code = message.headers?.code ?? 0;
      if (code === 0) {
        messages.push(directMessage(message, streamName));
        clearTimeout(timer);
        timer = setTimeout(onSilence, silenceMs);
      } else if (code === 204) {
        const pendingCount = Number(message.headers?.get("Nats-Num-Pending") || 0);
        finish(() => resolve({ messages, pendingCount }));
      } else if (code === 404) {
        finish(() => resolve({ messages, pendingCount: 0 }));
      } else {
        fail(new JetStreamRefusedError(subject, code, message.headers?.description || "no description"));
      }
    };
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        try {
          if (error) fail(error);
          else onAnswer(message);
        } catch (unreadable) {
          fail(unreadable as Error);
        }
      },
    });
    try {
      connection.publish(subject, JSON.stringify(request), { reply: inbox });
    } catch (unsent) {
      fail(unsent as Error);
    }
  });
}

function directMessage(message: Msg, streamName: string): DirectMessage {
  const sequence = Number(message.headers?.get("Nats-Sequence"));
  const subject = message.headers?.get("Nats-Subject") ?? "";
  if (!Number.isSafeInteger(sequence) || subject === "") {
    throw new Error("A direct get answered with a message that names no sequence or subject.");
  }
  if (!followsItsAnswerHeaders(message.data)) throw new RecordDamagedError(streamName, sequence);
  // Copied, because the message's bytes are a window into a socket buffer that would otherwise be kept alive whole.
  return { sequence, subject, payload: Uint8Array.from(message.data) };
}
