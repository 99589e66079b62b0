import { type Limit, TimeUnit } from "@lienthong/contracts/registry/v1/envelope";
import type { Messages } from "./messages.ts";

const units: ReadonlyMap<TimeUnit, string> = new Map([
  [TimeUnit.TIME_UNIT_MINUTE, "phút"],
  [TimeUnit.TIME_UNIT_WORKING_HOUR, "giờ làm việc"],
  [TimeUnit.TIME_UNIT_WORKING_DAY, "ngày làm việc"],
  [TimeUnit.TIME_UNIT_CALENDAR_DAY, "ngày"],
]);

function span(limit: Limit): string {
  if (limit.hundredths === 0) return "ngay";
  return `${String(limit.hundredths / 100).replace(".", ",")} ${units.get(limit.unit) ?? "đơn vị"}`;
}

export const messagesVi: Messages = {
  roles: {
    ONE_STOP: "Bộ phận Một cửa",
    WARD_ONE_STOP: "Bộ phận Một cửa cấp xã",
    DISTRICT_ONE_STOP: "Bộ phận Một cửa cấp huyện",
    DEPT_ONE_STOP: "Bộ phận tiếp nhận và trả kết quả của sở",
    WARD_PC: "UBND cấp xã",
    WARD_PC_CIVIL_STATUS: "Công chức tư pháp - hộ tịch cấp xã",
    WARD_CHAIR: "Chủ tịch UBND cấp xã",
    WARD_CULTURE_SOCIAL_DIVISION: "Bộ phận Văn hóa - Xã hội cấp xã",
    WARD_POLICE_RESIDENCE: "Công an cấp xã (đăng ký cư trú)",
    WARD_LAND_UNIT: "Cơ quan có chức năng quản lý đất đai cấp xã",
    WARD_BUSINESS_REGISTRAR: "Cơ quan đăng ký kinh doanh cấp xã",
    DISTRICT_LABOUR_DIVISION: "Phòng Lao động - Thương binh và Xã hội cấp huyện",
    DISTRICT_CHAIR: "Chủ tịch UBND cấp huyện",
    SOCIAL_INSURANCE: "Cơ quan bảo hiểm xã hội",
    LAND_OFFICE_BRANCH: "Văn phòng Đăng ký đất đai hoặc Chi nhánh",
    TAX_OFFICE: "Cơ quan thuế",
    DEPT_HEALTH: "Sở Y tế",
    DEPT_HOME_AFFAIRS: "Sở Nội vụ",
    DEPT_JUSTICE: "Sở Tư pháp",
    DEPT_FINANCE: "Sở Tài chính",
    SOCIAL_HOME: "Cơ sở trợ giúp xã hội",
    CITY_PC: "UBND thành phố",
    CONSULTED_AGENCIES: "Cơ quan được lấy ý kiến",
    APPLICANT: "Người nộp hồ sơ",
  },
  route: (name, id, version, procedure) => `Quy trình: ${name} (${id}, phiên bản ${version}), thủ tục ${procedure}.`,
  composed: "Được tổng hợp từ nhiều nguồn; không có văn bản nào nêu trọn vẹn quy trình này.",
  uncertain: "Một số nội dung do suy luận, chưa thấy trong văn bản.",
  total: (limit) => `Tổng thời hạn giải quyết: ${limit}.`,
  appointment: (number, limit, meaning) =>
    `Hẹn lần ${number}: ${limit}${meaning === "" ? "" : ` (ghi chú: “${meaning}”)`}.`,
  syncRule: (limit) => `Sau khi kết thúc một bước, dữ liệu được đồng bộ sang hệ thống tiếp theo trong ${limit}.`,
  receiptRule: (limit) => `Cơ quan nhận phản hồi trạng thái tiếp nhận trong ${limit}.`,
  limit: span,
  limitNote: (note) => ` (ghi chú: “${note}”)`,
  step: (number, name) => `Bước ${number}. ${name}`,
  stepReference: (number, name) => `bước ${number} (${name})`,
  who: (role, kind) =>
    kind === "consult"
      ? `Cơ quan được lấy ý kiến: ${role}.`
      : kind === "applicant"
        ? `Người nộp hồ sơ thực hiện; trong thời gian đó hồ sơ do cơ quan sau giữ: ${role}.`
        : `Thực hiện: ${role}.`,
  opensHere: "Hồ sơ có thể được tiếp nhận tại bước này.",
  joins: (fork) => `Chờ đủ kết quả các nhánh “${fork}” rồi hợp nhất.`,
  timeGranted: (limit) => `Thời hạn: ${limit}.`,
  timeUnknown: "Thời hạn: chưa rõ.",
  timeIfVerified: (limit) => `Trường hợp phải xác minh: ${limit}.`,
  posting: (limit) => `Niêm yết công khai trong thời hạn này: ${limit}.`,
  clockOutside: "Thời gian này tính theo pháp luật khác, không tính vào tổng thời hạn.",
  clockPaused: "Trong lúc này thời hạn tạm dừng.",
  deemedConsent: "Quá thời hạn mà không trả lời thì được coi là đồng ý.",
  internalTitle: "Trong nội bộ cơ quan:",
  internal: (name, limit) => (limit === undefined ? name : `${name}: ${limit}`),
  completionRequired: "Phải hoàn thành bước này trước khi chuyển hồ sơ đi.",
  next: (step) => `Sau đó chuyển sang ${step}.`,
  forks: (fork) => `Sau đó tách nhánh (“${fork}”), chuyển đồng thời sang:`,
  branch: (step, optional, lead) =>
    `${step}${lead ? ", là cơ quan chủ trì" : ""}${optional ? ", nếu người dân lựa chọn" : ""}`,
  back: (step) => `Có thể trả lại ${step}.`,
  consult: (step) => `Có thể lấy ý kiến: ${step}.`,
  copies: (roles) => `Kết quả được gửi thêm cho: ${roles}.`,
  ends: "Trả kết quả cho người dân tại bước này.",
};
