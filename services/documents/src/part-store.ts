import { bytesPassed } from "@lienthong/chassis";
import { jetstream, jetstreamManager, type StoredMsg } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/nats-core";
import { type DocumentSalts, decodeSalts, encodeSalts } from "./document-salts.ts";
import { partBytes } from "./document-streams.ts";
import { partStreamName, partSubject, saltsSubject, writerSubject } from "./document-subjects.ts";
import { isConflict, isGone, storeError } from "./store-errors.ts";

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
  /** When it was stored by the server's clock, milliseconds since 1970; 0 for none. */
  readonly storedMs: number;
}

/** Names the parts of one document. */
export interface PartsOf {
  readonly documentId: string;
  readonly token: string;
}

/**
 * Bytes of documents, in parts of 256 KiB, and their salts: all that must be gone when a document is. Each message is written once, and
 * overwritten on disk when it is dropped. The place where another object store would be put in: nothing else here knows how bytes are kept.
 */
export interface PartStore {
  /** Makes the caller the only writer of an upload that was begun before: no part of another lands after this. Its number. */
  takeOver(of: PartsOf): Promise<number>;
  /**
   * Appends a part as a writer (0: the one that began). Durable when it resolves with its sequence. Null: another writer took over, or the
   * parts were dropped. Rejects with a refusal if the outcome is not known; `takeOver` and `last` tell it.
   */
  append(of: PartsOf, writer: number, index: number, data: Uint8Array): Promise<number | null>;
  /** The last part, from the leader. */
  last(of: PartsOf): Promise<LastPart>;
  /**
   * Parts in order from the one at or after a sequence, which has place `index`; at most 1 MiB in memory. Ends where there are no more. Rejects
   * with STORE_UNAVAILABLE if the store stops answering, and with an Error if a part is missing.
   */
  read(of: PartsOf, from: { index: number; sequence: number }): AsyncGenerator<StoredPart, void, undefined>;
  /** Stores the salts as a writer, before the first part. Durable when it resolves with true; false: another writer took over. */
  putSalts(of: PartsOf, writer: number, salts: DocumentSalts): Promise<boolean>;
  /** The salts, from the leader; null for none. */
  salts(of: PartsOf): Promise<DocumentSalts | null>;
  /**
   * Drops salts and parts: each message is overwritten with random bytes where it lies on disk, then removed, so that nothing of it is left in the
   * store's files (on every replica). Takes some milliseconds per part. May be done again.
   */
  drop(of: PartsOf): Promise<void>;
}

const timeoutMs = 5_000;
const partsPerPage = 4;
const partHeader = "Lt-Part";
/** How long marks stay: longer than any call that could be surprised by their absence. */
const markFor = "72h";

export async function createPartStore(connection: NatsConnection, shard: string): Promise<PartStore> {
  const streamName = partStreamName(shard);
  const client = jetstream(connection, { timeout: timeoutMs });
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs });
  const subjectOf = ({ documentId, token }: PartsOf) => partSubject(shard, documentId, token);

  /** Number of the newest writer, from the leader. */
  async function newestWriter({ documentId, token }: PartsOf): Promise<number> {
    const message = await lastOf(writerSubject(shard, documentId, token, "*"));
    return message === null ? 0 : Number(message.subject.slice(message.subject.lastIndexOf(".") + 1));
  }

  async function takeOver(of: PartsOf): Promise<number> {
    for (;;) {
      const writer = (await newestWriter(of)) + 1;
      try {
        const expect = { lastSubjectSequence: 0 };
        const subject = writerSubject(shard, of.documentId, of.token, writer);
        // From here on parts of earlier writers are refused: they expect this subject to be empty.
        await client.publish(subject, new Uint8Array(0), { expect, ttl: markFor });
        return writer;
      } catch (error) {
        if (!isConflict(error)) throw storeError(error);
      }
    }
  }

  /** The message that a request names, from the leader. */
  async function messageAt(request: Parameters<typeof manager.streams.getMessage>[1]): Promise<StoredMsg | null> {
    return manager.streams.getMessage(streamName, request).catch((error: unknown) => {
      throw storeError(error);
    });
  }

  const lastOf = (subject: string) => messageAt({ last_by_subj: subject });
  const firstOf = (subject: string) => {
    // The client's type does not know of it; the server does.
    const request = { seq: 1, next_by_subj: subject };
    return messageAt(request);
  };

  /** Removes a message, its bytes overwritten. One that is gone already is as good. */
  async function overwrite(sequence: number): Promise<void> {
    try {
      await manager.streams.deleteMessage(streamName, sequence, true);
    } catch (error) {
      if (!isGone(error)) throw storeError(error);
    }
  }

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
    takeOver,

    async append(of, writer, index, data) {
      if (data.length === 0 || data.length > partBytes) throw new RangeError(`A part has 1 to ${partBytes} bytes.`);
      const told = headers();
      told.set(partHeader, String(index));
      try {
        // Not the sequence of the part before, which would do as well: the server would read that part again to compare, and keep all blocks
        // of a large upload in memory (200 MB in, 330 MB more; with an empty subject to look at, 28 MB).
        const next = writerSubject(shard, of.documentId, of.token, writer + 1);
        const expect = { lastSubjectSequence: 0, lastSubjectSequenceSubject: next };
        // Durable between this line and its answer. A crash here leaves the part there or not; whoever takes over asks.
        return (await client.publish(subjectOf(of), data, { headers: told, expect })).seq;
      } catch (error) {
        if (isConflict(error)) return null;
        throw storeError(error);
      }
    },

    async last(of) {
      const message = await lastOf(subjectOf(of));
      if (message === null) return { index: -1, storedMs: 0 };
      return { index: Number(message.header.get(partHeader)), storedMs: message.time.getTime() };
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

    async putSalts(of, writer, salts) {
      try {
        const next = writerSubject(shard, of.documentId, of.token, writer + 1);
        const expect = { lastSubjectSequence: 0, lastSubjectSequenceSubject: next };
        // Durable between this line and its answer. A crash here leaves them there or not; whoever takes over looks.
        await client.publish(saltsSubject(shard, of.documentId, of.token), encodeSalts(salts), { expect });
        return true;
      } catch (error) {
        if (isConflict(error)) return false;
        throw storeError(error);
      }
    },

    async salts({ documentId, token }) {
      if (token === "") return null;
      const message = await lastOf(saltsSubject(shard, documentId, token));
      return message === null ? null : decodeSalts(message.data);
    },

    async drop(of) {
      // No writer that is still at it puts anything behind what is dropped.
      await takeOver(of);
      // Salts first: without them what was committed to cannot be tried out any more, whatever else is still there.
      for (const subject of [saltsSubject(shard, of.documentId, of.token), subjectOf(of)]) {
        // A crash in here leaves the rest, and the record that says it must go: this is done again. One by one from the end and at the
        // leader, so that none is passed over that a replica has not heard of; then whatever is found from the front, because nats-server
        // 2.15 may say that a subject has no last message while an earlier block, compacted meanwhile, still has some.
        for (const find of [lastOf, firstOf]) {
          for (let found = await find(subject); found !== null; found = await find(subject)) {
            await overwrite(found.seq);
            bytesPassed(found.data.length);
          }
        }
      }
    },
  };
}

/** The client does not export the class of this error. */
function isNotFound(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === "JetStreamStatusError" && code === 404;
}
