import type { ErrorReason } from "@lienthong/contracts/exchange/v1/error_reason";
import type { GrpcCodeName } from "./grpc-code.ts";

/** A reason of the closed list in error_reason.proto, without its prefix. */
export type ReasonName = Exclude<
  keyof typeof ErrorReason extends infer K ? (K extends `ERROR_REASON_${infer Name}` ? Name : never) : never,
  "UNSPECIFIED"
>;

/** Who can do something about it: the caller, the operator, something the bus leans on, or time and more machines. */
export type Owner = "caller" | "platform" | "upstream" | "capacity";

/**
 * What repeating the very same request can do. `terminal`: nothing, it must change first. `retry`: it may succeed, or tell the
 * outcome, at once. `retry-after`: the same, but not before the span that the answer names.
 */
export type Retry = "terminal" | "retry" | "retry-after";

/** What the catalogue says about one reason. */
export interface CatalogueEntry {
  readonly code: GrpcCodeName;
  readonly owner: Owner;
  readonly retry: Retry;
  /** Least span in milliseconds before repeating, unless the refusal names another; only with `retry-after`. */
  readonly retryAfterMs?: number;
  /** Text for people in English; see `fillText` for its form. */
  readonly en: string;
  /** The same in Vietnamese. */
  readonly vi: string;
}

/**
 * Every reason, its code and its public text. The proto comments, this table and docs/errors.md say the same; a test compares them.
 * Texts hold {slots} taken from the refusal's metadata; what stands in [square brackets] is left out when a
 * slot in it has no value.
 */
export const ERROR_CATALOGUE: Readonly<Record<ReasonName, CatalogueEntry>> = {
  MESSAGE_MALFORMED: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "The bytes[ of {field}] are not a message of the expected type[ {expected}].",
    vi: "Dữ liệu gửi lên[ ở trường {field}] không phải là thông điệp đúng kiểu[ {expected}].",
  },
  FIELD_UNKNOWN: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "The message has a field that this version does not know[: {field}].",
    vi: "Thông điệp có trường mà phiên bản này không biết[: {field}].",
  },
  FIELD_DUPLICATED: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "A field that may be given once[, {field},] is given twice.",
    vi: "Trường chỉ được có một lần[ ({field})] lại xuất hiện hai lần.",
  },
  FIELD_MISSING: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "A field that must be set is missing[: {field}][; give {allowed}].",
    vi: "Thiếu trường bắt buộc[: {field}][; cần có {allowed}].",
  },
  FIELD_INVALID: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "A value[ of {field}] is outside its format or bound[; allowed: {allowed}].",
    vi: "Giá trị[ của trường {field}] sai định dạng hoặc vượt giới hạn[; cho phép: {allowed}].",
  },
  ENUM_UNKNOWN: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "A value[ of {field}] is unspecified or not one that this version knows[; allowed: {allowed}].",
    vi: "Giá trị liệt kê[ của trường {field}] để trống hoặc phiên bản này không biết[; cho phép: {allowed}].",
  },
  VERSION_UNKNOWN: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "The format version is not one that this exchange knows[; allowed: {allowed}].",
    vi: "Trục liên thông này không biết phiên bản định dạng đã dùng[; cho phép: {allowed}].",
  },
  TEXT_INVALID: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "A text[, {field},] is not UTF-8 in the characters allowed[; allowed: {allowed}].",
    vi: "Văn bản[ ở trường {field}] không phải UTF-8 hoặc có ký tự không được phép[; cho phép: {allowed}].",
  },
  ENTRY_TOO_LARGE: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "The event would be larger than the bus stores[; allowed: {allowed}]; move long content into a document.",
    vi: "Sự kiện lớn hơn mức trục liên thông lưu được[; cho phép: {allowed}]; hãy chuyển nội dung dài vào tài liệu kèm theo.",
  },
  NETWORK_MISMATCH: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "The statement was signed for another network.",
    vi: "Phát biểu được ký cho một mạng liên thông khác.",
  },
  SHARD_UNKNOWN: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "This exchange does not serve the shard[ {shard}][; allowed: {allowed}].",
    vi: "Trục liên thông này không phục vụ phân vùng[ {shard}][; cho phép: {allowed}].",
  },
  SYSTEM_UNKNOWN: {
    code: "UNAUTHENTICATED",
    owner: "caller",
    retry: "terminal",
    en: "The registry knows no system by the client certificate of this connection.",
    vi: "Sổ đăng ký không có hệ thống nào ứng với chứng thư máy khách của kết nối này.",
  },
  DELEGATION_MISSING: {
    code: "PERMISSION_DENIED",
    owner: "caller",
    retry: "terminal",
    en: "The system[ {system}] does not speak for the agency[ {agency}].",
    vi: "Hệ thống[ {system}] chưa được cơ quan[ {agency}] ủy quyền gửi nhận thay.",
  },
  SIGNATURE_INVALID: {
    code: "PERMISSION_DENIED",
    owner: "caller",
    retry: "terminal",
    en: "A signature[ by key {key}] does not verify over the bytes sent.",
    vi: "Chữ ký số[ của khóa {key}] không khớp với dữ liệu đã gửi.",
  },
  KEY_UNKNOWN: {
    code: "PERMISSION_DENIED",
    owner: "caller",
    retry: "terminal",
    en: "The registry has no such key[: {key}].",
    vi: "Sổ đăng ký không có khóa này[: {key}].",
  },
  KEY_REVOKED: {
    code: "PERMISSION_DENIED",
    owner: "caller",
    retry: "terminal",
    en: "The key[ {key}] was revoked.",
    vi: "Khóa[ {key}] đã bị thu hồi.",
  },
  KEY_NOT_OF_AUTHOR: {
    code: "PERMISSION_DENIED",
    owner: "caller",
    retry: "terminal",
    en: "The signatures do not include a seal of the author[ {agency}], or include another agency's key.",
    vi: "Các chữ ký không có con dấu số của cơ quan phát biểu[ {agency}], hoặc có khóa của cơ quan khác.",
  },
  AGENCY_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "The registry has no such agency[: {agency}].",
    vi: "Sổ đăng ký không có cơ quan này[: {agency}].",
  },
  AGENCY_NOT_IN_FORCE: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The agency or unit[ {agency}] is not in force on the shard's date[ {date}][; its successor: {successor}].",
    vi: "Cơ quan hoặc đơn vị[ {agency}] không còn hoặc chưa có hiệu lực vào ngày của phân vùng[ {date}][; cơ quan kế thừa: {successor}].",
  },
  UNIT_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "There is no such unit[, {unit},] in the agency[ {agency}].",
    vi: "Không có đơn vị này[ ({unit})] trong cơ quan[ {agency}].",
  },
  PROCEDURE_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "The procedure pinned[, {procedure},] is not one of the registry.",
    vi: "Thủ tục được ghim[ ({procedure})] không có trong sổ đăng ký.",
  },
  ROUTE_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "The route pinned[, {route},] is not one of the registry, or not of this procedure.",
    vi: "Quy trình liên thông được ghim[ ({route})] không có trong sổ đăng ký hoặc không thuộc thủ tục này.",
  },
  CALENDAR_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "The calendar pinned[, {calendar},] is not one of the registry.",
    vi: "Lịch làm việc được ghim[ ({calendar})] không có trong sổ đăng ký.",
  },
  AREA_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "No administrative unit had the code[ {area}] on the shard's date[ {date}].",
    vi: "Không có đơn vị hành chính nào mang mã[ {area}] vào ngày của phân vùng[ {date}].",
  },
  AGENCY_NOT_COMPETENT: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The agency[ {agency}] is not competent for the role[ {role}] in this area[ {area}].",
    vi: "Cơ quan[ {agency}] không có thẩm quyền với vai trò[ {role}] trên địa bàn[ {area}].",
  },
  DOSSIER_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "There is no such dossier[, {dossier},] in this shard[ {shard}].",
    vi: "Không có hồ sơ này[ ({dossier})] trong phân vùng[ {shard}].",
  },
  DOSSIER_EXISTS: {
    code: "ALREADY_EXISTS",
    owner: "caller",
    retry: "terminal",
    en: "The dossier[ {dossier}] was opened by another statement.",
    vi: "Hồ sơ[ {dossier}] đã được mở bằng một phát biểu khác.",
  },
  BRANCH_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "The dossier has no such branch[: {branch}].",
    vi: "Hồ sơ không có nhánh này[: {branch}].",
  },
  BRANCH_INVALID: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "A branch id[, {branch},] does not follow from the branch acted on, or was used before[; allowed: {allowed}].",
    vi: "Mã nhánh[ {branch}] không nối tiếp nhánh đang xử lý hoặc đã được dùng[; cho phép: {allowed}].",
  },
  NOT_THE_HOLDER: {
    code: "PERMISSION_DENIED",
    owner: "caller",
    retry: "terminal",
    en: "Another agency[, {holder},] holds the branch[ {branch}].",
    vi: "Nhánh[ {branch}] đang do cơ quan khác[ ({holder})] giữ.",
  },
  NOT_THE_RECEIVER: {
    code: "PERMISSION_DENIED",
    owner: "caller",
    retry: "terminal",
    en: "The handoff is addressed to another agency[, {receiver}].",
    vi: "Lần bàn giao này được gửi cho cơ quan khác[ ({receiver})].",
  },
  PRIOR_STALE: {
    code: "ABORTED",
    owner: "caller",
    retry: "terminal",
    en: "The branch[ {branch}] has moved since the head named in `prior`; read what moved it, then sign anew if it still applies.",
    vi: "Nhánh[ {branch}] đã thay đổi so với trạng thái nêu trong `prior`; hãy đọc sự kiện mới, rồi ký lại nếu vẫn phù hợp.",
  },
  STATE_FORBIDS: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The statement[ {statement}] may not be made while the branch is in its present state[, {state}].",
    vi: "Không thể thực hiện[ {statement}] khi nhánh đang ở trạng thái hiện tại[ ({state})].",
  },
  STEP_OUT_OF_TURN: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The route does not lead from the present step[ {step}] along this edge[ {edge}][; allowed: {allowed}].",
    vi: "Quy trình không cho đi từ bước hiện tại[ {step}] theo hướng này[ {edge}][; cho phép: {allowed}].",
  },
  STEP_NOT_COMPLETED: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The route wants the step[ {step}] completed first.",
    vi: "Quy trình yêu cầu hoàn thành bước[ {step}] trước.",
  },
  FORK_INCOMPLETE: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The forward leaves out a branch that its fork requires[; missing: {missing}].",
    vi: "Lần chuyển này thiếu một nhánh bắt buộc[; còn thiếu: {missing}].",
  },
  JOIN_INCOMPLETE: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "Not all branches of the fork have arrived[; missing: {missing}].",
    vi: "Chưa đủ các nhánh để hợp nhất[; còn thiếu: {missing}].",
  },
  STATEMENT_ID_REUSED: {
    code: "ALREADY_EXISTS",
    owner: "caller",
    retry: "terminal",
    en: "The author used this statement_id[, {statementId},] in this dossier for other bytes.",
    vi: "Cơ quan đã dùng statement_id này[ ({statementId})] trong hồ sơ cho một nội dung khác.",
  },
  STATEMENT_UNSUPPORTED: {
    code: "UNIMPLEMENTED",
    owner: "platform",
    retry: "terminal",
    en: "This exchange does not act on this kind of statement[, {statement}].",
    vi: "Trục liên thông này không xử lý loại phát biểu này[ ({statement})].",
  },
  SHARD_CLOSED: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The shard[ {shard}] takes no further dossiers[; open it in {successor}].",
    vi: "Phân vùng[ {shard}] không nhận hồ sơ mới[; hãy mở hồ sơ tại {successor}].",
  },
  NOT_ENTITLED: {
    code: "PERMISSION_DENIED",
    owner: "caller",
    retry: "terminal",
    en: "The agency[ {agency}] may not read this.",
    vi: "Cơ quan[ {agency}] không được phép xem nội dung này.",
  },
  REGISTRY_UNCONFIRMED: {
    code: "UNAVAILABLE",
    owner: "upstream",
    retry: "retry",
    en: "The head of the registry could not be confirmed in time; send the same request again.",
    vi: "Chưa xác nhận kịp trạng thái mới nhất của sổ đăng ký; hãy gửi lại đúng yêu cầu này.",
  },
  OUTCOME_UNKNOWN: {
    code: "UNAVAILABLE",
    owner: "upstream",
    retry: "retry",
    en: "It is not known yet whether the statement was stored; send the same signed bytes again to learn the outcome.",
    vi: "Chưa biết phát biểu đã được lưu hay chưa; hãy gửi lại đúng dữ liệu đã ký để biết kết quả.",
  },
  OVERLOADED: {
    code: "RESOURCE_EXHAUSTED",
    owner: "capacity",
    retry: "retry-after",
    retryAfterMs: 500,
    en: "Too many requests wait; send the same request again a little later.",
    vi: "Hệ thống đang quá tải; hãy gửi lại đúng yêu cầu này sau giây lát.",
  },
  DRAINING: {
    code: "UNAVAILABLE",
    owner: "platform",
    retry: "retry-after",
    retryAfterMs: 1_000,
    en: "This server is ending; send the same request to another, or again in a moment.",
    vi: "Máy chủ này đang dừng; hãy gửi lại yêu cầu tới máy chủ khác hoặc gửi lại sau giây lát.",
  },
  SHARD_STOPPED: {
    code: "FAILED_PRECONDITION",
    owner: "platform",
    retry: "terminal",
    en: "The shard[ {shard}] stopped to protect its trail; the operator must act before it takes anything.",
    vi: "Phân vùng[ {shard}] đã dừng để bảo vệ nhật ký; đơn vị vận hành phải xử lý trước khi tiếp nhận trở lại.",
  },
  REGISTRY_HEAD_MOVED: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The entry does not follow from the head of the registry[, which is at {size}]; read the head and sign anew.",
    vi: "Bản ghi không nối tiếp trạng thái mới nhất của sổ đăng ký[ (đang ở {size})]; hãy đọc lại rồi ký lại.",
  },
  REGISTRY_ENTRY_INVALID: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "The entry[, {field},] breaks a rule of the registry[; allowed: {allowed}].",
    vi: "Bản ghi[ ({field})] trái quy tắc của sổ đăng ký[; cho phép: {allowed}].",
  },
  SUBJECT_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "There is no such entry or subject[: {subject}].",
    vi: "Không có bản ghi hoặc đối tượng này[: {subject}].",
  },
  INTERNAL: {
    code: "INTERNAL",
    owner: "platform",
    retry: "terminal",
    en: "internal error",
    vi: "Lỗi nội bộ của trục liên thông; hãy báo cho đơn vị vận hành.",
  },
  HANDOFF_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "No such handoff is pending on the branch[ {branch}].",
    vi: "Nhánh[ {branch}] không có lần bàn giao nào như vậy đang chờ.",
  },
  DEADLINE_PASSED: {
    code: "DEADLINE_EXCEEDED",
    owner: "capacity",
    retry: "retry",
    en: "The deadline of the call passed first; send the same request again with more time.",
    vi: "Yêu cầu đã quá thời hạn chờ; hãy gửi lại đúng yêu cầu này với thời hạn dài hơn.",
  },
  STORE_UNAVAILABLE: {
    code: "UNAVAILABLE",
    owner: "upstream",
    retry: "retry",
    en: "The event store cannot be reached, and nothing was stored; send the same request again.",
    vi: "Không kết nối được kho sự kiện và chưa có gì được lưu; hãy gửi lại đúng yêu cầu này.",
  },
  DOCUMENT_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "The agency[ {agency}] has uploaded no such document[: {document}].",
    vi: "Cơ quan[ {agency}] chưa tải lên tài liệu nào như vậy[: {document}].",
  },
  DOCUMENT_NOT_READY: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "retry-after",
    retryAfterMs: 1_000,
    en: "The document[ {document}] is not there as a whole[ (it is {state})]; upload it, then send the same statement again.",
    vi: "Tài liệu[ {document}] chưa có đầy đủ trên trục liên thông[ (trạng thái: {state})]; hãy tải lên rồi gửi lại đúng phát biểu này.",
  },
  DOCUMENT_DIFFERS: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The document[ {document}] is another than the one named[; {field} does not match].",
    vi: "Tài liệu[ {document}] không khớp với tài liệu được nêu[; trường {field} khác nhau].",
  },
  DOCUMENT_TOO_LARGE: {
    code: "INVALID_ARGUMENT",
    owner: "caller",
    retry: "terminal",
    en: "The document is larger than this service takes[; allowed: {allowed}].",
    vi: "Tài liệu vượt quá dung lượng cho phép[; cho phép: {allowed}].",
  },
  DOCUMENT_NAMED: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "An event names the document[ {document}], so it cannot be taken back.",
    vi: "Tài liệu[ {document}] đã được nêu trong nhật ký nên không thể thu hồi.",
  },
  DOCUMENT_ERASED: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The document[ {document}] was erased by a statement of the desk.",
    vi: "Tài liệu[ {document}] đã bị xoá theo phát biểu của bộ phận một cửa.",
  },
  UPLOAD_SUPERSEDED: {
    code: "ABORTED",
    owner: "caller",
    retry: "terminal",
    en: "Another call goes on with the upload of the document[ {document}], or it was taken back meanwhile.",
    vi: "Một lượt gọi khác đang tiếp tục tải lên tài liệu[ {document}], hoặc tài liệu đã bị thu hồi.",
  },
  DOCUMENT_STORE_FULL: {
    code: "RESOURCE_EXHAUSTED",
    owner: "capacity",
    retry: "retry-after",
    retryAfterMs: 60_000,
    en: "The space for documents is used up; nothing was lost, continue the upload later.",
    vi: "Kho tài liệu đã hết dung lượng; không mất dữ liệu nào, hãy tiếp tục tải lên sau.",
  },
  LOG_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "There is no log[ {log}] here[; there are: {allowed}].",
    vi: "Không có nhật ký minh bạch[ {log}][; hiện có: {allowed}].",
  },
  LEAF_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "The log[ {log}] has no such leaf[ {leaf}][ under {size} leaves].",
    vi: "Nhật ký[ {log}] không có mục[ {leaf}][ trong {size} mục].",
  },
  CHECKPOINT_UNKNOWN: {
    code: "NOT_FOUND",
    owner: "caller",
    retry: "terminal",
    en: "The log[ {log}] has no such checkpoint[ of size {size}].",
    vi: "Nhật ký[ {log}] không có điểm kiểm như vậy[ ở cỡ {size}].",
  },
  LOG_STOPPED: {
    code: "FAILED_PRECONDITION",
    owner: "platform",
    retry: "terminal",
    en: "The log[ {log}] stopped because the stream disagrees with what was signed; the operator must act.",
    vi: "Nhật ký[ {log}] đã dừng vì dữ liệu không khớp với những gì đã ký; đơn vị vận hành phải xử lý.",
  },
  WITNESSES_ABSENT: {
    code: "FAILED_PRECONDITION",
    owner: "caller",
    retry: "terminal",
    en: "The policy of this network names no quorum of witnesses; ask for a sealed receipt instead.",
    vi: "Chính sách của mạng này không có nhóm chứng kiến; hãy yêu cầu biên nhận ở mức đã niêm phong.",
  },
  ACCESS_NOT_RECORDED: {
    code: "UNAVAILABLE",
    owner: "upstream",
    retry: "retry",
    en: "The look-up could not be recorded, so it is not answered; send the same request again.",
    vi: "Không ghi lại được lượt tra cứu nên không trả lời; hãy gửi lại đúng yêu cầu này.",
  },
  INDEX_UNAVAILABLE: {
    code: "UNAVAILABLE",
    owner: "upstream",
    retry: "retry-after",
    retryAfterMs: 1_000,
    en: "The database of the index is out of reach; send the same request again in a moment.",
    vi: "Không kết nối được cơ sở dữ liệu tra cứu; hãy gửi lại đúng yêu cầu này sau giây lát.",
  },
  LIMIT_REACHED: {
    code: "RESOURCE_EXHAUSTED",
    owner: "caller",
    retry: "retry-after",
    retryAfterMs: 1_000,
    en: "The share[ of {of}] is used up[: at most {allowed}]; send the same request again a little later, and more slowly.",
    vi: "Đã dùng hết hạn mức[ của {of}][: tối đa {allowed}]; hãy gửi lại đúng yêu cầu này sau giây lát và gửi chậm hơn.",
  },
};

/** Every reason, in the order of the proto. */
export const REASON_NAMES = Object.keys(ERROR_CATALOGUE) as readonly ReasonName[];

/** Whether a text names a reason of the catalogue. */
export function isReasonName(text: string): text is ReasonName {
  return Object.hasOwn(ERROR_CATALOGUE, text);
}
