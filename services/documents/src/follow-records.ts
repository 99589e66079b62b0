import type { Logger } from "@lienthong/chassis";
import { type FollowedMessage, type Follower, follow } from "@lienthong/event-store";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { allRecordSubjects, recordStreamName } from "./document-subjects.ts";
import type { DocumentsIndex } from "./documents-index.ts";
import { decodeIfAny } from "./record-store.ts";

/** Follows the records' stream into the index. Resolves when all that was there has been read. `onEnded`: it will not go on by itself. */
export async function followRecords(options: {
  shard: string;
  connection: NatsConnection;
  index: DocumentsIndex;
  logger: Logger;
  /** Documents were taken back. */
  onDeleted(): void;
  onEnded(error: Error): void;
}): Promise<Follower> {
  const { shard, connection, index, logger, onDeleted, onEnded } = options;
  const streamName = recordStreamName(shard);
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const { created, state } = await manager.streams.info(streamName);
  const position = index.recordPosition();
  if (position !== null && (position.streamCreated !== created || position.sequence > state.last_seq)) {
    logger.warn(
      { streamName },
      "The index was made from another stream of documents than the one that is there; it is built anew.",
    );
    index.reset();
  }
  const follower = follow({
    connection,
    streamName,
    fromSequence: (index.recordPosition()?.sequence ?? 0) + 1,
    // Only the last record of a document is kept, so the stream has holes by design; a filter says so.
    filterSubject: allRecordSubjects(shard),
    onMessages: (messages) => {
      const last = messages.at(-1);
      if (last === undefined) return;
      const records = messages.map(readRecord);
      index.applyRecords(records, last.sequence, created);
      if (records.some(({ record }) => record?.state === "deleted")) onDeleted();
    },
    onGap: (expected, got) => onEnded(new Error(`${streamName} has ${got} where ${expected} was expected.`)),
    onError: onEnded,
  });
  await follower.caughtUp;
  return follower;
}

function readRecord({ subject, payload }: FollowedMessage) {
  return { documentId: subject.slice(subject.lastIndexOf(".") + 1), record: decodeIfAny(payload) };
}
