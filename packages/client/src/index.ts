export {
  type AgencyPen,
  type AgencyPenOptions,
  type AnswerHandoff,
  type BranchHead,
  createAgencyPen,
  type ForwardTarget,
  type OfficeRef,
  type OnBranch,
  type OpenDossier,
  type SignedStatement,
} from "./agency-pen.ts";
export type { AuditCalls, AuditPage, AuditQuestion } from "./audit-calls.ts";
export { BusCallError } from "./bus-call-error.ts";
export { type Connection, type ConnectOptions, connect } from "./connection.ts";
export type { DeliveryCalls, DeliveryRef, ReceiveOptions, Receiver } from "./delivery-receiver.ts";
export type { DocumentCalls, DocumentQuestion, DocumentsQuestion } from "./documents.ts";
export { DocumentRejectedError, type DownloadDocument, type DownloadedDocument } from "./documents-download.ts";
export {
  type ByteSource,
  type DocumentSource,
  type PreparedDocument,
  prepareDocument,
  type SpooledDocument,
} from "./documents-prepare.ts";
export type { DocumentTransport, UploadedDocument, UploadTarget } from "./documents-upload.ts";
export {
  type DurableReceiveOptions,
  type DurableReceiver,
  type HandledDelivery,
  type ReceiveTrouble,
  receiveDurably,
} from "./durable-receiver.ts";
export type { WatchEntriesOptions } from "./entry-watch.ts";
export type { DossierQuestion, ExchangeCalls } from "./exchange-calls.ts";
export type { ParkedDelivery } from "./inbox-store.ts";
export type { CheckpointsQuestion, LedgerCalls, ReceiptLeaf, ReceiptQuestion } from "./ledger-calls.ts";
export {
  type Outbox,
  type OutboxOptions,
  type OutboxTrouble,
  openOutbox,
} from "./outbox.ts";
export { StatementRefusedError } from "./outbox-refusals.ts";
export type { AcceptedEntry, KeptStatement, OutboxCounts, Refusal, RefusedEntry } from "./outbox-store.ts";
export type { FetchOptions, PlainDeliveryCalls } from "./plain-deliveries.ts";
export { type AcceptedExpectations, AnswerRejectedError, type ReadAccepted, readAccepted } from "./read-accepted.ts";
export { acceptedInOutbox } from "./read-outbox.ts";
export type { AgencyFilter, RegistryCalls, RoleQuestion } from "./registry-calls.ts";
export type { StatementStream, StatementStreamOptions } from "./statement-stream.ts";
export { type RetryOptions, submitWithRetry } from "./submit-with-retry.ts";
export { CALL_DEADLINE_MS, type CallSettings } from "./unary-call.ts";
