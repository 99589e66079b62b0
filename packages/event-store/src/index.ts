export type { Appender, AppendMessage, AppendOutcome } from "./append.ts";
export { appendRefusals, batchMessagesMax, createAppender } from "./append.ts";
export type { ConfirmedState } from "./confirmed-state.ts";
export { LeaderUnconfirmedError } from "./confirmed-state.ts";
export { ConnectionLostError, watchConnection } from "./connection-watch.ts";
export type { DeclaredStream, ReconciledStream } from "./declared-streams.ts";
export {
  accessRetentionDaysDefault,
  assertStreams,
  declareAccessStream,
  declareEventStream,
  declareRegistryStream,
  declareSettledStream,
  reconcileStreams,
  refuseFewerReplicas,
  StreamDeclarationError,
} from "./declared-streams.ts";
export type { DossierHead, DossierHeads, DossierHeadsOrigin, FollowPosition } from "./dossier-heads.ts";
export { openDossierHeads } from "./dossier-heads.ts";
export type { DurableHead, DurableHeadValue } from "./durable-head.ts";
export { openDurableHead } from "./durable-head.ts";
export type { FollowedMessage, Follower, FollowOptions } from "./follow.ts";
export { follow } from "./follow.ts";
export type { HeadWriter } from "./head-writer.ts";
export { openHeadWriter } from "./head-writer.ts";
export { JetStreamRefusedError } from "./jetstream-api.ts";
export { payloadBytesMax } from "./limits.ts";
export { appendRecord, readRecords } from "./plain-records.ts";
export type { Reader, StoredMessage, StreamPosition, SubjectHead } from "./read.ts";
export { createReader } from "./read.ts";
export type { EventSubject, SettledSubject } from "./subjects.ts";
export {
  accessStreamName,
  accessSubject,
  allEventSubjects,
  eventStreamName,
  eventSubject,
  parseEventSubject,
  parseSettledSubject,
  registryStreamName,
  registrySubject,
  settledStreamName,
  settledSubject,
  shardEventSubject,
  shardToken,
  subjectOfEvent,
} from "./subjects.ts";
export { RecordDamagedError } from "./whole-record.ts";
