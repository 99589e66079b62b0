import type { JetStreamManager, StreamConfig } from "@nats-io/jetstream";
import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { jetStreamErrorCodes } from "./jetstream-api.ts";
import { headerBytesMax, payloadBytesMax } from "./limits.ts";
import {
  accessStreamName,
  accessSubject,
  allEventSubjects,
  eventStreamName,
  registryStreamName,
  registrySubject,
  settledStreamName,
  shardToken,
} from "./subjects.ts";

/**
 * Streams as declared data. No consumer is declared: followers use ordered consumers, which live only as long as
 * their follower, and each follower keeps its own position beside what it made of the events. A durable consumer
 * would be a second position, kept in NATS, that could disagree with the first.
 */

/** The settings of a stream; each one that is not in here must have the value in `plainSettings`. */
export interface DeclaredStream {
  name: string;
  description: string;
  subjects: string[];
  max_msgs_per_subject: number;
  discard: "new" | "old";
  num_replicas: number;
  max_msg_size: number;
  allow_atomic: boolean;
  allow_direct: boolean;
  deny_delete: boolean;
  deny_purge: boolean;
  /** How long a message stays, in nanoseconds; absent: for good. */
  max_age?: number;
}

/** A stream on the server is not as declared. */
export class StreamDeclarationError extends Error {
  override name = "StreamDeclarationError";
}

/** The server's least. No message carries an id, so the window's only effect would be memory. */
const duplicateWindowNanos = 100_000_000;

/** A shard's events: nothing is ever evicted, deleted or purged; full means refused. */
export function declareEventStream(options: { shard: string; replicas: number }): DeclaredStream {
  return {
    ...appendOnly(options.replicas),
    name: eventStreamName(options.shard),
    description: `Events of shard ${options.shard}; message i + 1 is leaf i of its log`,
    subjects: [allEventSubjects(options.shard)],
  };
}

/** The registry's log, kept like events. */
export function declareRegistryStream(options: { replicas: number }): DeclaredStream {
  return {
    ...appendOnly(options.replicas),
    name: registryStreamName,
    description: "Entries of the registry",
    subjects: [registrySubject],
  };
}

/** What each subscription has settled: only the last word of each counts, and losing it only delivers again. */
export function declareSettledStream(options: { shard: string; replicas: number }): DeclaredStream {
  return {
    name: settledStreamName(options.shard),
    description: `What the subscriptions of shard ${options.shard} have settled`,
    subjects: [`lt.${shardToken(options.shard)}.settled.*.*`],
    max_msgs_per_subject: 1,
    discard: "old",
    num_replicas: options.replicas,
    max_msg_size: payloadBytesMax + headerBytesMax,
    allow_atomic: true,
    allow_direct: true,
    deny_delete: false,
    deny_purge: false,
  };
}

/** Five years, leap days included. */
export const accessRetentionDaysDefault = 1_826;
const nanosPerDay = 86_400_000_000_000;

/**
 * Who looked at what, for as long as it is kept. Nobody can delete or alter a record before its time; the server removes it afterwards.
 * `retentionDays`: 1 to 36,500; a shorter span than before removes what is older than it.
 */
export function declareAccessStream(options: { replicas: number; retentionDays?: number }): DeclaredStream {
  const days = options.retentionDays ?? accessRetentionDaysDefault;
  if (!(Number.isInteger(days) && days >= 1 && days <= 36_500)) {
    throw new RangeError(`Look-ups are kept for ${days} days; allowed is a whole number from 1 to 36500.`);
  }
  return {
    ...appendOnly(options.replicas),
    name: accessStreamName,
    description: "Who looked at what",
    subjects: [accessSubject],
    max_age: days * nanosPerDay,
  };
}

function appendOnly(replicas: number): Omit<DeclaredStream, "name" | "description" | "subjects"> {
  return {
    max_msgs_per_subject: -1,
    discard: "new",
    num_replicas: replicas,
    max_msg_size: payloadBytesMax + headerBytesMax,
    allow_atomic: true,
    allow_direct: true,
    deny_delete: true,
    deny_purge: true,
  };
}

/** Settings that differ from these would evict, alter, hide or reroute messages. Absent counts as equal. */
const plainSettings = {
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_consumers: -1,
  discard_new_per_subject: false,
  sealed: false,
  no_ack: false,
  allow_rollup_hdrs: false,
  allow_msg_ttl: false,
  allow_msg_schedules: false,
  allow_msg_counter: false,
  mirror_direct: false,
  subject_delete_marker_ttl: 0,
} as const satisfies Partial<StreamConfig>;

/** Settings that may differ on a stream that exists and are then updated. */
const updatableSettings = [
  "description",
  "num_replicas",
  "max_msg_size",
  "allow_atomic",
  "allow_direct",
  "max_age",
] as const;

/** Settings in which a stream that exists must be as declared: changing them could drop messages or already did. */
const fixedSettings = ["subjects", "max_msgs_per_subject", "discard", "deny_delete", "deny_purge"] as const;

/** Those of the updatable settings without which a service cannot work. */
const neededSettings = ["max_msg_size", "allow_atomic", "allow_direct"] as const;

/** Settings that must not be there at all. */
const absentSettings = ["mirror", "sources", "republish", "subject_transform"] as const;

/** What was done to a stream; `changed` names the settings that were updated. */
export interface ReconciledStream {
  name: string;
  action: "created" | "updated" | "unchanged";
  changed: string[];
}

/**
 * Makes the streams be as declared: creates what is missing, updates what may be updated. Throws a
 * `StreamDeclarationError` that names stream and setting where that would not be safe. Needs admin rights.
 */
export async function reconcileStreams(
  jsm: JetStreamManager,
  declared: readonly DeclaredStream[],
): Promise<ReconciledStream[]> {
  const done: ReconciledStream[] = [];
  for (const stream of declared) {
    const { name } = stream;
    const actual = await configOf(jsm, name);
    if (actual === null) {
      // A crash after this leaves a complete, empty stream; the next start finds it unchanged.
      await jsm.streams.add({
        ...plainSettings,
        ...stream,
        ...enumsOf(stream),
        duplicate_window: duplicateWindowNanos,
      });
      const created = await configOf(jsm, name);
      if (created === null) throw new StreamDeclarationError(`Stream ${name} was created but is not there.`);
      refuseUnsafe(stream, created);
      done.push({ name, action: "created", changed: [] });
      continue;
    }
    refuseUnsafe(stream, actual);
    refuseFewerReplicas(stream, actual);
    const changed: string[] = updatableSettings.filter((setting) => !isSame(actual[setting], stream[setting] ?? 0));
    if (actual.duplicate_window !== duplicateWindowNanos) changed.push("duplicate_window");
    if (changed.length > 0) {
      const wanted = Object.fromEntries(updatableSettings.map((setting) => [setting, stream[setting] ?? 0]));
      await jsm.streams.update(name, { ...actual, ...wanted, duplicate_window: duplicateWindowNanos });
    }
    done.push({ name, action: changed.length > 0 ? "updated" : "unchanged", changed });
  }
  return done;
}

/**
 * For services without admin rights: throws a `StreamDeclarationError` unless each stream is there and as declared, in
 * all that a service relies on. Description, replicas and duplicate window may differ.
 */
export async function assertStreams(jsm: JetStreamManager, declared: readonly DeclaredStream[]): Promise<void> {
  for (const stream of declared) {
    const actual = await configOf(jsm, stream.name);
    if (actual === null) {
      throw new StreamDeclarationError(
        `Stream ${stream.name} does not exist. Start the bus, or have its administrator do so.`,
      );
    }
    refuseUnsafe(stream, actual);
    for (const setting of neededSettings) {
      if (!isSame(actual[setting], stream[setting])) {
        throw wrongSetting(
          stream.name,
          setting,
          actual[setting],
          stream[setting],
          "Start the bus with admin rights once to update it.",
        );
      }
    }
  }
}

async function configOf(jsm: JetStreamManager, name: string): Promise<StreamConfig | null> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === jetStreamErrorCodes.streamNotFound) return null;
    throw error;
  }
}

function refuseUnsafe(stream: DeclaredStream, actual: StreamConfig): void {
  const cure = "Such a stream may have lost messages already: look at who made it, and move its content to a new one.";
  for (const [setting, wanted] of Object.entries(plainSettings)) {
    const value = actual[setting as keyof typeof plainSettings];
    // A stream that declares a span may be given another one; one that declares none keeps everything.
    if (setting === "max_age" && stream.max_age !== undefined) continue;
    if (value !== undefined && !isSame(value, wanted)) throw wrongSetting(stream.name, setting, value, wanted, cure);
  }
  for (const setting of fixedSettings) {
    if (!isSame(actual[setting], stream[setting])) {
      throw wrongSetting(stream.name, setting, actual[setting], stream[setting], cure);
    }
  }
  for (const setting of absentSettings) {
    const value = actual[setting];
    if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) {
      throw wrongSetting(stream.name, setting, value, null, cure);
    }
  }
  if (String(actual.persist_mode ?? "default") === "async") {
    throw wrongSetting(
      stream.name,
      "persist_mode",
      "async",
      "default",
      "It acknowledges before the disk has the message.",
    );
  }
}

/** What was accepted on a majority of several is not left to fewer by the way: that is somebody's decision, said aloud. */
export function refuseFewerReplicas(
  stream: { readonly name: string; readonly num_replicas?: number | undefined },
  actual: Pick<StreamConfig, "num_replicas">,
): void {
  const wanted = stream.num_replicas ?? 1;
  if (actual.num_replicas <= wanted) return;
  throw wrongSetting(
    stream.name,
    "num_replicas",
    actual.num_replicas,
    wanted,
    `Set LIENTHONG_STREAM_REPLICAS=${actual.num_replicas}; to keep fewer copies in earnest, lower it with the server's own tools first.`,
  );
}

function wrongSetting(stream: string, setting: string, actual: unknown, wanted: unknown, cure: string): Error {
  return new StreamDeclarationError(
    `Stream ${stream} has ${setting} ${JSON.stringify(actual) ?? "unset"}; it must be ${JSON.stringify(wanted)}. ${cure}`,
  );
}

/** Absent booleans and numbers mean false and 0 in the server's answers. */
function isSame(actual: unknown, wanted: unknown): boolean {
  if (actual === undefined) return wanted === false || wanted === 0;
  return JSON.stringify(actual) === JSON.stringify(wanted);
}

function enumsOf(stream: DeclaredStream): Pick<StreamConfig, "discard"> {
  return { discard: stream.discard === "new" ? DiscardPolicy.New : DiscardPolicy.Old };
}
