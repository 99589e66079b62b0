import { refuseFewerReplicas, StreamDeclarationError } from "@lienthong/event-store";
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import { allPartSubjects, allRecordSubjects, partStreamName, recordStreamName } from "./document-subjects.ts";

/** Bytes in one part, all but a document's last. A message of NATS holds at most 1 MiB, and one part is what a slow reader keeps in memory. */
export const partBytes = 262_144;

/** Room for subject and headers of a part. */
const envelopeBytesMax = 2_048;
/** No message carries an id, so the window's only effect would be memory. The server's least. */
const duplicateWindowNanos = 100_000_000;
const streamNotFound = 10059;

/** How the documents of a shard are kept. */
export interface DocumentStreamsOptions {
  readonly shard: string;
  /** 1, 3 or 5. */
  readonly replicas: number;
  /**
   * Most bytes of all parts together, set when the stream is made; -1: none. Beyond it uploads wait, and events, which lie in the same
   * store, go on. The server sets the space aside.
   */
  readonly partBytesMax?: number;
}

type Declared = Partial<StreamConfig> & Pick<StreamConfig, "name" | "subjects">;

const shared = {
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  max_msgs: -1,
  max_age: 0,
  allow_direct: true,
  allow_msg_ttl: true,
  deny_delete: false,
  deny_purge: false,
  no_ack: false,
  sealed: false,
} as const satisfies Partial<StreamConfig>;

function declared({ shard, replicas }: DocumentStreamsOptions): Declared[] {
  return [
    {
      ...shared,
      name: recordStreamName(shard),
      description: `What the documents of shard ${shard} are: the last word on each counts`,
      subjects: [allRecordSubjects(shard)],
      max_msgs_per_subject: 1,
      discard: DiscardPolicy.Old,
      allow_rollup_hdrs: false,
      num_replicas: replicas,
    },
    {
      ...shared,
      name: partStreamName(shard),
      description: `Bytes and salts of the documents of shard ${shard}`,
      subjects: allPartSubjects(shard),
      max_msgs_per_subject: -1,
      // Full means refused: a part is never pushed out by another.
      discard: DiscardPolicy.New,
      max_msg_size: partBytes + envelopeBytesMax,
      allow_rollup_hdrs: false,
      num_replicas: replicas,
    },
  ];
}

/** Settings that would evict, alter or hide what is stored if they differed. */
const fixedSettings = [
  ...["storage", "retention", "max_msgs", "max_age", "subjects", "max_msgs_per_subject", "discard", "no_ack", "sealed"],
  ...["allow_msg_ttl", "allow_rollup_hdrs", "allow_direct"],
] as const;

/** Makes the two streams, or checks that they are as declared. Needs admin rights. Throws StreamDeclarationError. */
export async function reconcileDocumentStreams(jsm: JetStreamManager, options: DocumentStreamsOptions): Promise<void> {
  const { shard, partBytesMax = -1 } = options;
  for (const stream of declared(options)) {
    const actual = await configOf(jsm, stream.name);
    if (actual === null) {
      const bytes = stream.name === partStreamName(shard) ? { max_bytes: partBytesMax } : {};
      // A crash after this leaves a complete, empty stream; the next start finds it as declared.
      await jsm.streams.add({ ...stream, ...bytes, duplicate_window: duplicateWindowNanos });
    } else {
      if (isOfBeforeSalts(stream, actual)) {
        const { subjects, allow_rollup_hdrs } = stream;
        await jsm.streams.update(stream.name, { ...actual, subjects, allow_rollup_hdrs: allow_rollup_hdrs ?? false });
        continue;
      }
      refuseDifferent(stream, actual);
      refuseFewerReplicas(stream, actual);
      if (actual.num_replicas !== stream.num_replicas) {
        await jsm.streams.update(stream.name, { ...actual, num_replicas: options.replicas });
      }
    }
  }
}

/** For services without admin rights: throws a StreamDeclarationError unless both streams are there and as declared. */
export async function assertDocumentStreams(jsm: JetStreamManager, shard: string): Promise<void> {
  for (const stream of declared({ shard, replicas: 1 })) {
    const actual = await configOf(jsm, stream.name);
    if (actual === null) {
      throw new StreamDeclarationError(
        `Stream ${stream.name} does not exist. Start the bus, or have its administrator do so.`,
      );
    }
    refuseDifferent(stream, actual);
  }
}

/** A stream of parts made when salts still lay in the records: it takes one more subject. */
function isOfBeforeSalts({ subjects }: Declared, actual: StreamConfig): boolean {
  return subjects.length === 3 && JSON.stringify(actual.subjects) === JSON.stringify(subjects.slice(0, 2));
}

function refuseDifferent(stream: Declared, actual: StreamConfig): void {
  for (const setting of fixedSettings) {
    const wanted = stream[setting as keyof Declared];
    const value = actual[setting as keyof StreamConfig] ?? (typeof wanted === "boolean" ? false : undefined);
    if (JSON.stringify(value) === JSON.stringify(wanted) || (value === undefined && wanted === 0)) continue;
    throw new StreamDeclarationError(
      `Stream ${stream.name} has ${setting} ${JSON.stringify(value) ?? "unset"}; it must be ${JSON.stringify(wanted)}. ` +
        `Such a stream may have lost documents already: look at who made it, and move its content to a new one.`,
    );
  }
  if (String(actual.persist_mode ?? "default") === "async") {
    throw new StreamDeclarationError(
      `Stream ${stream.name} has persist_mode async: it acknowledges before the disk has the message.`,
    );
  }
}

async function configOf(jsm: JetStreamManager, name: string): Promise<StreamConfig | null> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return null;
    throw error;
  }
}
