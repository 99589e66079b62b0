import { setTimeout as wait } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/nats-core";
import { askLeader } from "./jetstream-api.ts";
import type { StreamPosition } from "./read.ts";

/** What a leader holds, and a majority of the replicas has vouched that it leads. */
export interface ConfirmedState extends StreamPosition {
  /** Messages of the subject that was asked for; 0 if none was. */
  readonly subjectMessageCount: number;
  /** On how many servers the stream lies; 1: there is no other leader that could have said something else. */
  readonly replicas: number;
}

/** Nobody with a majority behind it has answered in time: whatever was read may be old. Try again. */
export class LeaderUnconfirmedError extends Error {
  override name = "LeaderUnconfirmedError";
}

interface StreamInfoAnswer {
  readonly config: { readonly num_replicas: number };
  readonly state: {
    readonly first_seq: number;
    readonly last_seq: number;
    readonly messages: number;
    readonly subjects?: Readonly<Record<string, number>>;
  };
  readonly cluster?: {
    readonly leader?: string;
    readonly leader_since?: string;
    /** `active`: nanoseconds since the leader heard from it; 0: never. */
    readonly replicas?: readonly { readonly active?: number }[];
  };
}

const pauseMsMin = 10;
const pauseMsMax = 100;
const nanosPerMs = 1_000_000;

/**
 * Reads the stream's state so that no newer one can have been acknowledged before the call. A leader that was cut off, or paused, believes
 * for some seconds that it leads, and answers reads with what it has, while the others have elected another and gone on. So after its
 * answer it is asked again until a majority was in contact with this very leadership *after* the answer: had there been another leader
 * then, one of them would have known it (the "read index" of Raft; a leadership is told by name and time of election). An idle leader
 * hears from its followers once a second, a busy one all the time; so long this takes. One replica is its own majority.
 * @throws LeaderUnconfirmedError after `withinMs`, JetStreamRefusedError, or what the connection says.
 */
export async function confirmedState(
  connection: NatsConnection,
  streamName: string,
  options: { readonly subject?: string; readonly withinMs: number },
): Promise<ConfirmedState> {
  const deadline = performance.now() + options.withinMs;
  const subject = `$JS.API.STREAM.INFO.${streamName}`;
  const body = options.subject === undefined ? null : { subjects_filter: options.subject };
  const ask = async (what: object | null) => {
    const askedAtMs = performance.now();
    const answer = await askLeader<StreamInfoAnswer>(connection, subject, what, Math.max(1, deadline - askedAtMs));
    return { answer, askedAtMs, answeredAtMs: performance.now() };
  };
  for (;;) {
    const read = await ask(body);
    if (read.answer.config.num_replicas === 1) return stateIn(read.answer, options.subject);
    const leadership = leadershipOf(read.answer);
    for (let pauseMs = pauseMsMin; leadership !== null; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      await wait(pauseMs);
      if (performance.now() > deadline) break;
      const check = await ask(null);
      // Somebody else leads by now: what was read may be of before. Read anew.
      if (leadershipOf(check.answer) !== leadership) break;
      const heardFrom = (check.answer.cluster?.replicas ?? []).filter(
        ({ active = 0 }) => active > 0 && check.askedAtMs - active / nanosPerMs >= read.answeredAtMs,
      );
      // With the leader itself, more than half.
      if (2 * (heardFrom.length + 1) > read.answer.config.num_replicas) return stateIn(read.answer, options.subject);
    }
    if (performance.now() > deadline) {
      throw new LeaderUnconfirmedError(
        `No majority of the replicas of ${streamName} confirmed its leader within ${options.withinMs} ms.`,
      );
    }
    await wait(pauseMsMax);
  }
}

/** Name and time of election; null while nobody leads. */
function leadershipOf({ cluster }: StreamInfoAnswer): string | null {
  if (!cluster?.leader || !cluster.leader_since) return null;
  return `${cluster.leader} ${cluster.leader_since}`;
}

function stateIn({ state, config }: StreamInfoAnswer, subject: string | undefined): ConfirmedState {
  return {
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    messageCount: state.messages,
    replicas: config.num_replicas,
    subjectMessageCount: subject === undefined ? 0 : (state.subjects?.[subject] ?? 0),
  };
}
