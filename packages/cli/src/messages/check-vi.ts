import type { checkEn } from "./check-en.ts";

/** Nói về các cam kết: tại nơi tiếp nhận, và khi bản lưu trên trục liên thông bị xóa. */
export const checkVi: typeof checkEn = {
  help: {
    check: "đối chiếu một tài liệu hoặc người nộp với điều hồ sơ đã cam kết; vẫn dùng được sau khi xóa",
    salt: "tệp muối (salt) mà 'document put' hoặc 'dossier open --applicant' đã lưu cạnh tệp gốc",
    file: "tài liệu; mặc định là tệp nằm cạnh tệp muối",
    applicant: "tệp JSON về người nộp để cam kết: kind, identity, name, born; tệp ở lại với cơ quan",
  },
  noSalts: (path) =>
    `${path} không chứa muối (salt); hãy nêu tệp mà 'document put' hoặc 'dossier open --applicant' đã lưu: TỆP.MÃ.salts.json.`,
  fileMissing: (path) =>
    `${path} không nằm cạnh tài liệu dưới tên TỆP.MÃ.salts.json; hãy chỉ rõ tài liệu bằng --file TỆP.`,
  noApplicant: (path) =>
    `${path} không mô tả người nộp; tệp phải là một đối tượng JSON có các chuỗi "kind" (citizen, foreigner hoặc organisation), "identity", "name" và "born".`,
  applicantRefused: (path, field) =>
    `Không thể cam kết với "${field}" trong ${path}; xem giá trị được phép ở docs/signed-bytes.md, mục "The applicant".`,
  applicantKept: (path) => `Hãy giữ ${path}: nhờ muối (salt) trong đó, sau này vẫn chứng minh được ai đã nộp.`,
  documentHolds: (path, kind, event, dossier, agency) =>
    `${path} đúng là tài liệu (${kind}) mà ${agency} đã cam kết tại sự kiện ${event} của ${dossier}.`,
  applicantHolds: (event, dossier, agency) =>
    `Đây đúng là người nộp mà ${agency} đã cam kết tại sự kiện ${event} của ${dossier}.`,
  differs: (event, dossier) =>
    `Đây không phải điều mà sự kiện ${event} của ${dossier} cam kết: nội dung, loại giấy tờ hoặc muối (salt) khác đi.`,
  notCommitted: (dossier) =>
    `Trong các sự kiện của ${dossier} mà cơ quan được đọc, không sự kiện nào cam kết điều này.`,
  someWithheld: (events, agency) => `Có ${events} sự kiện ${agency} không được xem.`,
  chainBroken: (event) =>
    `Chuỗi sự kiện không khớp tại sự kiện ${event} nên không thể đối chiếu. Hãy xem bằng: lienthong dossier trail`,
  erased: (documents) =>
    `Bản lưu trên trục liên thông đã bị xóa: ${documents} tài liệu cùng muối (salt). Cơ quan nào đã lấy về thì vẫn giữ bản của mình; bản của quý cơ quan cũng vậy.`,
  nothingToErase:
    "Trục liên thông không lưu tài liệu nào như vậy của hồ sơ này. Tệp và muối (salt) do cơ quan giữ không bị động đến.",
  stillErasing: (ids) =>
    `Dịch vụ tài liệu chưa xóa xong ${ids}; việc xóa vẫn tiếp tục. Xem lại bằng: lienthong document list`,
};
