import type { shardEn } from "./shard-en.ts";

/** Các lệnh về phân đoạn. */
export const shardVi: typeof shardEn = {
  help: {
    group: "các phân đoạn (địa bàn và kỳ) mà hồ sơ được mở trong đó",
    list: "các phân đoạn đã khai báo trong sổ đăng ký",
    open: "tại bên quản lý sổ đăng ký: khai báo phân đoạn kế tiếp; trục liên thông đang chạy phục vụ ngay",
    close: "tại bên quản lý sổ đăng ký: không mở thêm hồ sơ trong phân đoạn; hồ sơ đã mở vẫn được giải quyết đến cùng",
    name: "tên phân đoạn, ví dụ hanoi-2027q1",
    origin: "tên gốc của nhật ký, dạng URL không có giao thức; mặc định lienthong.example/<TÊN>",
    area: "mã đơn vị hành chính có hồ sơ mở tại đây; có thể lặp lại; mặc định 01, Hà Nội",
    promiseHours: "số giờ mà một sự kiện đã tiếp nhận phải có trong nhật ký được niêm phong",
    closes: "phân đoạn mà nó tiếp nối; được đóng trong cùng lệnh này",
    registrarKey: "khóa của bên quản lý sổ đăng ký (PKCS#8, PEM)",
  },
  headings: { name: "Phân đoạn", origin: "Tên gốc của nhật ký", clock: "Đồng hồ", open: "Hồ sơ mới", areas: "Địa bàn" },
  clocks: { real: "thực", simulated: "mô phỏng" },
  takes: "nhận",
  closed: "đã đóng",
  opened: (name, entry) => `Đã khai báo ${name} (mục ${entry} của sổ đăng ký); trục liên thông phục vụ từ bây giờ.`,
  known: (name, entry) => `${name} đã được khai báo như vậy (mục ${entry} của sổ đăng ký).`,
  ended: (name, entry) => `${name} không nhận thêm hồ sơ mới (mục ${entry} của sổ đăng ký).`,
  promiseHoursWrong: (found) => `--promise-hours là "${found}"; cho phép: số nguyên từ 1 đến 720.`,
  nameWrong: (found) =>
    `"${found}" không thể là tên phân đoạn; cho phép: 1 đến 32 ký tự a-z, 0-9 và "-", không bắt đầu hay kết thúc bằng "-", khác "registry".`,
  unknown: (name, names) => `Sổ đăng ký không có phân đoạn "${name}"; đang có ${names}.`,
};
