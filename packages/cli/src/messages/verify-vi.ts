import type { verifyEn } from "./verify-en.ts";

/** Các lệnh kiểm chứng và các lệnh xuất ra tệp để kiểm chứng. */
export const verifyVi: typeof verifyEn = {
  help: {
    verify:
      "kiểm chứng ngoại tuyến một tệp hành trình, lời hứa hay bằng chứng; mã thoát 0: đúng, 1: không đúng, 2: không đọc được",
    file: "tệp do `dossier bundle` hoặc `dossier promise` ghi, hoặc bằng chứng về lời hứa bị phá vỡ",
    policy: "tin ai: tệp tlog-policy của chính mình, thay cho chính sách trong tệp",
    network: "mạng được tin: giá trị băm của mục 0 sổ đăng ký, 64 chữ số thập lục phân",
    since: "điểm kiểm tra hoặc tệp hành trình cũ đang lưu giữ: từ đó đến nay nhật ký chỉ được dài thêm",
    log: "địa chỉ nhật ký của phân đoạn: đọc toàn bộ để loại trừ sự kiện về sau và xác định lời hứa",
    token: "mã truy cập của kiểm toán viên để đọc các mục; không có thì chỉ đọc giá trị băm",
    evidence: "nơi ghi bằng chứng về lời hứa bị phá vỡ; mặc định cạnh tệp",
    bundle: "xuất hành trình của hồ sơ cùng mọi chứng minh thành một tệp mà ai cũng kiểm chứng ngoại tuyến được",
    output: "tệp để ghi",
    bundleSince: "điểm kiểm tra hoặc tệp hành trình cũ: tệp mới chứng minh từ đó nhật ký chỉ dài thêm",
    promise: "xuất lời hứa có chữ ký của trục rằng sẽ đưa một sự kiện vào nhật ký, cùng mọi thứ cần để đối chiếu",
    event: "số sự kiện; mặc định là sự kiện gần nhất do chính cơ quan nêu",
    outbox: "lấy sự kiện và lời hứa từ hộp thư đi này của phần mềm, thay vì hỏi lại trục",
  },
  unreadable: (file, why) => `Không đọc được ${file} như tệp hành trình, lời hứa hay bằng chứng: ${why}`,
  networkOdd: (found) =>
    `--network là "${found}"; cho phép: 64 chữ số thập lục phân, như "up" và bên quản lý sổ đăng ký công bố.`,
  sinceOdd: (file) => `${file} không phải điểm kiểm tra (bản ghi có chữ ký), cũng không phải tệp hành trình.`,
  logUrlOdd: (found) => `--log là "${found}"; cho phép: địa chỉ bắt đầu bằng http:// hoặc https://.`,
  logUnreachable: (url, why) =>
    `Không đọc được ${url} (${why}). Chưa xác định được gì; hãy thử lại hoặc hỏi bên giữ bản sao của nhật ký.`,
  logPartOdd: (path, why) => `Phần nhật ký tại ${path} sai quy cách: ${why}`,
  tokenRefused: (url) =>
    `${url} không nhận mã truy cập này; run.json ghi mã đúng ở mục "logs", bên vận hành cấp cho kiểm toán viên.`,
  doesNotHold: "Không đúng.",
  evidenceWritten: (file) => `Bằng chứng để người khác kiểm chứng: lienthong verify ${file}`,
  bundleWritten: (file, events, size) => `${file}: ${events} sự kiện, được chứng minh dưới điểm kiểm tra ${size} lá.`,
  promiseWritten: (file, event) => `${file}: lời hứa về sự kiện ${event}.`,
  tryIt: (command) => `Kiểm chứng tại đây hay bất cứ đâu: ${command}`,
  verifiedNow: (file) => `Hành trình trên đây trong một tệp, đã kiểm chứng mà không cần đến trục (${file}):`,
  again: "Để kiểm chứng lại:",
  notVerified: (why) =>
    `Lúc này chưa kiểm chứng được hành trình (${why}); hãy xuất tệp sau: lienthong dossier bundle CODE -o FILE`,
  noLedger:
    "Trục này không có nhật ký niêm phong nên không có gì chứng minh các sự kiện; hãy chạy `lienthong serve ledger` hoặc dùng `lienthong up`.",
  notSealed: (why) =>
    `${why} Hãy hỏi lại sau giây lát; \`lienthong ledger checkpoint\` cho biết đã niêm phong đến đâu.`,
  noOwnEvent: (agency) => `${agency} chưa nêu gì trong hồ sơ này để được hứa; hãy chỉ rõ sự kiện bằng --event.`,
  eventNotOwn: (event) =>
    `Sự kiện ${event} không phải phát biểu của cơ quan này nên không có lời hứa nào với cơ quan về sự kiện đó.`,
  outboxHasNone: (path, dossier) => `Hộp thư đi ${path} không giữ phát biểu nào đã được tiếp nhận về ${dossier}.`,
  outboxUnreadable: (path, why) => `Không đọc được hộp thư đi ${path} (${why}).`,
};
