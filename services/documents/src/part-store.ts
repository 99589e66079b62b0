import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/nats-core";
import { partBytes } from "./document-streams.ts";
import { partStreamName, partSubject } from "./document-subjects.ts";
import { isConflict, storeError } from "./store-errors.ts";

/** A part as it lies in the stream. */
export interface StoredPart {
  /** Place in its document, from 0. */
  readonly index: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** How far the parts of an upload have come. */
export interface LastPart {
  /** Place of the last part; -1 for none. */
  readonly index: number;
  /** Its sequence; 0 for none. */
  readonly sequence: number;
  /** When it was stored by the server's clock, milliseconds since 1970; 0 for none. */
  readonly storedMs: number;
}

/** Names the parts of one document. */
export interface PartsOf {
  readonly documentId: string;
  readonly token: string;
}

/**
 * Bytes of documents, in parts of 256 KiB. The place where another object store would be put in: nothing else here knows how bytes are kept.
 */
export interface PartStore {
  /**
   * Appends a part behind the one at `expectedSequence` (0: it is the first). Durable when it resolves with its sequence. Null: another
   * writer was first, or the parts were dropped. Rejects with a refusal if the outcome is not known; `last` tells it.
   */
  append(of: PartsOf, index: number, data: Uint8Array, expectedSequence: number): Promise<number | null>;
  /** The last part, from the leader. */
  last(of: PartsOf): Promise<LastPart>;
  /**
   * Parts in order from the one at or after a sequence, which has place `index`; at most 2 MiB in memory. Ends where there are no more. Rejects
   * with STORE_UNAVAILABLE if the store stops answering, and with an Error if a part is missing.
   */
  read(of: PartsOf, from: { index: number; sequence: number }): AsyncGenerator<StoredPart, void, undefined>;
  /** Drops all parts. May be done again. */
  drop(of: PartsOf): Promise<void>;
}

const timeoutMs = 5_000;
const partsPerPage = 8;
const partHeader = "Lt-Part";
/** How long a mark that the parts were dropped stays. A writer that was paused for longer finds an empty subject, which it does not expect either. */
const droppedMarkFor = "1h";

export async function createPartStore(connection: NatsConnection, shard: string): Promise<PartStore> {
  const streamName = partStreamName(shard);
  const client = jetstream(connection, { timeout: timeoutMs });
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs });
  const subjectOf = ({ documentId, token }: PartsOf) => partSubject(shard, documentId, token);

  async function page(subject: string, sequence: number): Promise<StoredPart[]> {
    const request = { seq: sequence, batch: partsPerPage, next_by_subj: subject };
    const messages = await manager.direct.getBatch(streamName, request);
    const parts: StoredPart[] = [];
    // The client itself waits without bound for the rest of a page once its first message has come.
    const timer = setTimeout(
      () => messages.stop(new Error(`${streamName} stopped answering for ${timeoutMs} ms.`)),
      timeoutMs,
    );
    try {
      for await (const { seq, header, data } of messages) {
        if (!header.has(partHeader)) continue;
        parts.push({ index: Number(header.get(partHeader)), sequence: seq, data });
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
    } finally {
      clearTimeout(timer);
    }
    return parts;
  }

  return {
    async append(of, index, data, expectedSequence) {
      if (data.length === 0 || data.length > partBytes) throw new RangeError(`A part has 1 to ${partBytes} bytes.`);
      const told = headers();
      told.set(partHeader, String(index));
      try {
        const expect = { lastSubjectSequence: expectedSequence };
        // Durable between this line and its answer. A crash here leaves the part there or not; a resumed upload asks for the last part.
        return (await client.publish(subjectOf(of), data, { headers: told, expect })).seq;
      } catch (error) {
        if (isConflict(error)) return null;
        throw storeError(error);
      }
    },

    async last(of) {
      const message = await manager.streams
        .getMessage(streamName, { last_by_subj: subjectOf(of) })
        .catch((error: unknown) => {
          throw storeError(error);
        });
      if (message === null) return { index: -1, sequence: 0, storedMs: 0 };
      // The mark of dropped parts has no place: a writer goes on behind it and finds out from the record.
      const index = message.header.has(partHeader) ? Number(message.header.get(partHeader)) : -1;
      return { index, sequence: message.seq, storedMs: message.time.getTime() };
    },

    async *read(of, from) {
      const subject = subjectOf(of);
      let { index, sequence } = from;
      for (;;) {
        let parts: StoredPart[];
        try {
          parts = await page(subject, sequence);
        } catch (error) {
          throw storeError(error);
        }
        if (parts.length === 0) return;
        for (const part of parts) {
          if (part.index !== index) {
            throw new Error(
              `Part ${index} of document ${of.documentId} is not in ${streamName}; ${part.index} follows.`,
            );
          }
          yield part;
          index += 1;
          sequence = part.sequence + 1;
        }
      }
    },

    async drop(of) {
      const rollup = headers();
      rollup.set("Nats-Rollup", "sub");
      try {
        // A crash before this leaves the parts, and the record that says they must go: it is done again. After it they are gone.
        await client.publish(subjectOf(of), new Uint8Array(0), { headers: rollup, ttl: droppedMarkFor });
      } catch (error) {
        throw storeError(error);
      }
    },
  };
}

/** The client does not export the class of this error. */
function isNotFound(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === "JetStreamStatusError" && code === 404;
}
