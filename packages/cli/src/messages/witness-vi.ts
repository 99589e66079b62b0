import type { WitnessError, WitnessErrorFacts, WitnessErrorReason } from "@lienthong/witness";
import type { witnessEn } from "./witness-en.ts";

const sentences: { readonly [Reason in WitnessErrorReason]: (facts: WitnessErrorFacts[Reason]) => string } = {
  FOLDER_IN_USE: ({ folder }) =>
    `Một tiến trình khác đang giữ nhân chứng trong ${folder}; hãy dừng tiến trình đó trước, hoặc chọn thư mục khác.`,
  STATE_DAMAGED: ({ file, why }) =>
    `Nội dung nhân chứng ghi nhớ trong ${file} không kiểm chứng được: ${why} Hãy đặt vào đó điểm kiểm tra mới nhất của nhật ký có chữ ký của nhân chứng này.`,
  LIST_DAMAGED: ({ file }) =>
    `${file} bị hỏng: mỗi nhật ký một dòng gồm 64 chữ số thập lục phân. Nếu còn đủ tệp *.checkpoint của mọi nhật ký thì hãy xóa tệp này; nó sẽ được lập lại từ các tệp đó.`,
  STATE_MISSING: ({ file, origin }) =>
    `Nhân chứng đã ký xác nhận ${origin}, nhưng không còn ${file}. Hãy đặt vào đó điểm kiểm tra mới nhất của nhật ký có chữ ký của nhân chứng này; thiếu nó, nhân chứng không nhận ra được nhật ký bị rẽ nhánh.`,
  KEY_UNREADABLE: ({ file, why }) => `${file} không chứa khóa nhân chứng: ${why}`,
  KEY_OF_ANOTHER_NAME: ({ file, name, wanted }) =>
    `Khóa trong ${file} mang tên ${name}, không phải ${wanted}; hãy bỏ tên, hoặc chọn tệp khác.`,
  NAME_UNUSABLE: ({ name }) =>
    `${JSON.stringify(name)} không thể là tên của nhân chứng; hãy dùng URL không có giao thức, không có dấu cách và dấu "+".`,
  LOG_KEYS_UNUSABLE: ({ name }) =>
    name === ""
      ? "Chưa nêu nhật ký nào; hãy nêu khóa kiểm chứng của ít nhất một nhật ký."
      : `Khóa của ${name} không phải khóa ký điểm kiểm tra; khóa của nhật ký có kiểu 0x01.`,
  ADDRESS_UNUSABLE: ({ address, why }) =>
    `Nhân chứng không lắng nghe được tại ${address} (${why}); hãy chọn cổng khác.`,
};

function sentenceOf<Reason extends WitnessErrorReason>({ reason, facts }: WitnessError<Reason>): string {
  return sentences[reason](facts);
}

/** Lệnh về nhân chứng. */
export const witnessVi: typeof witnessEn = {
  help: {
    command:
      "làm nhân chứng rằng nhật ký chỉ dài thêm: ký xác nhận điểm kiểm tra, từ chối khi nhật ký rẽ nhánh hoặc lùi lại",
    log: "khóa kiểm chứng của nhật ký cần làm chứng (`vkey` trong run.json); có thể lặp lại",
    name: "tên nhân chứng, dạng URL không có giao thức; nêu một lần, khi khóa được tạo; mặc định <TÊN-MÁY>/witness",
    host: "địa chỉ lắng nghe",
    port: "cổng lắng nghe; 0: một cổng còn trống",
  },
  serving: (url, logs) => `Đang phục vụ tại ${url} cho ${logs}; Ctrl-C để kết thúc.`,
  policyLine: "Dòng dành cho tệp chính sách của bên tin cậy; hãy ghi địa chỉ mà bên đó truy cập được:",
  ended: "Nhân chứng đã kết thúc; những gì đã ký xác nhận được lưu giữ.",
  forked: (origin, size, file) =>
    `RẼ NHÁNH: ${origin} đã ký hai gốc cho cùng kích thước ${size}. ${file === "" ? "" : `Cả hai được giữ trong ${file}, đủ để buộc trách nhiệm đơn vị vận hành. `}Nhân chứng không ký gì; hãy báo cho những bên dựa vào nhật ký.`,
  unproven: (origin, size) =>
    `Từ chối: điểm kiểm tra của ${origin} ở kích thước ${size} kèm chứng minh không cho thấy nó nối tiếp điểm đã ký xác nhận. Bản thân nhật ký không gửi như vậy, trừ khi đã rẽ nhánh: hãy đối chiếu với những gì nhật ký đang công bố.`,
  failed: (origin, why) => `Không phục vụ được ${origin === "" ? "một yêu cầu" : origin}: ${why}`,
  portWrong: (found) => `--port là "${found}"; cho phép: từ 0 đến 65535.`,
  logWrong: (found, why) => `--log "${found}" không phải khóa kiểm chứng: ${why}`,
  errorSentence: sentenceOf,
};
