import type { wordsEn } from "./words-en.ts";

/** Từ ngữ cho các giá trị mã hóa của hợp đồng giao tiếp. */
export const wordsVi: typeof wordsEn = {
  states: {
    WORKING: "đang xử lý",
    COMPLETED: "đã xong bước, chờ chuyển tiếp",
    HANDED_OVER: "đã chuyển, chờ tiếp nhận",
    RECALL_ASKED: "đã chuyển, đang xin thu hồi",
    FORKED: "đã tách nhánh",
    JOINED: "đã nhập nhánh",
    SUPPLEMENT_AWAITED: "chờ công dân bổ sung giấy tờ",
    PAUSED: "tạm dừng, không tính thời hạn",
    RETURNED: "đã kết thúc: đã trả kết quả cho công dân",
    WITHDRAWN: "đã kết thúc: công dân rút hồ sơ",
    STOPPED: "đã kết thúc: dừng giải quyết",
  },
  channels: { IN_PERSON: "trực tiếp", ONLINE: "trực tuyến", POST: "qua bưu chính" },
  outcomes: { GRANTED: "đồng ý", REJECTED: "từ chối giải quyết", NOT_ELIGIBLE: "không đủ điều kiện", DONE: "đã xong" },
  refusalReasons: {
    NOT_COMPETENT: "không đúng thẩm quyền",
    WRONG_AREA: "không đúng địa bàn",
    INCOMPLETE: "thiếu giấy tờ",
    DOCUMENT_UNUSABLE: "tài liệu không dùng được",
    DUPLICATE: "đã có hồ sơ khác về cùng việc",
    NOT_ELIGIBLE: "không đủ điều kiện",
    SENT_IN_ERROR: "chuyển nhầm",
    AGENCY_CEASING: "cơ quan sắp chấm dứt hoạt động",
  },
  recallReasons: {
    WRONG_RECEIVER: "chuyển nhầm nơi nhận",
    CORRECTION: "cần chỉnh sửa hồ sơ",
    WITHDRAWN: "công dân rút hồ sơ",
    SILENCE: "bên nhận không phản hồi",
  },
  recallRefusals: { WORK_BEGUN: "đã bắt đầu giải quyết", RESULT_EXISTS: "đã có kết quả" },
  supplementReasons: {
    PAPER_MISSING: "thiếu giấy tờ",
    PAPER_WRONG: "giấy tờ sai hoặc mâu thuẫn",
    PAPER_EXPIRED: "giấy tờ hết hạn",
    PAPER_UNREADABLE: "giấy tờ không đọc được",
  },
  pauseReasons: {
    FINANCIAL_DUTY: "chờ công dân thực hiện nghĩa vụ tài chính",
    OTHER_AUTHORITY: "chờ cơ quan khác hoặc tòa án quyết định",
  },
  extensionReasons: {
    VERIFICATION: "phải xác minh",
    OTHER_AGENCY_LATE: "cơ quan phối hợp chậm trả lời",
    WORKLOAD: "cơ quan giải quyết chậm",
    SYSTEM_FAULT: "sự cố hệ thống",
  },
  withdrawalReasons: {
    BY_APPLICANT: "theo yêu cầu của công dân",
    APPLICANT_CEASED: "người nộp đã chết hoặc tổ chức đã chấm dứt",
  },
  stopReasons: {
    NO_SUPPLEMENT: "không bổ sung giấy tờ đúng hạn",
    NOT_PAID: "không thực hiện nghĩa vụ tài chính đúng hạn",
    BY_LAW: "theo quy định của pháp luật",
    OPENED_IN_ERROR: "mở nhầm hồ sơ",
  },
  erasureReasons: {
    RETENTION_ENDED: "hết thời hạn lưu trữ",
    DATA_SUBJECT: "theo quyền của chủ thể dữ liệu",
    MISTAKE: "đưa lên nhầm",
  },
  documentStates: {
    UPLOADING: "đang đưa lên",
    COMPLETE: "đủ",
    DELETED: "đã rút lại",
    ERASED: "đã xóa",
  },
  warnings: {
    NOT_DELIVERED: "chưa giao được đúng hạn",
    NOT_ANSWERED: "chưa được trả lời đúng hạn",
    LIMIT_NEAR: "sắp đến hạn",
    LIMIT_PASSED: "đã quá hạn",
  },
};
