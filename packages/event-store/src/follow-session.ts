import type { Msg, NatsConnection } from "@nats-io/nats-core";
import { createInbox, nuid } from "@nats-io/nats-core";
import { inboxPrefixOf } from "./connection-watch.ts";
import { apiRequest } from "./jetstream-api.ts";
import { isDeliveredWhole, RecordDamagedError } from "./whole-record.ts";

/** One message as a follower hands it over. */
export interface FollowedMessage {
  sequence: number;
  subject: string;
  /** A window into a network buffer: copy what you keep. */
  payload: Uint8Array;
}

/** Asked for at most this much ahead of what was handed over, or as many messages as one handover may have; with the bytes below it bounds a follower's memory. */
const messagesAheadMin = 4096;
const bytesAheadPerMessage = 4096;

/** So many are worth asking for before the rest is over. */
const burstMessages = 512;

const pullExpiresMs = 30_000;
const idleHeartbeatMs = 5_000;
const silenceMsMax = 2.5 * idleHeartbeatMs;
/** The server forgets the consumer of a follower that vanished. */
const inactiveThresholdMs = 60_000;
const nanosPerMs = 1_000_000;

/** Where a session reports to. Nothing is reported after `close()`, `onBroken` or `onFailed`. */
export interface SessionEvents {
  onMessage(message: FollowedMessage): void;
  /** A pull request ended before it was filled: time to call `refill`. */
  onPullEnded(): void;
  /** This session is of no more use, for a reason that a new one may cure. */
  onBroken(reason: string): void;
  /** The server forbids what a follower needs, or a record came with other bytes than were written; a new session would not help. */
  onFailed(error: Error): void;
}

/** One ordered consumer on the server, from creation until anything about it goes wrong. */
export interface FollowSession {
  /** Messages that waited on the server when the session was opened. */
  readonly pendingAtStart: number;
  /** Asks for more, as far as what is buffered leaves room. */
  refill(buffered: { messages: number; bytes: number }): void;
  /** Ends a rest: the next `refill` asks at once. */
  endRest(): void;
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
    restMs: number;
    handoverMessagesMax: number;
  },
  events: SessionEvents,
): Promise<FollowSession> {
  const { connection, streamName, fromSequence, filterSubject, timeoutMs, restMs } = options;
  const messagesAheadMax = Math.max(messagesAheadMin, options.handoverMessagesMax);
  const bytesAheadMax = messagesAheadMax * bytesAheadPerMessage;
  const consumerName = `follow_${nuid.next()}`;
  const inbox = createInbox(inboxPrefixOf(connection));
  /** Messages that pull requests still entitle us to. */
  let owed = 0;
  /** Messages that waited on the server behind the last one that came. */
  let pending = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  let rest: NodeJS.Timeout | null = null;
  let deliveries = 0;
  /** Known from the first delivery on. */
  let numbersAt: number | null = null;
  let lastHeardAt = performance.now();
  let open = true;

  const onDelivery = (message: Msg, reply: string) => {
    numbersAt ??= placeOfNumbers(reply);
    const { streamSequence, consumerSequence, pendingCount } = parseDelivery(reply, numbersAt);
    pending = pendingCount;
    deliveries += 1;
    if (consumerSequence !== deliveries) {
      breakOff(`delivery ${deliveries} was lost on the way`);
      return;
    }
    owed = Math.max(0, owed - 1);
    // A plain Uint8Array, because `slice()` of the Buffer that the client hands out would not copy.
    const { buffer, byteOffset, byteLength } = message.data;
    const payload = new Uint8Array(buffer, byteOffset, byteLength);
    if (!isDeliveredWhole(message)) {
      close();
      events.onFailed(new RecordDamagedError(streamName, streamSequence));
      return;
    }
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
        events.onFailed(error);
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
    clearRest();
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
    pending = pendingAtStart;
  } catch (error) {
    close();
    throw error;
  }

  function clearRest(): void {
    if (rest !== null) clearTimeout(rest);
    rest = null;
  }

  /** How many to ask for now where messages are taken in bursts: what is known to wait, or one, to be told when there is something. */
  function burst(room: number): number {
    if (owed > 0) return 0;
    if (pending >= burstMessages) return Math.min(pending, room);
    const restLeftMs = askedAt + restMs - performance.now();
    if (restLeftMs <= 0) return Math.min(Math.max(1, pending), room);
    rest ??= setTimeout(() => {
      rest = null;
      events.onPullEnded();
    }, restLeftMs);
    return 0;
  }

  return {
    pendingAtStart,
    refill(buffered) {
      if (!open || connection.isDraining() || connection.isClosed() || buffered.bytes >= bytesAheadMax) return;
      const ahead = owed + buffered.messages;
      if (ahead > messagesAheadMax / 2) return;
      const batch = restMs === 0 ? messagesAheadMax - ahead : burst(messagesAheadMax - ahead);
      if (batch === 0) return;
      askedAt = performance.now();
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
    endRest() {
      askedAt = Number.NEGATIVE_INFINITY;
      clearRest();
    },
    close,
  };
}

/**
 * `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>[.<token>]`, read once for each message of a
 * stream: the names in front are the same every time, so only what stands behind them is taken apart.
 */
function parseDelivery(
  reply: string,
  numbersAt: number,
): { streamSequence: number; consumerSequence: number; pendingCount: number } {
  let at = numbersAt;
  const next = (): number => {
    let value = 0;
    for (let code = reply.charCodeAt(at); code >= zero; code = reply.charCodeAt(++at)) value = value * 10 + code - zero;
    at += 1;
    return value;
  };
  next();
  const streamSequence = next();
  const consumerSequence = next();
  at = reply.indexOf(".", at) + 1;
  return { streamSequence, consumerSequence, pendingCount: next() };
}

const zero = "0".charCodeAt(0);

/** Where the numbers of a delivery's reply subject begin. */
function placeOfNumbers(reply: string): number {
  const tokens = reply.split(".");
  const names = tokens.length >= 11 ? 6 : 4;
  return tokens.slice(0, names).join(".").length + 1;
}
