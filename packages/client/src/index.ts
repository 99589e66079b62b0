export {
  type AgencyPen,
  type AgencyPenOptions,
  type AnswerHandoff,
  type BranchHead,
  createAgencyPen,
  type ForwardTarget,
  type OfficeRef,
  type OpenDossier,
  type SignedStatement,
} from "./agency-pen.ts";
export { BusCallError } from "./bus-call-error.ts";
export { type Connection, type ConnectOptions, connect } from "./connection.ts";
export type { DeliveryCalls, DeliveryRef, ReceiveOptions, Receiver } from "./delivery-receiver.ts";
export type { DossierQuestion, ExchangeCalls } from "./exchange-calls.ts";
export { type AcceptedExpectations, AnswerRejectedError, type ReadAccepted, readAccepted } from "./read-accepted.ts";
export type { AgencyFilter, RegistryCalls, RoleQuestion } from "./registry-calls.ts";
export type { StatementStream, StatementStreamOptions } from "./statement-stream.ts";
export { type RetryOptions, submitWithRetry } from "./submit-with-retry.ts";
export { CALL_DEADLINE_MS, type CallSettings } from "./unary-call.ts";
