import { auditVi } from "./audit-vi.ts";
import { backupVi } from "./backup-vi.ts";
import { checkVi } from "./check-vi.ts";
import { enrolmentVi } from "./enrolment-vi.ts";
import { helpStatementsVi } from "./help-statements-vi.ts";
import { ledgerVi } from "./ledger-vi.ts";
import type { Messages } from "./messages.ts";
import { saidVi } from "./said-vi.ts";
import { shardVi } from "./shard-vi.ts";
import { verifyVi } from "./verify-vi.ts";
import { witnessVi } from "./witness-vi.ts";
import { wordsVi } from "./words-vi.ts";

/** Tiếng Việt. */
export const vi: Messages = {
  help: {
    examples: "Ví dụ:",
    headings: {
      "Usage:": "Cách dùng:",
      "Arguments:": "Tham số:",
      "Options:": "Tùy chọn:",
      "Commands:": "Lệnh:",
      "Global Options:": "Tùy chọn chung:",
    },
    program:
      "Chuyển hồ sơ thủ tục hành chính giữa các cơ quan và lưu vết mọi lần bàn giao, không ai sửa được mà không bị phát hiện.",
    helpOption: "xem hướng dẫn này",
    data: "thư mục dữ liệu của trục liên thông (hoặc đặt LIENTHONG_DATA)",
    as: "cơ quan thực hiện, CƠ-QUAN hoặc CƠ-QUAN/ĐƠN-VỊ",
    key: "khóa ký của cơ quan (PKCS#8, PEM) thay cho khóa thử nghiệm",
    system: "hệ thống dùng để kết nối; mặc định là hệ thống được cơ quan ủy quyền",
    json: "in kết quả dạng JSON theo mô tả trong docs/cli.md",
    noColor: "không dùng màu (hoặc đặt NO_COLOR)",
    lang: "ngôn ngữ hiển thị, vi hoặc en",
    up: "chạy toàn bộ trục liên thông trong một tiến trình; nếu thư mục dữ liệu trống thì nạp sổ đăng ký và chạy thử các thủ tục thật",
    upDossiers: "số hồ sơ của kịch bản",
    upScenario: "kịch bản chạy khi thư mục dữ liệu trống; none: không chạy kịch bản",
    serve: "chạy một dịch vụ",
    serveService: "store (kèm nats-server), registry, exchange, documents, ledger hoặc audit",
    httpPort: "ledger: cổng phục vụ nhật ký qua HTTP (nếu không có: LIENTHONG_HTTP_PORT, rồi một cổng trống)",
    httpHost: "ledger: địa chỉ của cổng đó (nếu không có: LIENTHONG_HTTP_HOST, rồi 127.0.0.1)",
    httpCert: "ledger: chứng thư của cổng đó, PEM; kèm --http-key và --http-ca thì dùng TLS",
    httpKey: "ledger: khóa bí mật của chứng thư, PEM, quyền 600",
    httpCa: "ledger: các cơ quan chứng thực mà chứng thư của bên kiểm tra được chấp nhận, PEM",
    agency: "các cơ quan tham gia",
    agencyList: "liệt kê cơ quan",
    agencyLevel: "chỉ cấp này: ward (xã), district (huyện), department (sở), province (tỉnh), central (trung ương)",
    agencyOn: "chỉ cơ quan có hiệu lực vào ngày này, NNNN-TT-NN (năm-tháng-ngày)",
    agencyName: "chỉ cơ quan có tên chứa chuỗi này; không cần gõ dấu",
    default: (value) => `mặc định: ${value}`,
    agencyId: "định danh của cơ quan, ví dụ hn-wold-00004",
    routeFile: "tệp quy trình (YAML)",
    routeSvg: "vẽ quy trình vào tệp SVG này",
    agencyShow: "một cơ quan: đơn vị, khóa ký, hệ thống, cơ quan kế thừa",
    procedure: "các thủ tục hành chính",
    procedureList: "liệt kê thủ tục",
    procedureWithRoute: "chỉ thủ tục đã có quy trình liên thông",
    procedureShow: "một thủ tục và các quy trình của nó, từng bước",
    route: "tệp quy trình liên thông",
    routeCheck: "kiểm tra tệp quy trình: chỉ rõ vị trí từng lỗi, hoặc diễn giải quy trình",
    dossier: "mở, chuyển, tiếp nhận và theo dõi hồ sơ",
    dossierOpen: "mở hồ sơ tại Bộ phận Một cửa",
    dossierCode: "mã hồ sơ, ví dụ H26-250505-0001",
    procedureArgument: "khóa hoặc mã chính thức của thủ tục",
    area: "mã đơn vị hành chính quyết định thẩm quyền; mặc định là địa bàn của cơ quan",
    routeOption: "quy trình, nếu thủ tục có nhiều quy trình",
    stepStart: "bước bắt đầu, nếu quy trình có nhiều bước bắt đầu",
    channelIn: "hình thức nộp: in-person (trực tiếp), online (trực tuyến), post (bưu chính)",
    choose: "nhánh tùy chọn mà công dân yêu cầu (hướng chuyển trong quy trình); có thể lặp lại",
    received: "thời điểm nhận đủ hồ sơ, theo RFC 3339; mặc định là hiện tại theo đồng hồ của phân vùng",
    branch: "nhánh; mặc định là nhánh duy nhất phù hợp",
    dossierForward: "chuyển hồ sơ đến cơ quan tiếp theo, hoặc đến nhiều cơ quan cùng lúc",
    edge: "hướng chuyển trong quy trình; mặc định là hướng duy nhất hoặc cả nhóm song song; có thể lặp lại",
    to: "bên nhận, CƠ-QUAN hoặc CƠ-QUAN/ĐƠN-VỊ, mỗi hướng một bên theo cùng thứ tự; mặc định là cơ quan có thẩm quyền",
    dossierAcknowledge: "tiếp nhận hồ sơ được chuyển đến",
    dossierRefuse: "từ chối tiếp nhận; bên gửi vẫn giữ hồ sơ và thấy lý do",
    refusalReason:
      "lý do: not-competent, wrong-area, incomplete, document-unusable, duplicate, not-eligible, sent-in-error, agency-ceasing",
    dossierComplete: "báo đã hoàn thành công việc của bước",
    outcome: "kết quả: granted (đồng ý), rejected (từ chối), not-eligible (không đủ điều kiện), done (đã xong)",
    dossierJoin: "nhập các nhánh song song thành một",
    into: "nhánh đã được tách; mặc định là nhánh duy nhất",
    dossierReturn: "trả kết quả cho công dân",
    channelOut: "hình thức trả: in-person (trực tiếp), online (trực tuyến), post (bưu chính)",
    dossierShow: "hiện trạng: ai đang giữ nhánh nào",
    dossierTrail: "toàn bộ quá trình, kèm kiểm tra chuỗi sự kiện",
    inbox: "những gì gửi đến một cơ quan",
    inboxWatch: "in những gì được gửi đến cho đến khi nhấn Ctrl-C",
    subscription: "kênh nhận; mặc định là kênh riêng để không lấy mất phần của các hệ thống của cơ quan",
    settle: "xác nhận đã nhận những gì được in: vết hồ sơ sẽ ghi là đã giao",
    from: "giao lại mọi thứ kể từ vị trí này trong nhật ký",
    count: "dừng sau số lần giao này",
    ...helpStatementsVi,
  },
  usage: {
    unknownOption: (name) => `Không có tùy chọn ${name}; xem các tùy chọn bằng --help.`,
    unknownCommand: (name) => `Không có lệnh '${name}'; xem các lệnh bằng --help.`,
    commandMissing: "Hãy cho biết lệnh con; xem danh sách ở trên.",
    argumentMissing: (name) => `Thiếu tham số ${name}; xem ví dụ bằng --help.`,
    optionMissing: (name) => `Thiếu tùy chọn bắt buộc ${name}; xem ví dụ bằng --help.`,
    optionValueMissing: (name) => `Tùy chọn ${name} cần có giá trị; xem --help.`,
    excessArguments: (name) => `Thừa tham số cho '${name}'; hãy đặt chuỗi có dấu cách trong ngoặc kép.`,
    valueNotAllowed: (option, value, allowed) => `Không chấp nhận '${value}' cho ${option}; cho phép: ${allowed}.`,
    wordNotAllowed: (option, value) => `Không chấp nhận '${value}' cho ${option}. Cho phép:`,
    oneOf: (options) => `Hãy cho đúng một trong các tùy chọn ${options}; xem ví dụ bằng --help.`,
    notTogether: (option, other) => `${option} không đi cùng ${other}; hãy bỏ bớt một tùy chọn.`,
    asMissing:
      "Hãy cho biết thực hiện với tư cách cơ quan nào: --as CƠ-QUAN, ví dụ --as hn-wold-00004. Tìm cơ quan bằng: lienthong agency list --name TÊN",
    fileUnreadable: (path, why) => `Không đọc được ${path} (${why}); hãy kiểm tra đường dẫn.`,
    wholeNumber: "số nguyên",
    day: "một ngày dạng năm-tháng-ngày, ví dụ 2025-05-05",
    instant: 'một thời điểm theo RFC 3339, ví dụ "2025-05-05T08:00:00+07:00"',
    dayOrInstant: 'một ngày dạng năm-tháng-ngày, hoặc một thời điểm theo RFC 3339, ví dụ "2025-05-20T17:00:00+07:00"',
    dataFolder: "một thư mục",
  },
  bus: {
    none: (data) =>
      `Không có trục liên thông nào đang chạy trên ${data}; hãy khởi động bằng: lienthong up${data === ".lienthong" ? "" : ` --data ${data}`}`,
    gone: (data, pid) =>
      `${data} ghi rằng tiến trình ${pid} đang chạy trục liên thông nhưng không có tiến trình đó; hãy khởi động lại bằng: lienthong up${data === ".lienthong" ? "" : ` --data ${data}`}`,
    silent: (address) =>
      `Không có ai trả lời tại ${address}; hãy xem trục liên thông còn chạy không, hoặc khởi động bằng: lienthong up`,
    runFileOdd: (path, what) =>
      `${path} không phải tệp do trục liên thông đang chạy ghi ra (${what}); hãy dừng rồi khởi động lại.`,
    tlsUnreadable: (path, why) =>
      `Không đọc được ${path} (${why}); thư mục dữ liệu thuộc về người đã khởi động trục liên thông.`,
    noSystem: (agency, systems) =>
      `Thư mục dữ liệu này không có chứng thư của hệ thống nào được ${agency} ủy quyền; cơ quan đã ủy quyền cho: ${systems}.`,
    nobody: "chưa có hệ thống nào",
    noKey: (agency, path) => `Không có khóa thử nghiệm của ${agency} (${path}); hãy chỉ ra khóa bằng --key TỆP.`,
    keyExposed: (path) =>
      `Người khác có quyền đọc hoặc sửa ${path}, là tệp chứa khóa bí mật. Hãy bỏ quyền đó (chmod 600 ${path}); nếu họ đã có thể đọc, hãy thay khóa.`,
    keyOdd: (path, why) => `${path} không phải khóa dùng để ký: ${why}`,
    refused: (sentence, reason, field) =>
      `Trục liên thông từ chối: ${sentence} [${reason}${field === null ? "" : `, ${field}`}]`,
    outcomeUnknown: (dossier, agency) =>
      `Chưa biết phát biểu đã được lưu hay chưa. Hãy xem trước khi làm lại: lienthong dossier show ${dossier} --as ${agency}`,
    retrying: (why) => `${why} Đang gửi lại đúng phát biểu đó …`,
    interrupted: "Đã bị ngắt.",
    fault: (what) => `Lỗi của chính lệnh này: ${what}`,
    rejected: (why) => `Trả lời của trục liên thông không khớp: ${why} Hãy giữ lại và báo cho đơn vị kiểm tra.`,
  },
  hints: {
    AGENCY_UNKNOWN: "Tìm cơ quan bằng: lienthong agency list --name TÊN",
    UNIT_UNKNOWN: "Xem các đơn vị của cơ quan bằng: lienthong agency show CƠ-QUAN",
    SUBJECT_UNKNOWN: "Tìm thủ tục bằng: lienthong procedure list",
    PROCEDURE_UNKNOWN: "Tìm thủ tục bằng: lienthong procedure list",
    PRIOR_STALE: "Nhánh này vừa có người thay đổi; hãy xem bằng 'lienthong dossier show' rồi quyết định lại.",
    STATE_FORBIDS: "Xem việc có thể làm tiếp bằng: lienthong dossier show MÃ",
    DOSSIER_EXISTS: "Hãy chọn mã khác, hoặc tiếp tục với hồ sơ đó: lienthong dossier show MÃ",
    DOSSIER_UNKNOWN: "Hãy kiểm tra mã, hoặc mở hồ sơ: lienthong dossier open MÃ --procedure THỦ-TỤC",
    NOT_THE_HOLDER: "Xem ai đang giữ bằng: lienthong dossier show MÃ",
    NOT_ENTITLED: "Chỉ cơ quan đang giữ, đã giữ hoặc được chuyển đến một nhánh mới được xem nhánh đó.",
    STEP_NOT_COMPLETED: "Hãy hoàn thành bước này trước: lienthong dossier complete MÃ",
    STEP_OUT_OF_TURN: "Xem việc có thể làm tiếp bằng: lienthong dossier show MÃ",
    DOCUMENT_NOT_READY: "Hãy đưa tài liệu lên cho đủ trước: lienthong document put TỆP --dossier MÃ --kind LOẠI",
    DOCUMENT_UNKNOWN: "Xem các tài liệu được mở bằng: lienthong document list --dossier MÃ",
    KEY_UNKNOWN: "Xem khóa của cơ quan bằng: lienthong agency show CƠ-QUAN",
    KEY_NOT_OF_AUTHOR: "Xem khóa của cơ quan bằng: lienthong agency show CƠ-QUAN",
    DELEGATION_MISSING: "Xem hệ thống của cơ quan bằng: lienthong agency show CƠ-QUAN",
    SHARD_STOPPED: "Đơn vị vận hành phải xử lý; nhật ký của trục liên thông ghi rõ cần làm gì.",
  },
  fieldHints: {
    "statement.resume.documents": "Hãy kèm chứng từ đã nộp tiền: lienthong dossier pay MÃ --proof TỆP",
    "statement.prior": "Xem tất cả các nhánh bằng: lienthong dossier show MÃ",
  },
  refusal: {
    decidedBy: (number) =>
      `Sự kiện số ${number} của hồ sơ đã quyết định điều này; xem bằng: lienthong dossier trail MÃ`,
    detail: (sentence) => `Chi tiết (tiếng Anh): ${sentence}`,
  },
  time: {
    scenarioClock: "Thời gian theo đồng hồ kịch bản (mô phỏng), giờ Việt Nam.",
    realClock: "Thời gian theo giờ Việt Nam (UTC+7).",
    recordedReal: (time) => `ghi nhận thực tế lúc ${time}`,
  },
  ...wordsVi,
  ...saidVi,
  trail: {
    bus: "Trục liên thông",
    headings: {
      number: "STT",
      time: "Thời gian",
      scenarioTime: "Giờ kịch bản",
      who: "Cơ quan",
      what: "Việc",
      to: "Chuyển đến",
      step: "Bước",
      branch: "Nhánh",
      event: "Nội dung",
    },
    title: (dossier) => `Quá trình xử lý hồ sơ ${dossier}`,
    procedure: (name) => `Thủ tục: ${name}`,
    heldBy: "Hiện đang giữ hồ sơ:",
    holds: (branch, holder, since, state, step) =>
      `Nhánh ${branch}: ${holder} giữ từ ${since}; ${state}, bước "${step}".`,
    offered: (branch, holder, since, receiver, step, delivered) =>
      `Nhánh ${branch}: ${holder} giữ từ ${since}; đã chuyển đến ${receiver} cho bước "${step}", ${delivered ? "đã giao đến nơi" : "chưa giao đến nơi"}, chờ tiếp nhận.`,
    askedBack: (branch, holder, since, receiver, step) =>
      `Nhánh ${branch}: ${holder} giữ từ ${since}; đã chuyển đến ${receiver} cho bước "${step}" và đang xin thu hồi.`,
    forked: (branch, children) => `Nhánh ${branch}: đã tách thành các nhánh ${children}.`,
    over: (branch, state) => `Nhánh ${branch}: ${state}.`,
    chainWhole: (events, withheld) =>
      `Chuỗi sự kiện toàn vẹn: ${events} sự kiện, mỗi sự kiện ghi đúng mã băm của sự kiện trước${withheld === 0 ? "" : `; ${withheld} sự kiện không được xem, chỉ biết mã băm`}.`,
    chainBroken: (number, why) =>
      `Chuỗi sự kiện KHÔNG KHỚP tại sự kiện ${number}: ${why} Hãy giữ lại kết quả này và báo cho đơn vị kiểm tra.`,
    numberWrong: (expected) => `lẽ ra phải là sự kiện số ${expected}.`,
    hashWrong: "nội dung không có mã băm mà trục liên thông đưa ra.",
    previousWrong: "không ghi đúng mã băm của sự kiện trước.",
    dossierWrong: "thuộc về hồ sơ khác.",
    unreadable: "dữ liệu không phải là một sự kiện.",
  },
  done: {
    event: (number, leaf) => `Sự kiện số ${number} của hồ sơ, vị trí ${leaf} trong nhật ký.`,
    repeated: "Phát biểu này đã được chấp nhận trước đó; đây vẫn là sự kiện cũ.",
    next: (actions) => `Tiếp theo: ${actions}.`,
    ended: "Hồ sơ đã kết thúc.",
    // The sentence of the registry begins with the name.
    chosen: (step, _receiver, why) => `Bước "${step}": ${why}`,
    others: (others, more) =>
      `Cũng có thẩm quyền: ${others}${more === 0 ? "" : ` và ${more} nơi khác`}; chọn bằng --to.`,
    desk: (why) => `Nơi tiếp nhận: ${why}`,
  },
  pick: {
    noBranch: (dossier, agency) =>
      `Không có nhánh nào của ${dossier} ở trạng thái mà ${agency} làm được việc này; xem bằng: lienthong dossier show ${dossier} --as ${agency}`,
    severalBranches: (branches) => `Có thể là các nhánh ${branches}; hãy chọn bằng --branch.`,
    branchUnknown: (branch, branches) => `Không có nhánh ${branch} mà cơ quan này xem được; có các nhánh: ${branches}.`,
    noEdge: (step) =>
      `Quy trình không có hướng chuyển nào đi từ bước "${step}"; tại đây chỉ trả kết quả hoặc nhập nhánh.`,
    noOpinions: (step) => `Quy trình không có lấy ý kiến tại bước "${step}"; xem bằng: lienthong procedure show`,
    severalEdges: (step, edges) => `Từ bước "${step}" có nhiều hướng; hãy chọn bằng --edge: ${edges}.`,
    edgeUnknown: (edge, step, edges) => `Không có hướng chuyển ${edge} đi từ bước "${step}"; có các hướng: ${edges}.`,
    tooManyReceivers: (edges) =>
      `Số bên nhận nhiều hơn số hướng chuyển; hãy dùng một --to cho mỗi hướng trong ${edges} hướng, theo cùng thứ tự.`,
    noReceiver: (role, why) =>
      `Không có cơ quan nào có thẩm quyền cho vai trò ${role}: ${why} Hãy chọn bên nhận bằng --to.`,
    severalRoutes: (routes) => `Thủ tục có nhiều quy trình; hãy chọn bằng --route: ${routes}.`,
    noRoute: (procedure) =>
      `Thủ tục ${procedure} chưa có quy trình nên chưa mở được hồ sơ; xem các thủ tục đã có bằng: lienthong procedure list --with-route`,
    routeGone: (route) =>
      `Sổ đăng ký không còn hiển thị quy trình ${route} mà hồ sơ này đã ghim; hãy chỉ rõ bằng --edge và --to.`,
    severalSteps: (steps) => `Quy trình có nhiều bước bắt đầu; hãy chọn bằng --step: ${steps}.`,
    areaMissing: (agency) => `${agency} không có địa bàn riêng; hãy chỉ rõ bằng --area MÃ.`,
    noCalendar: "Sổ đăng ký không có lịch làm việc đang hiệu lực; bên quản lý sổ đăng ký phải bổ sung.",
  },
  agency: {
    headings: { id: "Định danh", name: "Tên", level: "Cấp", area: "Địa bàn", valid: "Hiệu lực", kind: "Loại" },
    levels: { WARD: "xã", DISTRICT: "huyện", DEPARTMENT: "sở", PROVINCE: "tỉnh", CENTRAL: "trung ương" },
    count: (count) => `${count} cơ quan.`,
    parent: "Cơ quan cấp trên",
    code: "Mã định danh",
    unknownCode: "chưa biết",
    inferred: "suy ra, chưa thấy trong nguồn",
    source: "Nguồn",
    note: "Ghi chú",
    competences: "Thẩm quyền",
    units: "Đơn vị",
    keys: "Khóa ký",
    systems: "Hệ thống",
    succession: "Cơ quan kế thừa",
    purposes: { SEAL: "con dấu cơ quan", OFFICER: "cán bộ" },
    algorithms: { ED25519: "Ed25519", ECDSA_P256_SHA256: "P-256", RSA_PKCS1_SHA256: "RSA" },
    keyStatus: { ACTIVE: "đang hiệu lực", REVOKED: "đã thu hồi" },
    demonstration: "thử nghiệm",
    shares: { WHOLE: "toàn bộ", PART: "một phần", REMAINDER: "phần còn lại" },
    always: "không giới hạn",
    from: (day) => `từ ${day}`,
    until: (day) => `đến hết ${day}`,
    span: (from, until) => `${from} đến hết ${until}`,
  },
  procedure: {
    headings: { key: "Khóa", code: "Mã", name: "Tên", level: "Cấp", routes: "Quy trình" },
    count: (count) => `${count} thủ tục.`,
    linked: "thủ tục liên thông: nhiều cơ quan tham gia",
    single: "một cơ quan giải quyết",
    field: "Lĩnh vực",
    status: "Tình trạng",
    noRoute: "Chưa có quy trình; các bước theo nguồn:",
    stepOf: (role, does) => `${role}: ${does}`,
  },
  route: {
    fine: (file) => `${file} là quy trình dùng được.`,
    problems: (count, file) => `${file} có ${count} lỗi.`,
  },
  show: {
    title: (dossier) => `Hồ sơ ${dossier}`,
    opened: (agency, area) => `Do ${agency} mở, địa bàn ${area}.`,
    events: (count) => `Đã có ${count} sự kiện; xem quá trình bằng: lienthong dossier trail`,
    headings: { branch: "Nhánh", state: "Trạng thái", holder: "Đang giữ", since: "Từ", step: "Bước" },
    nobody: "—",
    pending: (receiver, step) => `→ ${receiver}: ${step}`,
    opinion: { asked: "đang được lấy ý kiến", given: "đã cho ý kiến" },
  },
  document: {
    noService:
      "Trục liên thông trên thư mục dữ liệu này không có dịch vụ tài liệu; hãy chạy bằng: lienthong serve documents",
    noFile: "không phải tệp",
    unknown: (id, dossier, agency) =>
      `${agency} chưa đưa lên và cũng không được gửi tài liệu ${id} cho ${dossier}; xem các tài liệu được mở bằng: lienthong document list --dossier ${dossier} --as ${agency}`,
    goesOn: (id) => `Tệp này đã được đưa lên với mã ${id}; gửi tiếp từ chỗ dừng.`,
    repeated: "Trục liên thông đã có đủ tài liệu này.",
    put: (size, saltsFile) =>
      `${size} đã được lưu an toàn. Hãy giữ ${saltsFile} cùng với tệp: nhờ đó sau này chứng minh được nội dung đã gửi.`,
    nameIt: (dossier, id, agency) =>
      `Nêu tài liệu khi chuyển hồ sơ, ví dụ: lienthong dossier forward ${dossier} --document ${id} --as ${agency}`,
    got: (size) => `${size}, đúng là tài liệu mà sự kiện nêu, có chữ ký của bên gửi.`,
    gotUnsigned: (size) => `${size}, đúng như khi đưa lên; chưa có sự kiện nào nêu tài liệu này.`,
    rejected: (why) => `Những gì nhận được đã bị bỏ. ${why}`,
    headings: { id: "Mã", kind: "Loại", size: "Cỡ", from: "Nơi đưa lên", state: "Tình trạng" },
    count: (count) => `${count} tài liệu.`,
  },
  inbox: {
    watching: (agency, subscription) =>
      `Đang chờ những gì gửi đến ${agency} (kênh ${subscription}); nhấn Ctrl-C để dừng.`,
    notSettling: "Không xác nhận đã nhận; dùng --settle để vết hồ sơ ghi là đã giao.",
    again: (why) => `Mất kênh nhận (${why}); đang mở lại …`,
    acknowledge: (dossier, branch, agency) =>
      `tiếp nhận bằng: lienthong dossier acknowledge ${dossier} --branch ${branch} --as ${agency}`,
    roles: { RECEIVER: "chờ cơ quan tiếp nhận", SENDER: "về hồ sơ đã chuyển đi", COPY: "để biết" },
    answerRecall: (dossier, branch, agency) =>
      `trả lời bằng: lienthong dossier recall ${dossier} --branch ${branch} --agree --as ${agency} (hoặc --decline LÝ-DO)`,
    bringSupplement: (dossier, branch, agency) =>
      `nộp bổ sung bằng: lienthong dossier supplement ${dossier} --branch ${branch} --bring --as ${agency}`,
    redelivered: "giao lại",
    ended: (count) => `${count} lần giao.`,
  },
  enrolment: enrolmentVi,
  shard: shardVi,
  backup: backupVi,
  ledger: ledgerVi,
  witness: witnessVi,
  verify: verifyVi,
  check: checkVi,
  audit: auditVi,
};
