export {
  type Applicant,
  type ApplicantKind,
  ApplicantRefusedError,
  applicantBytes,
  applicantCommitmentKind,
} from "./applicant.ts";
export {
  type CommitmentHasher,
  commitmentHasher,
  commitmentsEqual,
  commitmentTo,
  newSalt,
  saltBytes,
} from "./commitment.ts";
export { documentsNamedBy, type NamedDocument } from "./commitments-named.ts";
export {
  busStatementId,
  type EventBody,
  encodeEvent,
  eventBytesMax,
  type ReadEvent,
  readEvent,
} from "./event-bytes.ts";
export { type EventPlace, readEventPlace } from "./event-place.ts";
export {
  branchPattern,
  dossierCodePattern,
  type FieldRule,
  fieldRules,
  idPattern,
  shardPattern,
  uuidV7Pattern,
} from "./field-rules.ts";
export {
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  importVerifyingKey,
  KeyRefusedError,
  keyIdOf,
  type SigningKey,
  signPayload,
  type VerifyingKey,
  verifyPayload,
  verifyPayloadSync,
} from "./keys.ts";
export { type MessageRefusalReason, MessageRefusedError } from "./message-refused.ts";
export { type PayloadType, payloadTypes, preAuthenticationEncoding } from "./pre-authentication-encoding.ts";
export { type PromisedBatch, promiseBatch, promiseCovers, verifyPromise } from "./promise-bytes.ts";
export {
  type ReceivedStatement,
  readStatement,
  signStatement,
  signStatementPayload,
} from "./statement-bytes.ts";
export { type StrictMessage, strictMessage } from "./strict-message.ts";
