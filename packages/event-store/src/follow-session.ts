import { createInbox, nuid } from "@nats-io/nats-core";
import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";
import { inboxPrefixOf } from "./connection-watch.ts";
import { apiRequest } from "./jetstream-api.ts";

/** One message as a follower hands it over. */
export interface FollowedMessage {
  sequence: number;
  subject: string;
  /** A window into a network buffer: copy what you keep. */
  payload: Uint8Array;
}

/** Asked for at most this much ahead of what was handed over; together they bound a follower's memory. */
const messagesAheadMax = 4096;
const bytesAheadMax = 16 * 1024 * 1024;

const pullExpiresMs = 30_000;
const idleHeartbeatMs = 5_000;
/** The server forgets the consumer of a follower that vanished. */
const inactiveThresholdMs = 60_000;
const nanosPerMs = 1_000_000;

/** Where a session reports to. */
export interface SessionEvents {
  onMessage(message: FollowedMessage, pendingAfter: number): void;
  /** This session is of no more use, for a reason that a new one may cure. */
  onBroken(reason: string): void;
  /** The server forbids what a follower needs; a new session would not help. */
  onForbidden(error: Error): void;
}

/** One ordered consumer on the server, from creation until anything about it goes wrong. */
export interface FollowSession {
  /** Messages that waited on the server when the session was opened. */
  pendingAtStart: number;
  /** Asks for more as far as what is buffered leaves room. */
  refill(buffered: { messages: number; bytes: number }): void;
  close(): void;
}

/**
 * Opens an ordered consumer: ephemeral, in memory, without acknowledgements, delivering each message once and in order
 * or not at all. Raw requests rather than the client's ordered consumer: after a reconnect that one may wait 30 s
 * before it looks whether its consumer still exists, and it does not report holes.
 */
export async function openFollowSession(
  options: {
    connection: NatsConnection;
    streamName: string;
    fromSequence: number;
    filterSubject: string | undefined;
    timeoutMs: number;
  },
  events: SessionEvents,
): Promise<FollowSession> {
  const { connection, streamName, fromSequence, filterSubject, timeoutMs } = options;
  const consumerName = `follow_${nuid.next()}`;
  const inbox = createInbox(inboxPrefixOf(connection));
  /** Messages still owed by each pull request, by its number: the last token of its reply subject. */
  const owedByPull = new Map<string, number>();
  let owed = 0;
  let pulls = 0;
  let deliveries = 0;
  let lastHeardAt = performance.now();
  let open = true;

  const close = () => {
    if (!open) return;
    open = false;
    clearInterval(watchdog);
    subscription.unsubscribe();
    // A courtesy: without it (or without the permission for it) the server drops the consumer after a minute.
    if (!connection.isClosed()) connection.publish(`$JS.API.CONSUMER.DELETE.${streamName}.${consumerName}`);
  };
  const breakOff = (reason: string) => {
    if (!open) return;
    close();
    events.onBroken(reason);
  };

  const forgetPull = (pull: string) => {
    owed -= owedByPull.get(pull) ?? 0;
    owedByPull.delete(pull);
  };

  const onDelivery = (message: Msg, pull: string) => {
    const { consumerSequence, streamSequence, pending } = parseDelivery(message.reply!);
    deliveries += 1;
    if (consumerSequence !== deliveries) {
      breakOff(`delivery ${deliveries} was lost on the way`);
      return;
    }
    const left = owedByPull.get(pull);
    if (left !== undefined) {
      owed -= 1;
      if (left > 1) owedByPull.set(pull, left - 1);
      else owedByPull.delete(pull);
    }
    events.onMessage({ sequence: streamSequence, subject: message.subject, payload: message.data }, pending);
  };

  const subscription: Subscription = connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (!open) return;
      if (error) {
        close();
        events.onForbidden(error);
        return;
      }
      lastHeardAt = performance.now();
      void message;
    },
  });
  const watchdog = setInterval(() => {
    if (owedByPull.size > 0 && performance.now() - lastHeardAt > 2.5 * idleHeartbeatMs) {
      breakOff(`the server was silent for ${Math.round(2.5 * idleHeartbeatMs)} ms`);
    }
  }, idleHeartbeatMs).unref();
  void onDelivery;
  void forgetPull;
  void pulls;
  void apiRequest;
  void fromSequence;
  void filterSubject;
  void timeoutMs;
  throw new Error("unfinished");
}
