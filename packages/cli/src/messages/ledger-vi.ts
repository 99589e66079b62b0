import type { ledgerEn } from "./ledger-en.ts";

/** Các lệnh về nhật ký minh bạch. */
export const ledgerVi: typeof ledgerEn = {
  help: {
    group: "nhật ký minh bạch: kiểm tra, sửa chữa, đọc",
    fsck: "băm lại mọi mục và so các gói mục, ô băm, luồng, đầu nhật ký cùng mọi điểm kiểm; nêu mục sai đầu tiên",
    repair:
      "ghi lại các tệp của nhật ký từ bản được đầu nhật ký đã ký chứng minh là đúng; phải dừng dịch vụ nhật ký trước",
    checkpoint: "các đầu nhật ký đã ký mới nhất và những bên chứng kiến còn thiếu",
    receipt: "bằng chứng rằng một sự kiện có trong nhật ký, dạng tệp .tlog-proof",
    log: "tên phân đoạn hoặc registry; mặc định tất cả",
    code: "mã hồ sơ",
    event: "số thứ tự sự kiện; mặc định sự kiện cuối",
    level: "mức bảo đảm: sealed (đã niêm phong) hoặc witnessed (đã chứng kiến)",
    wait: "số giây chờ tối đa",
    stream:
      "dựng lại luồng của phân đoạn từ nhật ký thành một thế hệ mới được khai báo; không được có gì đang chạy trên thư mục",
    output: "tệp ghi ra; nếu không nêu, biên nhận được in ra stdout",
  },
  progress: (log, entries, total) => `${log}: ${entries} trên ${total} mục`,
  whole: (log, size, checkpoints) => `${log}: nguyên vẹn. Đã băm lại ${size} mục, kiểm ${checkpoints} điểm kiểm.`,
  withoutStream:
    "Không có kho nào đang chạy trên thư mục này nên chưa so với luồng; hãy chạy lại khi trục liên thông đang chạy.",
  unsealed: (count) => `${count} thông điệp của luồng chưa được niêm phong.`,
  bad: (log, count) => `${log}: ${count} lỗi.`,
  inAll: (count) => `Đã phát hiện ${count} lỗi.`,
  copies: { entries: "các gói mục", tiles: "các ô băm", stream: "luồng" },
  entry: (index) => `mục ${index}`,
  eventOf: (index, number, dossier, claimed) =>
    `mục ${index} (${claimed ? "theo nội dung hiện có là " : ""}sự kiện ${number} của ${dossier === null ? "chính phân đoạn" : `hồ sơ ${dossier}`})`,
  findings: {
    headMissing: "Thiếu tệp đầu nhật ký dù đã từng ký.",
    headUnsigned: (cause) => `Đầu nhật ký không do khóa của nhật ký này ký: ${cause}`,
    headOld: (size, signed) => `Đầu nhật ký có ${size} mục nhưng đã từng ký ${signed} mục: đầu cũ đã bị đặt lại.`,
    entryWrong: (entry, copy, missing, more) =>
      `Trong ${copy}, ${entry} ${missing ? "bị thiếu" : "bị sai"}${more > 0 ? `, cùng ${more} mục khác` : ""}; đầu nhật ký đã ký chứng minh bản khác là đúng.`,
    copiesDiffer: (entry, copies) => `${copies} khác nhau tại ${entry} và không bản nào dẫn đến gốc đã ký.`,
    allChanged: (entry, until) =>
      `Các bản khớp nhau nhưng không dẫn đến gốc đã ký: thay đổi nằm từ ${entry} đến mục ${until}, hoặc đây không phải nhật ký đã ký.`,
    tileWrong: (path, missing, from, until) =>
      `Ô băm ${path} ${missing ? "bị thiếu" : "có mã băm khác với mức bên dưới"}; ô này bao các mục ${from} đến ${until}.`,
    bundleMalformed: (path, index, cause) => `Gói ${path} không tách được tại mục ${index}: ${cause}.`,
    publishedWrong: (cause) => `Điểm kiểm đã công bố bị sai: ${cause}`,
    keptWrong: (size, cause) => `Điểm kiểm lưu giữ ở cỡ ${size} bị sai: ${cause}`,
    keptUnreadable: (cause) => `Không đọc được tệp lưu điểm kiểm: ${cause}`,
    streamShort: (last, size) => `Luồng kết thúc ở mục ${last} nhưng đã ký ${size} mục.`,
    messageOdd: (index, cause) => `Mục ${index} không thuộc về chỗ đang nằm: ${cause}`,
  },
  nextFiles: (log) =>
    `Luồng hoặc các gói mục vẫn giữ đúng những gì đã ký. Hãy dừng trục liên thông rồi chạy: lienthong ledger repair ${log}`,
  nextStream:
    'Luồng đã mất hoặc đã thay đổi những gì đã ký; hãy dừng trục liên thông và xem docs/ledger.md, mục "When a log stops" (lienthong ledger repair --stream).',
  repairedNothing: (log) => `${log}: các tệp không cần sửa.`,
  repaired: (log, from, kept) =>
    `${log}: đã ghi lại các tệp từ ${from} và đã kiểm tra. Bản trước đó nằm ở ${kept}; hãy giữ lại cho đến khi rõ nguyên nhân.`,
  streamWhole: (log) => `${log}: luồng đúng như đã ký.`,
  streamRestored: (log, generation, from, unsealed) =>
    `${log}: đã dựng lại luồng thành thế hệ ${generation}: ${from} mục nằm đúng chỗ cũ, trong đó ${unsealed} mục trước đây chưa niêm phong.`,
  streamOfWhich: "--stream cần tên một phân đoạn.",
  headings: { log: "Nhật ký", size: "Số mục", sealed: "Ký lúc", witnesses: "Bên chứng kiến", missing: "Còn thiếu" },
  none: "không có",
  noCheckpoint: "chưa có",
  stopped: (log, why) => `${log}: ${why}`,
  missing: (witness, reason) => `${witness}: ${reason}`,
  levelWrong: (found) => `--level là "${found}"; cho phép: sealed, witnessed.`,
  eventUnknown: (code, number, last) => `Hồ sơ ${code} không có sự kiện ${number}; có từ 1 đến ${last}.`,
  receiptWritten: (file, leaf, size) => `${file}: mục ${leaf} có trong nhật ký dưới đầu gồm ${size} mục.`,
};
