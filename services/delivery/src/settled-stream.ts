import type { Logger } from "@lienthong/chassis";
import {
  type AppendMessage,
  batchMessagesMax,
  createAppender,
  type FollowedMessage,
  type Follower,
  follow,
  parseSettledSubject,
  settledStreamName,
  settledSubject,
} from "@lienthong/event-store";
import type { NatsConnection } from "@nats-io/nats-core";
import { decodeSettledState, encodeSettledState, type SettledState } from "./settled-state.ts";
import type { Subscription } from "./subscription.ts";

const appendTimeoutMs = 5_000;
const followAgainMs = 5_000;
/** On one replica a batch costs as much as about eight single messages. */
const singlyMax = 8;
/** Bytes of one batch, with room below what a server may hold of an open batch. */
const batchBytesMax = 4 * 1024 * 1024;

/** What the SETTLED stream tells. */
export interface SettledStreamOptions {
  readonly shard: string;
  readonly connection: NatsConnection;
  readonly logger: Logger;
  /** A message of any replica, this one included. */
  onSettled(agency: string, subscription: string, state: SettledState, sequence: number): void;
}

/**
 * The subscriptions' settled states in the SETTLED stream, one message each. Written with a compare-and-set, so that no replica
 * writes over what it has not merged.
 */
export class SettledStream {
  readonly #options: SettledStreamOptions;
  #follower: Follower | null = null;
  #followAgain: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: SettledStreamOptions) {
    this.#options = options;
  }

  /** Resolves when everything that was there has been told. */
  async start(): Promise<void> {
    await this.#follow().caughtUp;
  }

  /** Writes the states of the subscriptions that changed. Those that could not be written stay changed. */
  async publish(subscriptions: readonly Subscription[]): Promise<void> {
    try {
      await this.#publish(subscriptions);
    } catch (error) {
      for (const subscription of subscriptions) subscription.changed = true;
      throw error;
    }
  }

  async #publish(subscriptions: readonly Subscription[]): Promise<void> {
    const { shard, connection } = this.#options;
    const appender = createAppender({ connection, timeoutMs: appendTimeoutMs });
    const states = subscriptions.map((subscription) => {
      // What is settled while the message is on its way makes it changed again.
      subscription.changed = false;
      const message: AppendMessage = {
        subject: settledSubject(shard, subscription.agency.name, subscription.name),
        payload: encodeSettledState(subscription.settledState()),
        expectedLastSubjectSequence: subscription.settledMessage,
      };
      return { subscription, message };
    });
    const appended = ({ subscription }: (typeof states)[number], sequence: number) => {
      subscription.settledMessage = Math.max(subscription.settledMessage, sequence);
    };
    const singly = async (part: typeof states) => {
      const outcomes = await appender.appendSingly(part.map(({ message }) => message));
      for (const [index, outcome] of outcomes.entries()) {
        const state = part[index] as (typeof states)[number];
        if (outcome.kind === "appended") appended(state, outcome.firstSequence);
        // Another replica was first: its message arrives and is merged, then this one is written again.
        else state.subscription.changed = true;
      }
    };
    for (const part of inParts(states)) {
      if (part.length <= singlyMax) {
        await singly(part);
        continue;
      }
      // From here to the acknowledgement a crash leaves all of the part written or nothing; nothing is handed out again only.
      const outcome = await appender.appendBatch(part.map(({ message }) => message));
      if (outcome.kind === "appended") {
        for (const [index, state] of part.entries()) appended(state, outcome.firstSequence + index);
      } else if (outcome.kind === "conflict") await singly(part);
      else for (const { subscription } of part) subscription.changed = true;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#followAgain !== null) clearTimeout(this.#followAgain);
    await this.#follower?.stop();
  }

  #follow(): Follower {
    const { shard, connection, logger } = this.#options;
    const streamName = settledStreamName(shard);
    const follower = follow({
      connection,
      streamName,
      fromSequence: 1,
      filterSubject: `lt.${shard}.settled.*.*`,
      onMessages: (messages) => {
        for (const message of messages) this.#tell(message);
      },
      onGap: () => {}, // a filtered follower sees none: only the last message of each subject is kept
      onError: (error) => {
        if (this.#stopped) return;
        logger.error(
          { err: error },
          "The settled positions are not followed; what others settle may be handed out again.",
        );
        this.#followAgain = setTimeout(() => this.#follow(), followAgainMs);
      },
    });
    this.#follower = follower;
    return follower;
  }

  #tell({ subject, payload, sequence }: FollowedMessage): void {
    const { agency, subscription } = parseSettledSubject(subject);
    let state: SettledState;
    try {
      state = decodeSettledState(payload);
    } catch (error) {
      this.#options.logger.error({ err: error, subject }, "A settled position cannot be read; it is passed over.");
      return;
    }
    this.#options.onSettled(agency, subscription, state, sequence);
  }
}

function* inParts<T extends { readonly message: AppendMessage }>(states: readonly T[]): Generator<T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const state of states) {
    if (part.length >= batchMessagesMax || bytes >= batchBytesMax) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(state);
    bytes += state.message.payload.length;
  }
  if (part.length > 0) yield part;
}
