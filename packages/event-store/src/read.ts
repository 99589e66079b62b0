import { setTimeout as wait } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/nats-core";
import { type ConfirmedState, confirmedState } from "./confirmed-state.ts";
import { directGetPage } from "./direct-get.ts";
import { askLeader, JetStreamRefusedError, jetStreamErrorCodes } from "./jetstream-api.ts";
import { isWhole, RecordDamagedError } from "./whole-record.ts";

/** Most subjects in one direct get; the server's limit is 1,024. */
const headsPerRequestMax = 1000;
const messagesPerRequestMax = 1000;
const defaultTimeoutMs = 5000;

/** The last message of a subject. */
export interface SubjectHead {
  sequence: number;
  payload: Uint8Array;
}

/** A message of one subject. */
export type StoredMessage = SubjectHead;

/** What the leader says about the stream; an empty one ends at 0. `messageCount` below `lastSequence - firstSequence + 1` means holes. */
export interface StreamPosition {
  firstSequence: number;
  lastSequence: number;
  messageCount: number;
}

/** Reads one stream. All methods reject if the server does not answer in time, and with a RecordDamagedError for a record that came back with other bytes; none of them changes anything. */
export interface Reader {
  /** The subject's last message, from the leader: what was acknowledged before is seen, unless the leader was cut off (see `confirmed`). `time` is RFC 3339, server's clock. */
  lastAtLeader(subject: string): Promise<{ sequence: number; payload: Uint8Array; time: string } | null>;
  /**
   * The last message of each subject; a subject without one is not in the map. Any replica may answer, so a head can
   * be older than the newest. Good for finding losers of a batch, never for refusing a statement.
   */
  headsOf(subjects: readonly string[]): Promise<Map<string, SubjectHead>>;
  /**
   * All messages of a subject from a sequence on, in order, and complete as of the leader at some moment after the
   * call. A record that rotted on disk is left out by the server without a word: check the chain in the payloads.
   */
  messagesOfSubject(subject: string, options?: { fromSequence?: number }): Promise<StoredMessage[]>;
  /** The message at a sequence, from the leader; null if there is none or its record cannot be read. */
  atSequence(sequence: number): Promise<{ sequence: number; subject: string; payload: Uint8Array } | null>;
  /** First and last sequence and the number of messages, from the leader. */
  state(): Promise<StreamPosition>;
  /**
   * The same, and how many messages the subject has, with a majority's word that no other leader was ahead of this one when it answered:
   * what a refusal, or an alarm, may rest on. A leader that was cut off answers the other methods with what it has. Takes up to a second
   * on several replicas. Rejects with a LeaderUnconfirmedError when there is no majority.
   */
  confirmed(subject?: string): Promise<ConfirmedState>;
}

interface LeaderMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly time: string;
}

interface StoredMessageAnswer {
  message: { subject: string; seq: number; hdrs?: string; data?: string; time: string };
}

/** `timeoutMs` bounds each wait for the server, 5 s unless given. */
export function createReader(options: { connection: NatsConnection; streamName: string; timeoutMs?: number }): Reader {
  const { connection, streamName, timeoutMs = defaultTimeoutMs } = options;

  /** STREAM.MSG.GET goes to the stream's leader, unlike a direct get. */
  async function getAtLeader(request: object): Promise<LeaderMessage | null> {
    try {
      const subject = `$JS.API.STREAM.MSG.GET.${streamName}`;
      const { message } = await askLeader<StoredMessageAnswer>(connection, subject, request, timeoutMs);
      const { seq, time } = message;
      const payload = bytesOf(message.data);
      if (!isWhole(bytesOf(message.hdrs), payload)) throw new RecordDamagedError(streamName, seq);
      return { sequence: seq, subject: message.subject, payload, time };
    } catch (error) {
      if (error instanceof JetStreamRefusedError && error.errorCode === jetStreamErrorCodes.noMessageFound) return null;
      throw error;
    }
  }

  async function lastAtLeader(subject: string) {
    const message = await getAtLeader({ last_by_subj: subject });
    return message && { sequence: message.sequence, payload: message.payload, time: message.time };
  }

  /** What one replica holds of the subject from a sequence on. */
  async function messagesAtReplica(subject: string, fromSequence: number): Promise<StoredMessage[]> {
    const found: StoredMessage[] = [];
    for (let seq = Math.max(1, fromSequence); ; ) {
      const request = { seq, batch: messagesPerRequestMax, next_by_subj: subject };
      const page = await directGetPage(connection, streamName, request, timeoutMs);
      for (const { sequence, payload } of page.messages) found.push({ sequence, payload });
      const last = page.messages.at(-1);
      if (page.pendingCount === 0 || last === undefined) return found;
      seq = last.sequence + 1;
    }
  }

  return {
    lastAtLeader,

    async headsOf(subjects) {
      const heads = new Map<string, SubjectHead>();
      const distinct = [...new Set(subjects)];
      for (let start = 0; start < distinct.length; start += headsPerRequestMax) {
        let remaining = distinct.slice(start, start + headsPerRequestMax);
        while (remaining.length > 0) {
          const request = { multi_last: remaining, batch: remaining.length };
          const { messages, pendingCount } = await directGetPage(connection, streamName, request, timeoutMs);
          for (const { subject, sequence, payload } of messages) heads.set(subject, { sequence, payload });
          // An answer may end early when it grows too large; without progress, asking again would never end.
          if (pendingCount === 0) break;
          if (messages.length === 0)
            throw new Error(`The direct get on ${streamName} holds back ${pendingCount} heads.`);
          remaining = remaining.filter((subject) => !heads.has(subject));
        }
      }
      return heads;
    },

    async messagesOfSubject(subject, { fromSequence = 1 } = {}) {
      const found: StoredMessage[] = [];
      const deadline = performance.now() + timeoutMs;
      for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 100)) {
        const reached = found.at(-1)?.sequence ?? fromSequence - 1;
        for (const message of await messagesAtReplica(subject, reached + 1)) found.push(message);
        const last = await lastAtLeader(subject);
        if ((last?.sequence ?? 0) <= (found.at(-1)?.sequence ?? fromSequence - 1)) return found;
        if (performance.now() > deadline) {
          throw new Error(
            `The replica that answers for ${streamName} still lacks message ${last?.sequence} of ${subject} after ` +
              `${timeoutMs} ms. Try again; if it stays so, check that replica.`,
          );
        }
        await wait(pauseMs);
      }
    },

    async atSequence(sequence) {
      const message = await getAtLeader({ seq: sequence });
      return message && { sequence, subject: message.subject, payload: message.payload };
    },

    async state() {
      const subject = `$JS.API.STREAM.INFO.${streamName}`;
      type Answer = { state: { first_seq: number; last_seq: number; messages: number } };
      const { state } = await askLeader<Answer>(connection, subject, null, timeoutMs);
      return { firstSequence: state.first_seq, lastSequence: state.last_seq, messageCount: state.messages };
    },

    confirmed: (subject) =>
      confirmedState(connection, streamName, {
        withinMs: timeoutMs,
        ...(subject === undefined ? {} : { subject }),
      }),
  };
}

function bytesOf(base64: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(base64 ?? "", "base64"));
}
