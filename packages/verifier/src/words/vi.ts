import type { Words } from "./en.ts";

/** Tiếng Việt. */
export const vi: Words = {
  verdict: {
    holds: (dossier) => `Hành trình của hồ sơ ${dossier} đúng.`,
    broken: (dossier) => `Hành trình của hồ sơ ${dossier} KHÔNG đúng.`,
  },
  complete: (event, size, origin) => `Đầy đủ đến sự kiện ${event} tính đến điểm kiểm tra ${size} của ${origin}.`,
  wholeLog: (size) =>
    `Đã đọc toàn bộ nhật ký, ${size} mục: không có sự kiện nào của hồ sơ này sau đó, cũng không có sự kiện nào ngoài những sự kiện ở đây.`,
  wholeLogHashes: (size) =>
    `Giá trị băm của cả ${size} lá dẫn đến đầu nhật ký đã ký; các mục chưa được đọc nên chưa loại trừ được sự kiện về sau.`,
  laterPossible: "Sau điểm kiểm tra đó còn sự kiện nào không thì chỉ toàn bộ nhật ký cho biết (--log URL).",
  witnessed: (names) => `Nhân chứng: ${names}.`,
  witnessAt: (name, time) => `${name} (${time})`,
  missing: (names) => `Nhân chứng theo chính sách nhưng chưa ký: ${names}.`,
  scenario: "Thời gian nắm giữ là thời gian của kịch bản, không phải thời gian thực.",
  custody: "Ai nắm giữ:",
  branch: (branch) => (branch === "0" ? "hồ sơ" : `nhánh ${branch}`),
  held: (branch, who, from, fromEvent, until, untilEvent) =>
    `${who} nắm giữ ${branch} từ ${from} (sự kiện ${fromEvent}) đến ${until} (sự kiện ${untilEvent}).`,
  holds_: (branch, who, from, fromEvent) => `${who} đang nắm giữ ${branch} từ ${from} (sự kiện ${fromEvent}).`,
  uncertain: "Theo những sự kiện được cho xem; các sự kiện không được cho xem có thể cho biết thêm.",
  ended: "Mọi nhánh đã kết thúc; không còn ai nắm giữ hồ sơ.",
  sealed: (after, by) => `Các nhân chứng xác nhận các sự kiện được niêm phong trong khoảng từ ${after} đến ${by}.`,
  sealedBy: (by) => `Các nhân chứng xác nhận các sự kiện được niêm phong chậm nhất lúc ${by}.`,
  sinceHolds: (size, origin) => `Nhật ký chỉ dài thêm kể từ điểm kiểm tra đang lưu giữ (${size} của ${origin}).`,
  erased: (event, what) => `Nội dung đã xóa (sự kiện ${event}): ${what}. Những gì đã cam kết vẫn được chứng minh.`,
  erasedAll: "toàn bộ tài liệu và thông tin người nộp",
  event: (event, sentence) => `Sự kiện ${event}: ${sentence}`,
  severity: { broken: "Không đúng:", operator: "Lỗi của bên vận hành, nêu đích danh:", remark: "Cần biết:" },
  promise: {
    kept: (event, leaf, size) =>
      `Lời hứa đã được giữ: sự kiện ${event} là lá ${leaf} của nhật ký, dưới điểm kiểm tra ${size}.`,
    pending: (event, by) => `Lời hứa chưa đến hạn: sự kiện ${event} chưa có trong nhật ký, thời hạn đến ${by}.`,
    broken: (event, by, size) =>
      `Lời hứa đã BỊ PHÁ VỠ: sự kiện ${event} phải có trong nhật ký trước ${by}, và sau đó đủ số nhân chứng đã thấy nhật ký ${size} lá không có sự kiện ấy. Đây là bằng chứng đối với bên vận hành.`,
    overdue: (event, by) =>
      `Theo đồng hồ của máy này, lời hứa đã quá hạn: sự kiện ${event} phải có trong nhật ký trước ${by} mà chưa có. Không nhân chứng nào xác nhận thời điểm của điểm kiểm tra nên chưa thuyết phục được người khác; hãy hỏi lại khi các nhân chứng đã ký.`,
    invalid: "Đây không phải là lời của trục liên thông.",
    unchecked: (event, by) =>
      `Lời hứa đúng là của trục liên thông: sự kiện ${event} phải có trong nhật ký trước ${by}. Đã có hay chưa thì nhật ký cho biết (--log URL).`,
  },
  findings: {
    networkOther: (v) => `sổ đăng ký ở đây là của mạng khác (${v.found}); mạng được tin là ${v.trusted}.`,
    policyUnreadable: (v) => `không đọc được chính sách: ${v.why}`,
    checkpointInvalid: (v) => `một điểm kiểm tra của nhật ký ${v.log} không đúng: ${v.why}`,
    quorumMissing: (v) => `không đủ nhân chứng ký điểm kiểm tra của ${v.log}; còn thiếu: ${v.missing}.`,
    checkpointInconsistent: (v) =>
      `các điểm kiểm tra ${v.size} và ${v.other} lá không phải của cùng một nhật ký chỉ dài thêm.`,
    sinceInvalid: (v) => `điểm kiểm tra cũ được đưa ra không đúng: ${v.why}`,
    sinceInconsistent: (v) =>
      `nhật ký ${v.origin} đã bị sửa kể từ điểm kiểm tra cũ ${v.size} lá: cùng độ dài mà gốc khác nhau.`,
    sinceNotProven: (v) =>
      `ở đây không có gì nối với điểm kiểm tra cũ ${v.size} lá của ${v.origin}; hãy xuất tệp với --since.`,
    registryEntryUnreadable: (v) => `không đọc được mục sổ đăng ký ở vị trí ${v.position}: ${v.why}`,
    registryEntryNotInLog: (v) =>
      `mục ${v.entry} của sổ đăng ký không nằm trong nhật ký sổ đăng ký theo đúng số của nó.`,
    registryEntrySignature: (v) =>
      `mục ${v.entry} của sổ đăng ký không được ký bằng khóa đang có hiệu lực của bên quản lý.`,
    registryEndorsement: (v) => `mục ${v.entry} của sổ đăng ký thiếu chữ ký hợp lệ của những bên phải đồng ý.`,
    registryChainBroken: (v) => `thiếu mục ở giữa trong chuỗi của sổ đăng ký về ${v.kind} ${v.id}.`,
    registryChainIncomplete: (v) => `chưa chứng minh được rằng về sau không ghi thêm gì về ${v.kind} ${v.id}.`,
    registryHeadInconsistent: (v) => `đầu sổ đăng ký ${v.size} mục không phải là phần đầu của nhật ký sổ đăng ký.`,
    shardUnknown: (v) => `sổ đăng ký ở đây không khai báo phân đoạn ${v.shard}.`,
    eventMissing: () => "không có trong tệp.",
    eventUnreadable: (v) => `không đọc được: ${v.why}`,
    eventNotInLog: (v) => `không phải là lá ${v.leaf} của nhật ký dưới điểm kiểm tra ${v.size} lá.`,
    eventOutOfPlace: (v) => `thuộc hồ sơ, phân đoạn hoặc số khác, hoặc nằm ở lá sai thứ tự (${v.leaf}).`,
    eventChainBroken: (v) => `không nối tiếp sự kiện ${v.before}: nêu giá trị băm khác.`,
    eventHeadUnknown: (v) => `dẫn đầu sổ đăng ký ${v.size} mục, không phải của sổ đăng ký này.`,
    eventHeadDecreases: (v) => `dẫn sổ đăng ký ở ${v.size} mục, trong khi sự kiện trước đó ở ${v.before} mục.`,
    eventTimesDecrease: (v) => `ghi thời điểm ${v.wall}, trước sự kiện đứng trước nó.`,
    eventTimeImpossible: (v) =>
      `ghi thời điểm ${v.wall}; các nhân chứng thấy nó được niêm phong trong khoảng từ ${v.after || "?"} đến ${v.by || "?"}.`,
    statementElsewhere: (v) => `phát biểu được lập cho mạng hoặc phân đoạn khác (${v.shard}).`,
    signatureForged: (v) => `chữ ký của ${v.agency} là giả: không phải do khóa ${v.key} ký.`,
    keyUnknown: (v) => `khóa ${v.key} đã ký cho ${v.agency} không có trong sổ đăng ký ở đầu được dẫn.`,
    keyOfAnother: (v) => `khóa ${v.key} đã ký cho ${v.agency} là khóa của ${v.owner}.`,
    keyRevoked: (v) =>
      `khóa ${v.key} của ${v.agency} đã bị thu hồi ở mục ${v.entry} của sổ đăng ký, điều mà trục đã biết.`,
    sealMissing: (v) => `không có con dấu số nào của ${v.agency} ký.`,
    delegationMissing: (v) => `hệ thống ${v.system} không được ủy quyền nói thay ${v.agency}.`,
    custodyBroken: (v) => `lúc đó không thể nói như vậy: ${v.why}`,
    busStatementWrong: (v) => `điều trục liên thông ghi ở đó không đúng: ${v.why}`,
    priorUnknown: (v) => `dẫn một sự kiện không có trong hành trình này (${v.hash}).`,
    laterEvent: (v) => `nhật ký có một sự kiện của hồ sơ này mà tệp không có: số ${v.number}, lá ${v.leaf}.`,
    logOther: (v) => `nhật ký ${v.origin} đang được cung cấp (${v.size} lá) không phải là nhật ký của tệp.`,
    promiseInvalid: (v) => `lời hứa không đúng: ${v.why}`,
    revocationNotHeeded: (v) =>
      `được quyết định lúc ${v.decided} theo sổ đăng ký ${v.size} mục, dù ${v.subject} đã bị thu hồi lúc ${v.revoked} (mục ${v.entry}). Chữ ký là thật; sự kiện vẫn giữ hiệu lực.`,
    keyDoubted: (v) => `khóa ${v.key} về sau bị thu hồi (mục ${v.entry}) và bị nghi ngờ từ ${v.since}.`,
    sealedLate: (v) => `được ghi lúc ${v.wall}, sau ${v.after} mới được niêm phong.`,
    noQuorum: () =>
      "Chính sách không đòi hỏi nhân chứng nào: nhật ký không bị rẽ nhánh hay không chỉ dựa vào lời bên vận hành.",
    trustFromFile: (v) =>
      `Căn cứ tin cậy đi kèm chính tệp này (${v.what}). Hãy so mã mạng với mã mà bên quản lý sổ đăng ký đã công bố và dùng chính sách của mình: --network HASH --policy FILE.`,
    eventsWithheld: (v) =>
      `${v.count} sự kiện không được cho xem (${v.events}): đã chứng minh chúng có trong nhật ký, nhưng nội dung không hiện ra và không thể nói từng sự kiện có được phép hay không.`,
    contentErased: () => "nội dung đã được xóa ở đây; việc đã cam kết vẫn được chứng minh.",
  },
};
