import type { ExampleKind } from "@lienthong/scenario";

/** Headings of the table of a play. */
export interface ScenarioColumns {
  readonly procedure: string;
  readonly dossiers: string;
  readonly handoffs: string;
  readonly refusals: string;
  readonly recalls: string;
  readonly supplements: string;
  readonly returned: string;
  readonly endedEarly: string;
  readonly open: string;
  readonly toReceipt: string;
  readonly held: string;
  readonly citizen: string;
}

import type { StartReport } from "@lienthong/bus";

/** Addresses of a bus. */
export interface Listening {
  readonly registry: string;
  readonly exchange: string;
  readonly documents: string;
  readonly ledger: string;
  readonly audit: string;
  /** Of the logs over HTTP. */
  readonly logs: string;
  readonly nats: string;
}

/** "exchange 127.0.0.1:1" of the services that run. */
function running(services: readonly (readonly [name: string, address: string])[]): string {
  return services
    .filter(([, address]) => address !== "")
    .map(([name, address]) => `${name} ${address}`)
    .join(", ");
}

/** What `lienthong up` tells people. Numbers are written as the locale does. */
export interface UpMessages {
  starting(directory: string): string;
  /** What the bus tells while it starts. */
  report(told: StartReport): string;
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
    endedEarly: number;
    open: number;
    handoffs: number;
    refusals: number;
    statements: number;
    seconds: string;
    perSecond: number;
  }): string;
  /** What else happened on the way; null: nothing. */
  happened(totals: {
    recalls: number;
    supplements: number;
    pauses: number;
    extensions: number;
    opinions: number;
    stepsBack: number;
    assignments: number;
    withdrawn: number;
    stopped: number;
  }): string | null;
  /** Headings of the table; a line break where a heading has two lines. */
  readonly columns: ScenarioColumns;
  /** Under the table; `wide`: all columns are there. */
  columnsNote(wide: boolean): string;
  /** The folder's play was made by an earlier version. */
  readonly playedEarlier: string;
  /** Above the list of dossiers whose trails show something. */
  readonly worthReading: string;
  readonly examples: Readonly<Record<ExampleKind, string>>;
  trailOf(dossier: string): string;
  /** Where each service listens; empty for those that do not run. */
  listening(at: Listening): string;
  readonly tryThese: string;
  stopped(sentence: string): string;
  natsFailed(sentence: string): string;
  readonly demonstrationKeys: string;
  readonly draining: string;
  readonly ended: string;
  readonly stays: string;
  /** A number with one decimal, without a unit. */
  tenths(value: number): string;
}

const number = (locale: string) => {
  const format = new Intl.NumberFormat(locale);
  return (value: number) => format.format(value);
};
const en = number("en-GB");
const vi = number("vi-VN");

/** "On the way: 3 recalls asked, 1 step back.": what did not happen is left out. Vietnamese has one form for one and many. */
function counted(
  format: (value: number) => string,
  beginning: string,
  parts: readonly (readonly [count: number, one: string, many?: string])[],
): string | null {
  const said = parts
    .filter(([count]) => count > 0)
    .map(([count, one, many = one]) => `${format(count)} ${count === 1 ? one : many}`);
  return said.length === 0 ? null : `${beginning}: ${said.join(", ")}.`;
}

/** Where the nats-server comes from, in Vietnamese. */
const origins: Readonly<Record<string, string>> = {
  "embedded, path": "chạy kèm, bản cài trên máy",
  "embedded, cache": "chạy kèm, bản trong kho tạm của dự án",
  "embedded, fetched": "chạy kèm, vừa tải về",
  "a server of yours": "máy chủ có sẵn của bạn",
};

export const upMessages: Readonly<Record<"vi" | "en", UpMessages>> = {
  en: {
    starting: (directory) => `Starting a bus on ${directory}.`,
    report(told) {
      switch (told.what) {
        case "server-fetching":
          return `Fetching nats-server ${told.version} from suite ${told.suite}.`;
        case "server-too-old":
          return `${told.path} is nats-server ${told.version}, which is too old; looking for another.`;
        case "server-left-behind":
          return `Ended a nats-server (process ${told.pid}) that an earlier run left behind.`;
        case "server-awaited":
          return `The nats-server at ${told.url} does not answer yet; it is waited for, at most ${told.seconds} s.`;
        case "server-ready":
          return `nats-server ${told.version} syncs every write to disk before it answers (${told.origin}).`;
        case "registry-filling":
          return `The registry has ${en(told.entries)} of ${en(told.total)} entries.`;
        case "registry-seeded":
          return `The registry was filled: ${en(told.entries)} entries, head ${told.head}….`;
      }
    },
    again: (events, entries) =>
      `Started again on the same data: ${en(events)} events and ${en(entries)} registry entries, all there.`,
    playing: (dossiers) =>
      `Playing ${en(dossiers)} dossiers of real procedures on the scenario's clock, from 5 May 2025.`,
    progress: ({ opened, finished, total, statements, handoffs, date }) =>
      `${en(opened)} of ${en(total)} opened, ${en(finished)} finished, ${en(handoffs)} handoffs, ${en(statements)} statements; scenario date ${date}`,
    played: ({ dossiers, finished, endedEarly, open, handoffs, refusals, statements, seconds, perSecond }) =>
      `${en(dossiers)} dossiers (${en(finished)} returned to the citizen, ${en(endedEarly)} ended early, ${en(open)} still open), ` +
      `${en(handoffs)} handoffs, ${en(refusals)} refused; ` +
      `${en(statements)} signed statements in ${seconds} s, ${en(perSecond)} per second.`,
    happened: ({ recalls, supplements, pauses, extensions, opinions, stepsBack, assignments, withdrawn, stopped }) =>
      counted(en, "On the way", [
        [recalls, "recall asked", "recalls asked"],
        [supplements, "request for papers", "requests for papers"],
        [pauses, "pause for payment", "pauses for payment"],
        [extensions, "date moved with an apology", "dates moved with an apology"],
        [opinions, "opinion given", "opinions given"],
        [stepsBack, "step back", "steps back"],
        [assignments, "assignment inside an office", "assignments inside offices"],
        [withdrawn, "dossier withdrawn", "dossiers withdrawn"],
        [stopped, "dossier stopped", "dossiers stopped"],
      ]),
    columns: {
      procedure: "Procedure",
      dossiers: "Filed",
      handoffs: "Hand-\noffs",
      refusals: "Re-\nfused",
      recalls: "Re-\ncalls",
      supplements: "Papers\nasked",
      returned: "Re-\nturned",
      endedEarly: "Ended\nearly",
      open: "Open",
      toReceipt: "Hours to\nreceipt",
      held: "Hours\nheld",
      citizen: "Citizen\nshare",
    },
    columnsNote: (wide) =>
      `Hours to receipt, hours held: medians per handoff, in office time on the scenario's clock.${
        wide ? " Citizen share: part of all time held that was spent waiting for papers or payment." : ""
      }`,
    playedEarlier:
      "The dossiers of this data folder were played by another version of the scenario; to see a play, start with an empty data folder.",
    worthReading: "Trails worth reading, with `npx lienthong dossier trail CODE --as AGENCY`:",
    examples: {
      "recall agreed": "the sender asks a handoff back and is given it",
      "recall refused": "the sender asks a handoff back, the receiver keeps it",
      "recall overtaken": "the sender asks a handoff back, the receiver acknowledges all the same",
      "supplement brought": "papers are asked of the citizen, who brings them",
      "supplement not brought": "papers are asked of the citizen and do not come: stopped",
      payment: "the tax office reckons, the dossier is paused, the citizen pays",
      unpaid: "the citizen does not pay: stopped",
      extension: "an apology and a new date, once",
      withdrawal: "the citizen withdraws",
      assignments: "units and officers inside the offices",
      "step back": "a step back over an edge of the route",
      opinions: "opinions are asked in parallel",
    },
    trailOf: (dossier) => `The trail of ${dossier}:`,
    listening: ({ registry, exchange, documents, ledger, audit, logs, nats }) =>
      `Listening with mutual TLS: ${running([
        ["registry", registry],
        ["exchange and delivery", exchange],
        ["documents", documents],
        ["ledger", ledger],
        ["audit", audit],
      ])}; logs over HTTP ${logs || "none"}; nats-server ${nats}. Details are in run.json.`,
    tryThese: "Try, in another terminal:",
    stopped: (sentence) => `The bus runs but takes no statements. ${sentence}`,
    natsFailed: (sentence) => `${sentence} Ending; start again with the same command, nothing accepted is lost.`,
    demonstrationKeys: "Keys in this folder are for demonstration: in earnest every agency makes and keeps its own.",
    draining: "Finishing what is under way …",
    ended: "Ended in good order.",
    stays: "The bus stays up. End it with Ctrl-C.",
    tenths: (value) => value.toLocaleString("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  },
  vi: {
    starting: (directory) => `Đang khởi động trục liên thông trên ${directory}.`,
    report(told) {
      switch (told.what) {
        case "server-fetching":
          return `Đang tải nats-server ${told.version} từ bộ ${told.suite}.`;
        case "server-too-old":
          return `${told.path} là nats-server ${told.version}, quá cũ; đang tìm bản khác.`;
        case "server-left-behind":
          return `Đã kết thúc nats-server (tiến trình ${told.pid}) còn sót lại từ lần chạy trước.`;
        case "server-awaited":
          return `nats-server tại ${told.url} chưa trả lời; chờ tối đa ${told.seconds} giây.`;
        case "server-ready":
          return `nats-server ${told.version} ghi mọi thứ xuống đĩa trước khi trả lời (${origins[told.origin] ?? told.origin}).`;
        case "registry-filling":
          return `Sổ đăng ký đã có ${vi(told.entries)}/${vi(told.total)} mục.`;
        case "registry-seeded":
          return `Đã nạp xong sổ đăng ký: ${vi(told.entries)} mục, đầu sổ ${told.head}….`;
      }
    },
    again: (events, entries) =>
      `Khởi động lại trên dữ liệu cũ: ${vi(events)} sự kiện và ${vi(entries)} mục trong sổ đăng ký, đủ cả.`,
    playing: (dossiers) =>
      `Đang chạy ${vi(dossiers)} hồ sơ của các thủ tục thật theo đồng hồ kịch bản, từ ngày 05/5/2025.`,
    progress: ({ opened, finished, total, statements, handoffs, date }) =>
      `đã mở ${vi(opened)}/${vi(total)}, xong ${vi(finished)}, ${vi(handoffs)} lần chuyển, ${vi(statements)} phát biểu; ngày kịch bản ${date}`,
    played: ({ dossiers, finished, endedEarly, open, handoffs, refusals, statements, seconds, perSecond }) =>
      `${vi(dossiers)} hồ sơ (${vi(finished)} đã trả kết quả, ${vi(endedEarly)} kết thúc sớm, ${vi(open)} đang xử lý), ` +
      `${vi(handoffs)} lần chuyển, ${vi(refusals)} lần từ chối; ` +
      `${vi(statements)} phát biểu có chữ ký trong ${seconds} giây, ${vi(perSecond)} mỗi giây.`,
    happened: ({ recalls, supplements, pauses, extensions, opinions, stepsBack, assignments, withdrawn, stopped }) =>
      counted(vi, "Dọc đường", [
        [recalls, "lần đề nghị thu hồi"],
        [supplements, "lần yêu cầu bổ sung"],
        [pauses, "lần tạm dừng chờ nộp tiền"],
        [extensions, "lần xin lỗi và hẹn lại"],
        [opinions, "ý kiến phối hợp"],
        [stepsBack, "lần chuyển trả bước trước"],
        [assignments, "lần phân công trong nội bộ"],
        [withdrawn, "hồ sơ được rút"],
        [stopped, "hồ sơ dừng giải quyết"],
      ]),
    columns: {
      procedure: "Thủ tục",
      dossiers: "Hồ\nsơ",
      handoffs: "Lần\nchuyển",
      refusals: "Từ\nchối",
      recalls: "Thu\nhồi",
      supplements: "Bổ\nsung",
      returned: "Đã\ntrả",
      endedEarly: "Rút,\ndừng",
      open: "Còn\nmở",
      toReceipt: "Giờ chờ\ntiếp nhận",
      held: "Giờ\ngiữ",
      citizen: "Chờ\ndân",
    },
    columnsNote: (wide) =>
      `Giờ chờ tiếp nhận, giờ giữ: trung vị mỗi lần chuyển, tính bằng giờ làm việc theo đồng hồ kịch bản.${
        wide ? " Chờ dân: phần thời gian giữ dùng để chờ người dân bổ sung giấy tờ hoặc nộp tiền." : ""
      }`,
    playedEarlier:
      "Hồ sơ trong thư mục dữ liệu này do một phiên bản kịch bản khác tạo ra; muốn xem một lượt chạy, hãy bắt đầu với thư mục dữ liệu trống.",
    worthReading: "Những hành trình đáng xem, bằng lệnh `npx lienthong dossier trail MÃ --as CƠ-QUAN`:",
    examples: {
      "recall agreed": "bên gửi đề nghị thu hồi, bên nhận đồng ý",
      "recall refused": "bên gửi đề nghị thu hồi, bên nhận từ chối",
      "recall overtaken": "bên gửi đề nghị thu hồi, bên nhận vẫn tiếp nhận",
      "supplement brought": "yêu cầu bổ sung, người dân nộp đủ giấy tờ",
      "supplement not brought": "yêu cầu bổ sung, không có giấy tờ: dừng giải quyết",
      payment: "cơ quan thuế thông báo, hồ sơ tạm dừng, người dân nộp tiền",
      unpaid: "người dân không nộp tiền: dừng giải quyết",
      extension: "xin lỗi và hẹn lại, một lần",
      withdrawal: "người dân rút hồ sơ",
      assignments: "phân công đơn vị, công chức trong nội bộ cơ quan",
      "step back": "chuyển trả bước trước theo quy trình",
      opinions: "lấy ý kiến song song",
    },
    trailOf: (dossier) => `Hành trình của hồ sơ ${dossier}:`,
    listening: ({ registry, exchange, documents, ledger, audit, logs, nats }) =>
      `Đang lắng nghe bằng TLS hai chiều: ${running([
        ["sổ đăng ký", registry],
        ["trao đổi và phân phát", exchange],
        ["tài liệu", documents],
        ["nhật ký", ledger],
        ["kiểm toán", audit],
      ])}; nhật ký qua HTTP ${logs || "không có"}; nats-server ${nats}. Chi tiết trong run.json.`,
    tryThese: "Thử, ở một cửa sổ dòng lệnh khác:",
    stopped: (sentence) => `Trục đang chạy nhưng không nhận phát biểu nào. ${sentence}`,
    natsFailed: (sentence) =>
      `${sentence} Đang kết thúc; hãy chạy lại cùng lệnh này, không gì đã được chấp nhận bị mất.`,
    demonstrationKeys:
      "Các khóa trong thư mục này chỉ để trình diễn: khi dùng thật, mỗi cơ quan tự tạo và giữ khóa của mình.",
    draining: "Đang hoàn tất những việc dở dang …",
    ended: "Đã kết thúc có trật tự.",
    stays: "Trục tiếp tục chạy. Kết thúc bằng Ctrl-C.",
    tenths: (value) => value.toLocaleString("vi-VN", { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  },
};
