import type { Msg, NatsConnection } from "@nats-io/nats-core";
import { createInbox, nuid } from "@nats-io/nats-core";
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
const silenceMsMax = 2.5 * idleHeartbeatMs;
/** The server forgets the consumer of a follower that vanished. */
const inactiveThresholdMs = 60_000;
const nanosPerMs = 1_000_000;

/** Where a session reports to. Nothing is reported after `close()`, `onBroken` or `onForbidden`. */
export interface SessionEvents {
  onMessage(message: FollowedMessage): void;
  /** A pull request ended before it was filled: time to call `refill`. */
  onPullEnded(): void;
  /** This session is of no more use, for a reason that a new one may cure. */
  onBroken(reason: string): void;
  /** The server forbids what a follower needs; a new session would not help. */
  onForbidden(error: Error): void;
}

/** One ordered consumer on the server, from creation until anything about it goes wrong. */
export interface FollowSession {
  /** Messages that waited on the server when the session was opened. */
  readonly pendingAtStart: number;
  /** Asks for more, as far as what is buffered leaves room. */
  refill(buffered: { messages: number; bytes: number }): void;
  close(): void;
}

/**
 * Opens an ordered consumer: ephemeral, in memory, without acknowledgements, delivering each message once and in order
 * or not at all. Raw requests rather than the client's ordered consumer: after a reconnect that one may wait 30 s
 * before it looks whether its consumer still exists, and it does not report holes in the stream.
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
  /** Messages that pull requests still entitle us to. */
  let owed = 0;
  let deliveries = 0;
  let lastHeardAt = performance.now();
  let open = true;

  const onDelivery = (message: Msg, reply: string) => {
    const { streamSequence, consumerSequence } = parseDelivery(reply);
    deliveries += 1;
    if (consumerSequence !== deliveries) {
      breakOff(`delivery ${deliveries} was lost on the way`);
      return;
    }
    owed = Math.max(0, owed - 1);
    // A plain Uint8Array, because `slice()` of the Buffer that the client hands out would not copy.
    const { buffer, byteOffset, byteLength } = message.data;
    const payload = new Uint8Array(buffer, byteOffset, byteLength);
    events.onMessage({ sequence: streamSequence, subject: message.subject, payload });
  };

  const onStatus = (message: Msg) => {
    const code = message.headers?.code ?? 0;
    if (code === 100) return;
    const pendingText = message.headers?.get("Nats-Pending-Messages") ?? "";
    if (pendingText !== "") {
      // A pull ended early: expired (408), or its byte limit was reached (409). The rest of it will not come.
      owed = Math.max(0, owed - Number(pendingText));
      events.onPullEnded();
      return;
    }
    // Consumer deleted, leadership change, server shutdown, nobody there.
    breakOff(`the server ended the consumer: ${code} ${message.headers?.description ?? ""}`);
  };

  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (!open) return;
      if (error) {
        close();
        events.onForbidden(error);
        return;
      }
      lastHeardAt = performance.now();
      const reply = message.reply;
      if (reply?.startsWith("$JS.ACK.")) onDelivery(message, reply);
      else onStatus(message);
    },
  });

  // Heartbeats come only while a pull waits, so silence says something only then.
  const watchdog = setInterval(() => {
    if (owed > 0 && performance.now() - lastHeardAt > silenceMsMax) {
      breakOff(`the server was silent for ${silenceMsMax} ms`);
    }
  }, idleHeartbeatMs).unref();

  function close(): void {
    if (!open) return;
    open = false;
    clearInterval(watchdog);
    if (connection.isClosed()) return;
    subscription.unsubscribe();
    // A courtesy: without it, or without the permission for it, the server drops the consumer after a minute.
    if (!connection.isDraining()) connection.publish(`$JS.API.CONSUMER.DELETE.${streamName}.${consumerName}`);
  }

  function breakOff(reason: string): void {
    if (!open) return;
    close();
    events.onBroken(reason);
  }

  let pendingAtStart: number;
  try {
    const created = await apiRequest<{ num_pending?: number }>(
      connection,
      `$JS.API.CONSUMER.CREATE.${streamName}.${consumerName}${filterSubject === undefined ? "" : `.${filterSubject}`}`,
      {
        stream_name: streamName,
        action: "create",
        config: {
          name: consumerName,
          deliver_policy: "by_start_sequence",
          opt_start_seq: fromSequence,
          ack_policy: "none",
          replay_policy: "instant",
          mem_storage: true,
          num_replicas: 1,
          inactive_threshold: inactiveThresholdMs * nanosPerMs,
          ...(filterSubject === undefined ? {} : { filter_subject: filterSubject }),
        },
      },
      timeoutMs,
    );
    pendingAtStart = created.num_pending ?? 0;
  } catch (error) {
    close();
    throw error;
  }

  return {
    pendingAtStart,
    refill(buffered) {
      if (!open || connection.isDraining() || connection.isClosed() || buffered.bytes >= bytesAheadMax) return;
      const ahead = owed + buffered.messages;
      if (ahead > messagesAheadMax / 2) return;
      const batch = messagesAheadMax - ahead;
      if (owed === 0) lastHeardAt = performance.now();
      owed += batch;
      connection.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${streamName}.${consumerName}`,
        JSON.stringify({
          batch,
          max_bytes: bytesAheadMax,
          expires: pullExpiresMs * nanosPerMs,
          idle_heartbeat: idleHeartbeatMs * nanosPerMs,
        }),
        { reply: inbox },
      );
    },
    close,
  };
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>[.<token>]` */
function parseDelivery(reply: string): { streamSequence: number; consumerSequence: number } {
  const tokens = reply.split(".");
  const shift = tokens.length >= 11 ? 2 : 0;
  return {
    streamSequence: Number(tokens[5 + shift]),
    consumerSequence: Number(tokens[6 + shift]),
  };
}
