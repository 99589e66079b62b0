/** Facts that a sentence names. */
type Facts = Readonly<Record<string, string>>;

/** Why something about enrolment is refused, in both languages. `{name}` stands for a fact. */
const sentences = {
  FILE_UNREADABLE: {
    en: "{file} cannot be read ({why}); check the path.",
    vi: "Không đọc được {file} ({why}); hãy kiểm tra đường dẫn.",
  },
  FILE_MALFORMED: {
    en: "{file} is no {what}: {field} is {found}; allowed: {allowed}. Ask for the file again.",
    vi: "{file} không phải là {what}: {field} là {found}; cho phép: {allowed}. Hãy xin lại tệp này.",
  },
  FINGERPRINT_WRONG: {
    en: "The content of {file} has the fingerprint {found}, not {expected}: it was changed on its way, or it is another request. Ask the agency to read its fingerprint again.",
    vi: "Nội dung của {file} có dấu vân {found}, không phải {expected}: tệp đã bị sửa trên đường gửi hoặc là đề nghị khác. Hãy đề nghị cơ quan đọc lại dấu vân.",
  },
  SIGNATURE_WRONG: {
    en: "{field}: the signature by key {key} does not verify; allowed: {allowed}.",
    vi: "{field}: chữ ký của khóa {key} không đúng; cho phép: {allowed}.",
  },
  CONTENT_REFUSED: {
    en: "{field} {found}; allowed: {allowed}.",
    vi: "{field} không hợp lệ ({found}); cho phép: {allowed}.",
  },
  NETWORK_OTHER: {
    en: "The file is for the network {found}, and this is {expected}. Make the request again with --network {expected}, once you have heard that hash from the registrar.",
    vi: "Tệp này dành cho mạng {found}, còn đây là mạng {expected}. Hãy lập lại đề nghị với --network {expected} sau khi bên quản lý sổ đăng ký xác nhận.",
  },
  AGENCY_UNKNOWN: {
    en: "The registry has no agency {agency}; the registrar records agencies first. Find them with: lienthong agency list --name TEXT",
    vi: "Sổ đăng ký không có cơ quan {agency}; bên quản lý phải ghi cơ quan vào sổ trước. Tìm bằng: lienthong agency list --name TÊN",
  },
  SYSTEM_UNKNOWN: {
    en: "The registry has no system {system}; ask for a system of your own with --system, or delegate to one that is there.",
    vi: "Sổ đăng ký không có hệ thống {system}; hãy đề nghị hệ thống riêng bằng --system hoặc ủy quyền cho hệ thống đã có.",
  },
  SYSTEM_OF_ANOTHER: {
    en: "{responsible} answers for the system {system}, not {agency}; only a request of that agency may add a TLS key to it. To speak through it, delegate to it with --delegate-to {system}.",
    vi: "Hệ thống {system} do {responsible} chịu trách nhiệm, không phải {agency}; chỉ cơ quan đó mới được thêm khóa TLS. Để gửi nhận qua hệ thống này, hãy ủy quyền bằng --delegate-to {system}.",
  },
  KEY_REVOKED: {
    en: "The key {key} was revoked by entry {number}; a revoked key never comes back. Make a new one.",
    vi: "Khóa {key} đã bị thu hồi ở mục {number}; khóa đã thu hồi không dùng lại được. Hãy tạo khóa mới.",
  },
  KEY_UNKNOWN: {
    en: "{agency} has no key {key} in the registry. See its keys with: lienthong agency keys list --agency {agency}",
    vi: "{agency} không có khóa {key} trong sổ đăng ký. Xem các khóa bằng: lienthong agency keys list --agency {agency}",
  },
  KEY_AMBIGUOUS: {
    en: "{key} stands for several keys; give more of its characters: {keys}.",
    vi: "{key} ứng với nhiều khóa; hãy cho thêm ký tự: {keys}.",
  },
  OTHER_KEY_IN_FORCE: {
    en: "{agency} has a key in force ({key}), and the new one is not signed by it. If the agency still has that key, it rotates with: lienthong agency rotate. If it is lost, say so: --lost {key}. If both shall be in force: --additional.",
    vi: "{agency} đang có khóa còn hiệu lực ({key}) nhưng khóa mới không được khóa đó ký. Nếu cơ quan còn giữ khóa cũ thì đổi khóa bằng: lienthong agency rotate. Nếu đã mất thì nêu rõ: --lost {key}. Nếu dùng cả hai: --additional.",
  },
  DEMONSTRATION_KEY: {
    en: "The key {key} of {agency} is a demonstration key: its private key lies on the operator's disk. Only the demonstration of lienthong up may record one; have the agency make its own with: lienthong agency request",
    vi: "Khóa {key} của {agency} là khóa thử nghiệm: khóa bí mật nằm trên máy của đơn vị vận hành. Chỉ bản thử nghiệm lienthong up mới được ghi khóa này; hãy để cơ quan tự tạo khóa bằng: lienthong agency request",
  },
  REGISTRAR_KEY_WRONG: {
    en: "{key} is no key of the registrar in force, so it cannot approve or revoke anything here.",
    vi: "{key} không phải khóa còn hiệu lực của bên quản lý sổ đăng ký nên không thể phê duyệt hay thu hồi ở đây.",
  },
  NOTHING_TO_ASK: {
    en: "There is nothing to ask for: {agency} has a seal in {folder}, and neither --system nor --delegate-to was given. For a new seal use: lienthong agency rotate",
    vi: "Không có gì để đề nghị: {agency} đã có khóa ký trong {folder} và không có --system hay --delegate-to. Để đổi khóa, dùng: lienthong agency rotate",
  },
  NO_SEAL: {
    en: "There is no seal of {agency} in {folder}; make a request for one with: lienthong agency request --agency {agency} --out {folder}",
    vi: "Không có khóa ký của {agency} trong {folder}; hãy lập đề nghị bằng: lienthong agency request --agency {agency} --out {folder}",
  },
  NO_TLS_KEY: {
    en: "There is no TLS key of the system {system} in {folder}; make a request for one with: lienthong agency request --system {system}",
    vi: "Không có khóa TLS của hệ thống {system} trong {folder}; hãy lập đề nghị bằng: lienthong agency request --system {system}",
  },
  NO_REQUEST: {
    en: "{folder} holds no request, so there is nothing that this approval answers. Install it in the folder where the request was made.",
    vi: "{folder} không có đề nghị nào nên không có gì để phê duyệt này trả lời. Hãy cài vào thư mục đã lập đề nghị.",
  },
  APPROVAL_OF_ANOTHER: {
    en: "The approval answers the request {found}, and the one made in this folder is {expected}. Install it where its request was made, or ask for the approval of this one.",
    vi: "Phê duyệt này trả lời đề nghị {found}, còn đề nghị lập trong thư mục này là {expected}. Hãy cài ở nơi lập đề nghị đó hoặc xin phê duyệt cho đề nghị này.",
  },
  REGISTRY_FORKED: {
    en: "The registry shows another log than the one read before: {what}. Keep what you have and tell whoever audits the bus.",
    vi: "Sổ đăng ký đưa ra nhật ký khác với nhật ký đã đọc: {what}. Hãy giữ lại dữ liệu và báo cho bên kiểm toán trục liên thông.",
  },
  REGISTRY_BUSY: {
    en: "Others wrote to the registry at the same time, {attempts} times in a row; run the same command again.",
    vi: "Có bên khác ghi vào sổ đăng ký cùng lúc, {attempts} lần liên tiếp; hãy chạy lại lệnh này.",
  },
} as const satisfies Record<string, { en: string; vi: string }>;

/** Why something was refused; closed list. */
export type RefusalCode = keyof typeof sentences;

/** Something about enrolment that may not be; nothing was recorded or laid down by the step that threw it. */
export class EnrolmentRefusedError extends Error {
  override readonly name = "EnrolmentRefusedError";
  readonly code: RefusalCode;
  /** Path of the field at fault, where there is one. */
  readonly field: string | null;
  readonly facts: Facts;
  /** The sentence in Vietnamese; `message` is the English one. */
  readonly messageVi: string;

  constructor(code: RefusalCode, facts: Facts, options?: ErrorOptions) {
    super(filled(sentences[code].en, facts), options);
    this.code = code;
    this.facts = facts;
    this.field = facts.field ?? null;
    this.messageVi = filled(sentences[code].vi, facts);
  }
}

/** Refuses a part of a file, naming it. */
export function refusedContent(field: string, found: string, allowed: string): EnrolmentRefusedError {
  return new EnrolmentRefusedError("CONTENT_REFUSED", { field, found, allowed });
}

function filled(sentence: string, facts: Facts): string {
  return sentence.replace(/\{([a-z]+)\}/g, (_, name: string) => facts[name] ?? "–");
}
