import { createReader, type FollowedMessage, follow } from "@lienthong/event-store";
import type { NatsConnection } from "@nats-io/nats-core";
import type { StreamMessage } from "./fsck.ts";

/**
 * The messages that a stream holds now, in order, holes left out: to a reader who compares, a hole is a finding and not an end. Throws when the stream
 * cannot be read.
 */
export async function* readStream(connection: NatsConnection, streamName: string): AsyncGenerator<StreamMessage> {
  const { lastSequence } = await createReader({ connection, streamName }).state();
  for (let next = 1; next <= lastSequence; ) {
    const part = new StreamPart(connection, streamName, next);
    try {
      for await (const message of part.messages()) {
        if (message.sequence > lastSequence) return;
        yield message;
        next = message.sequence + 1;
        if (next > lastSequence) return;
      }
    } finally {
      await part.stop();
    }
    if (part.gapTo === null || part.gapTo <= next) return;
    next = part.gapTo;
  }
}

/** A follower as something to iterate over, up to its end or the next hole. */
class StreamPart {
  /** Sequence behind the hole at which this part ended; null if it did not. */
  gapTo: number | null = null;
  #batch: { messages: FollowedMessage[]; taken: () => void } | null = null;
  #ended = false;
  #error: Error | null = null;
  #wake: () => void = () => {};
  readonly #follower: ReturnType<typeof follow>;

  constructor(connection: NatsConnection, streamName: string, fromSequence: number) {
    this.#follower = follow({
      connection,
      streamName,
      fromSequence,
      onMessages: (messages) =>
        new Promise<void>((taken) => {
          if (this.#ended) taken();
          this.#batch = { messages, taken };
          this.#wake();
        }),
      onGap: (_expected, got) => {
        this.gapTo = got;
        this.#end();
      },
      onError: (error) => {
        this.#error = error;
        this.#end();
      },
    });
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *messages(): AsyncGenerator<StreamMessage> {
    for (;;) {
      const batch = this.#batch;
      if (batch !== null) {
        this.#batch = null;
        // A window into a network buffer each, which stays as it is until the batch is given back.
        try {
          yield* batch.messages;
        } finally {
          batch.taken();
        }
      } else if (this.#error !== null) throw this.#error;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async stop(): Promise<void> {
    this.#ended = true;
    this.#batch?.taken();
    await this.#follower.stop();
  }
}
