import { createReader } from "@lienthong/event-store";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { type DocumentRecord, decodeRecord, encodeRecord } from "./document-record.ts";
import { recordStreamName, recordSubject } from "./document-subjects.ts";
import { isConflict, storeError } from "./store-errors.ts";

/** A record and where it lies: what the next word on it must expect. */
export interface HeldRecord {
  /** Null: no such document, or no more. */
  readonly record: DocumentRecord | null;
  /** Sequence of its message; 0 for none. */
  readonly sequence: number;
}

/** Reads and writes records, each with a compare-and-set: whoever is second reads again. */
export interface RecordStore {
  /** From the leader: what was answered before is seen. Rejects with STORE_UNAVAILABLE. */
  read(documentId: string): Promise<HeldRecord>;
  /** Many at once from any replica, which may lag behind; for look-ups whose bad news are checked again with `read`. */
  readSeveral(documentIds: readonly string[]): Promise<Map<string, DocumentRecord>>;
  /** Durable when it resolves. Null: somebody else was first, and nothing is written. Rejects with a refusal if the outcome is not known. */
  write(record: DocumentRecord, expectedSequence: number): Promise<HeldRecord | null>;
  /** Forgets a document. False: somebody else was first. */
  forget(documentId: string, expectedSequence: number): Promise<boolean>;
}

const timeoutMs = 5_000;
/** An empty message marks a document that is gone, so that followers hear of it; then it goes itself. */
const forgottenFor = "24h";

export function createRecordStore(connection: NatsConnection, shard: string): RecordStore {
  const reader = createReader({ connection, streamName: recordStreamName(shard), timeoutMs });
  const client = jetstream(connection, { timeout: timeoutMs });

  async function publish(documentId: string, payload: Uint8Array, expectedSequence: number, ttl?: string) {
    try {
      const expect = { lastSubjectSequence: expectedSequence };
      const subject = recordSubject(shard, documentId);
      return (await client.publish(subject, payload, { expect, ...(ttl === undefined ? {} : { ttl }) })).seq;
    } catch (error) {
      if (isConflict(error)) return null;
      throw storeError(error);
    }
  }

  return {
    async read(documentId) {
      const message = await reader.lastAtLeader(recordSubject(shard, documentId)).catch((error: unknown) => {
        throw storeError(error);
      });
      if (message === null) return { record: null, sequence: 0 };
      return { record: decodeIfAny(message.payload), sequence: message.sequence };
    },

    async readSeveral(documentIds) {
      const heads = await reader
        .headsOf(documentIds.map((documentId) => recordSubject(shard, documentId)))
        .catch((error: unknown) => {
          throw storeError(error);
        });
      const records = new Map<string, DocumentRecord>();
      for (const { payload } of heads.values()) {
        const record = decodeIfAny(payload);
        if (record !== null) records.set(record.documentId, record);
      }
      return records;
    },

    async write(record, expectedSequence) {
      // Durable between this line and its answer; a crash here leaves the record as it was or as it is told to be.
      const sequence = await publish(record.documentId, encodeRecord(record), expectedSequence);
      return sequence === null ? null : { record, sequence };
    },

    async forget(documentId, expectedSequence) {
      return (await publish(documentId, new Uint8Array(0), expectedSequence, forgottenFor)) !== null;
    },
  };
}

/** The record in a message; null for the mark of one that is gone. */
export function decodeIfAny(payload: Uint8Array): DocumentRecord | null {
  return payload.length === 0 ? null : decodeRecord(payload);
}
