import type { backupEn } from "./backup-en.ts";

/** Các lệnh về bản sao lưu. */
export const backupVi: typeof backupEn = {
  help: {
    group: "bản sao của mọi thứ mà mạng lưới cần giữ lâu dài: tạo, kiểm tra",
    make: "sao chép sự kiện, sổ đăng ký, các đầu nhật ký đã ký và thiết lập, dù trục liên thông đang chạy hay không; chỉ mang tên chính thức sau khi đã kiểm tra",
    check: "đọc bản sao lưu từ đầu đến cuối: từng tệp, vị trí của từng mục trong chuỗi, từng đầu nhật ký đã ký",
    restore:
      "khôi phục bản sao lưu vào một thư mục dữ liệu trống thành một thế hệ được khai báo; bị từ chối nếu đã công bố nhiều hơn bản sao có",
    output: "thư mục sẽ tạo; chưa được tồn tại",
    directory: "thư mục của bản sao lưu",
    keys: "tệp gồm 64 chữ số thập lục phân; khóa của bên vận hành được đưa vào và mã hóa bằng nó (không nêu thì không có khóa nào)",
    keysBack: "tệp đã dùng để mã hóa khóa của bên vận hành trong bản sao lưu",
    checkpoint: "các đầu nhật ký đã công bố mới nhất mà ai đó còn giữ: tệp hoặc địa chỉ nhật ký",
    nothingNewer: "lời cam đoan rằng không có gì mới hơn bản sao lưu đã được công bố, khi không hỏi được ai",
  },
  made: (directory, files, bytes) => `${directory}: ${files} tệp, ${bytes} byte, đã kiểm tra.`,
  seal: (seal) => `Dấu niêm (hãy ghi lại ở nơi khác với bản sao lưu): ${seal}`,
  log: (log, entries, signed) => `${log}: ${entries} mục, ${signed} mục nằm dưới đầu nhật ký đã ký`,
  withoutKeys:
    "Không có khóa nào trong bản sao. Hãy giữ riêng keys/ và tls/ của thư mục dữ liệu, hoặc dùng --keys TỆP.",
  withKeys: (count) => `${count} tệp khóa của bên vận hành nằm trong bản sao, đã mã hóa.`,
  never: (what) =>
    `Không bao giờ nằm trong bản sao: ${what} (không phải của bên vận hành), tài liệu và muối của chúng (docs/backup.md), và chỉ mục vì có thể dựng lại.`,
  whole: (directory, files, began) => `${directory}: nguyên vẹn. ${files} tệp đúng như đã ghi; bắt đầu lúc ${began}.`,
  restored: (data, began) => `${data} chứa mạng lưới tại thời điểm ${began}.`,
  restoredLog: (log, entries, generation, unsealed) =>
    generation === null
      ? `${log}: ${entries} mục nằm đúng chỗ cũ.`
      : `${log}: ${entries} mục nằm đúng chỗ cũ, trong đó ${unsealed} mục chưa nằm dưới đầu đã ký của bản sao; thế hệ ${generation} bắt đầu ngay sau đó.`,
  comparedWith: (who) => `đã đối chiếu với: ${who}`,
  comparedWithNobody: "chỉ dựa vào lời cam đoan của bạn rằng không có gì mới hơn đã được công bố",
  missingKeys: (paths) => `Không có trong bản sao; hãy đặt lại trước khi khởi động: ${paths}.`,
  afterwards:
    "Hãy khởi động trục liên thông, rồi để các cơ quan gửi lại những gì còn trong hộp gửi. Những gì đã được chấp nhận sau bản sao lưu mà không được gửi lại thì đã mất, và lời hứa họ giữ chứng minh điều đó (docs/backup.md).",
};
