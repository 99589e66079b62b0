// The door `@lienthong/chassis/status`: what a client needs to read and show a refusal. Imports no server code and no transport.
export {
  type AttachableType,
  type Attachment,
  asBusError,
  attachment,
  BusError,
  busError,
  type FieldViolation,
  type RefusalDetails,
  type RefusalOptions,
} from "./bus-error.ts";
export { fillText, slotsOf } from "./catalogue-text.ts";
export {
  type CatalogueEntry,
  ERROR_CATALOGUE,
  isReasonName,
  type Owner,
  REASON_NAMES,
  type ReasonName,
  type Retry,
} from "./error-catalogue.ts";
export { GRPC_CODE, type GrpcCodeName, grpcCodeName } from "./grpc-code.ts";
export {
  ERROR_DOMAIN,
  fromServiceError,
  fromStatus,
  type ReceivedError,
  type ServiceErrorLike,
  STATUS_DETAILS_KEY,
  toStatus,
} from "./status-details.ts";
