/** What `lienthong up` tells people. Numbers are written as the locale does. */
export interface UpMessages {
  starting(directory: string): string;
  again(events: number, entries: number): string;
  playing(dossiers: number): string;
  progress(part: {
    opened: number;
    finished: number;
    total: number;
    statements: number;
    handoffs: number;
    date: string;
  }): string;
  played(totals: {
    dossiers: number;
    finished: number;
    open: number;
    handoffs: number;
    refusals: number;
    statements: number;
    seconds: string;
    perSecond: number;
  }): string;
  readonly columns: readonly [
    procedure: string,
    dossiers: string,
    handoffs: string,
    refusals: string,
    returned: string,
    open: string,
    toReceipt: string,
    held: string,
  ];
  readonly columnsNote: string;
  trailOf(dossier: string): string;
  listening(registry: string, exchange: string, nats: string): string;
  readonly tryThese: string;
  stopped(sentence: string): string;
  natsFailed(sentence: string): string;
  readonly demonstrationKeys: string;
  readonly draining: string;
  readonly ended: string;
  readonly stays: string;
  hours(value: number): string;
}

const number = (locale: string) => {
  const format = new Intl.NumberFormat(locale);
  return (value: number) => format.format(value);
};
const en = number("en-GB");
const vi = number("vi-VN");

export const upMessages: Readonly<Record<"vi" | "en", UpMessages>> = {
  en: {
    starting: (directory) => `Starting a bus on ${directory}.`,
    again: (events, entries) =>
      `Started again on the same data: ${en(events)} events and ${en(entries)} registry entries, all there.`,
    playing: (dossiers) =>
      `Playing ${en(dossiers)} dossiers of real procedures on the scenario's clock, from 5 May 2025.`,
    progress: ({ opened, finished, total, statements, handoffs, date }) =>
      `${en(opened)} of ${en(total)} opened, ${en(finished)} finished, ${en(handoffs)} handoffs, ${en(statements)} statements; scenario date ${date}`,
    played: ({ dossiers, finished, open, handoffs, refusals, statements, seconds, perSecond }) =>
      `${en(dossiers)} dossiers (${en(finished)} returned to the citizen, ${en(open)} still open), ${en(handoffs)} handoffs, ${en(refusals)} refused; ` +
      `${en(statements)} signed statements in ${seconds} s, ${en(perSecond)} per second.`,
    columns: ["Procedure", "Dossiers", "Handoffs", "Refusals", "Returned", "Open", "To receipt", "Held"],
    columnsNote: "To receipt, held: median office hours per handoff, on the scenario's clock.",
    trailOf: (dossier) => `The trail of ${dossier}:`,
    listening: (registry, exchange, nats) =>
      `Listening with mutual TLS: registry ${registry}, exchange and delivery ${exchange}; nats-server ${nats}. Details are in run.json.`,
    tryThese: "Try, in another terminal:",
    stopped: (sentence) => `The bus runs but takes no statements. ${sentence}`,
    natsFailed: (sentence) => `${sentence} Ending; start again with the same command, nothing accepted is lost.`,
    demonstrationKeys: "Keys in this folder are for demonstration: in earnest every agency makes and keeps its own.",
    draining: "Finishing what is under way …",
    ended: "Ended in good order.",
    stays: "The bus stays up. End it with Ctrl-C.",
    hours: (value) => `${value.toLocaleString("en-GB", { maximumFractionDigits: 1 })} h`,
  },
  vi: {
    starting: (directory) => `Đang khởi động trục liên thông trên ${directory}.`,
    again: (events, entries) =>
      `Khởi động lại trên dữ liệu cũ: ${vi(events)} sự kiện và ${vi(entries)} mục trong sổ đăng ký, đủ cả.`,
    playing: (dossiers) =>
      `Đang chạy ${vi(dossiers)} hồ sơ của các thủ tục thật theo đồng hồ kịch bản, từ ngày 05/5/2025.`,
    progress: ({ opened, finished, total, statements, handoffs, date }) =>
      `đã mở ${vi(opened)}/${vi(total)}, xong ${vi(finished)}, ${vi(handoffs)} lần chuyển, ${vi(statements)} phát biểu; ngày kịch bản ${date}`,
    played: ({ dossiers, finished, open, handoffs, refusals, statements, seconds, perSecond }) =>
      `${vi(dossiers)} hồ sơ (${vi(finished)} đã trả kết quả, ${vi(open)} đang xử lý), ${vi(handoffs)} lần chuyển, ${vi(refusals)} lần từ chối; ` +
      `${vi(statements)} phát biểu có chữ ký trong ${seconds} giây, ${vi(perSecond)} mỗi giây.`,
    columns: ["Thủ tục", "Hồ sơ", "Lần chuyển", "Từ chối", "Đã trả", "Còn mở", "Đến khi nhận", "Giữ"],
    columnsNote: "Đến khi nhận, giữ: trung vị giờ làm việc mỗi lần chuyển, theo đồng hồ kịch bản.",
    trailOf: (dossier) => `Hành trình của hồ sơ ${dossier}:`,
    listening: (registry, exchange, nats) =>
      `Đang lắng nghe bằng TLS hai chiều: sổ đăng ký ${registry}, trao đổi và phân phát ${exchange}; nats-server ${nats}. Chi tiết trong run.json.`,
    tryThese: "Thử, ở một cửa sổ dòng lệnh khác:",
    stopped: (sentence) => `Trục đang chạy nhưng không nhận phát biểu nào. ${sentence}`,
    natsFailed: (sentence) =>
      `${sentence} Đang kết thúc; hãy chạy lại cùng lệnh này, không gì đã được chấp nhận bị mất.`,
    demonstrationKeys:
      "Các khóa trong thư mục này chỉ để trình diễn: khi dùng thật, mỗi cơ quan tự tạo và giữ khóa của mình.",
    draining: "Đang hoàn tất những việc dở dang …",
    ended: "Đã kết thúc có trật tự.",
    stays: "Trục tiếp tục chạy. Kết thúc bằng Ctrl-C.",
    hours: (value) => `${value.toLocaleString("vi-VN", { maximumFractionDigits: 1 })} giờ`,
  },
};
