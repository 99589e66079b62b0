/**
 * Formats and bounds of fields, as the comments in proto/ state them, keyed by message type and proto field name.
 * A test holds every field of the signed messages against this list: one that is missing here fails it.
 */
export type FieldRule =
  | { text: RegExp; allowed: string; optional?: true; items?: Bounds }
  /** Free text of the registry: characters (code points), no control characters. */
  | { characters: Bounds; items?: Bounds }
  | { bytes: Bounds; optional?: true; items?: Bounds }
  | { number: Bounds; items?: Bounds }
  /** Any known number but UNSPECIFIED. */
  | { enum: "known"; optional?: true }
  | { message: "required" | "optional"; items?: Bounds }
  | { bool: true }
  | { version: 1 };

/** Inclusive bounds. */
export type Bounds = readonly [min: number, max: number];

const hash: FieldRule = { bytes: [32, 32] };
const hashOrEmpty: FieldRule = { bytes: [32, 32], optional: true };
const required: FieldRule = { message: "required" };
const optional: FieldRule = { message: "optional" };
const known: FieldRule = { enum: "known" };
const bool: FieldRule = { bool: true };
const many = (min: number, max: number): FieldRule => ({ message: "optional", items: [min, max] });
const text = (pattern: RegExp, allowed: string): FieldRule => ({ text: pattern, allowed });
const textOrEmpty = (pattern: RegExp, allowed: string): FieldRule => ({ text: pattern, allowed, optional: true });
const texts = (pattern: RegExp, allowed: string, items: Bounds): FieldRule => ({ text: pattern, allowed, items });

/** Agency, unit and system ids. */
export const idPattern = /^[a-z0-9][a-z0-9-]{0,63}$/;
/** Shard names. */
export const shardPattern = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
/** Branch ids: the root "0" and forks of it. */
export const branchPattern = /^0(?:\.[1-9][0-9]{0,2}){0,7}$/;
/** UUIDv7 in lower-case text form (RFC 9562). */
export const uuidV7Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Official dossier codes of all generations seen (TT 01/2018, TT 03/2025, TT 04/2025/TT-VPCP and ministry variants). */
export const dossierCodePattern = /^[A-Y0-9][0-9A-Z]{2}(?:\.[0-9A-Z]{2,3}){0,6}-(?:\d{6}|\d{8})-\d{4,12}$/;

const idWords = "1 to 64 of a-z, 0-9 and '-', not beginning with '-'";
const id = text(idPattern, idWords);
const idOrEmpty = textOrEmpty(idPattern, `empty, or ${idWords}`);
const shard = text(shardPattern, "1 to 32 of a-z, 0-9 and '-', not at the ends");
const branch = text(
  branchPattern,
  "'0', or forks of it such as '0.2' or '0.2.1', each number 1 to 999, at most 7 deep",
);
const uuid = text(uuidV7Pattern, "a UUIDv7 in lower-case text form, 36 characters");
const dossier = text(dossierCodePattern, "an official dossier code such as H26-250505-0001");
const stepOrEdge = text(/^[a-z0-9][a-z0-9-]{0,47}$/, "1 to 48 of a-z, 0-9 and '-', not beginning with '-'");
const areaPattern = /^(?:\d{2}|\d{3}|\d{5})$/;
const area = text(areaPattern, "2, 3 or 5 digits");
const areas = (min: number, max: number) => texts(areaPattern, "2, 3 or 5 digits", [min, max]);
const idList = (min: number, max: number) => texts(idPattern, idWords, [min, max]);
const roleWords = "1 to 64 of A-Z, 0-9 and '_'";
const rolePattern = /^[A-Z0-9_]{1,64}$/;
const role = text(rolePattern, roleWords);
const kind = text(/^[a-z][a-z-]{0,63}$/, "1 to 64 of a-z and '-'");
/** Numbers of people, of their papers and telephones have 9 digits and more: where an author chooses a word, none may slip in. */
const noLongNumber = "without 9 digits in a row";
const documentKindPattern = /^(?!.*\d{9})[a-z0-9][a-z0-9-]{0,63}$/;
const documentKindWords = `1 to 64 of a-z, 0-9 and '-', ${noLongNumber}`;
const shortIdOrEmpty = textOrEmpty(/^(?!.*\d{9})[a-z0-9][a-z0-9-]{0,63}$/, `empty, or ${idWords}, ${noLongNumber}`);
const officer = textOrEmpty(
  /^(?!.*\d{9})[A-Za-z0-9_-]{1,64}$/,
  `empty, or 1 to 64 of A-Z, a-z, 0-9, '-' and '_', ${noLongNumber}`,
);
const date = textOrEmpty(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, "empty, or a date YYYY-MM-DD");
const origin = text(/^[!-*,-~]{1,200}$/, "1 to 200 printable ASCII characters without spaces and '+'");
const count = (min: number, max = Number.MAX_SAFE_INTEGER): FieldRule => ({ number: [min, max] });
const uint32Max = 4_294_967_295;
const prose = (min: number, max: number): FieldRule => ({ characters: [min, max] });

const S = "lienthong.exchange.v1.";
const R = "lienthong.registry.v1.";

export const fieldRules: Readonly<Record<string, Readonly<Record<string, FieldRule>>>> = {
  "google.protobuf.Timestamp": {
    // 0001-01-01 to 9999-12-31, as the type itself is bounded.
    seconds: { number: [-62_135_596_800, 253_402_300_799] },
    nanos: { number: [0, 999_999_999] },
  },
  "google.protobuf.Duration": { seconds: { number: [0, 2_592_000] }, nanos: { number: [0, 999_999_999] } },

  [`${S}StatementEnvelope`]: { payload: { bytes: [1, 60_000] }, signatures: many(1, 4) },
  [`${S}Statement`]: {
    version: { version: 1 },
    network: hash,
    shard,
    author: required,
    statement_id: uuid,
    dossier,
    stated_time: required,
    prior: many(0, 64),
    ...Object.fromEntries(
      [
        ...["open", "forward", "acknowledge", "refuse", "complete", "join", "return", "ask_recall", "agree_recall"],
        ...["refuse_recall", "request_supplement", "bring_supplement", "pause", "resume", "extend", "assign"],
        ...["withdraw", "stop", "consult", "erase"],
      ].map((name) => [name, optional]),
    ),
  },
  [`${S}Author`]: { agency: id, unit: idOrEmpty, officer_ref: officer },
  [`${S}Prior`]: { branch, head: hash },
  [`${S}Addressee`]: { agency: id, unit: idOrEmpty },
  [`${S}Handoff`]: { forward: hash, branch },
  [`${S}Document`]: {
    document_id: uuid,
    kind: text(documentKindPattern, documentKindWords),
    media_type: text(
      /^(?!.*\d{9})[a-z0-9][a-z0-9.+-]{0,48}\/[a-z0-9][a-z0-9.+-]{0,49}$/,
      `a media type such as application/pdf, ${noLongNumber}`,
    ),
    size_bytes: { number: [0, 4_294_967_296] },
    content_digest: hash,
    transfer_digest: hashOrEmpty,
  },
  [`${S}Open`]: {
    area_code: area,
    procedure_entry: hash,
    route_entry: hash,
    calendar_entry: hash,
    step: stepOrEdge,
    channel: known,
    received_time: required,
    applicant_digest: hashOrEmpty,
    documents: many(0, 128),
    chosen_edges: texts(/^[a-z0-9][a-z0-9-]{0,47}$/, "1 to 48 of a-z, 0-9 and '-'", [0, 16]),
    // Nobody looks these up before the event stands.
    helped_at: shortIdOrEmpty,
    competent_agency: shortIdOrEmpty,
  },
  [`${S}Forward`]: { branches: many(1, 32) },
  [`${S}ForwardBranch`]: {
    branch,
    step: stepOrEdge,
    edge: stepOrEdge,
    receiver: required,
    documents: many(0, 128),
    due_time: optional,
    copies: many(0, 8),
  },
  [`${S}Acknowledge`]: { handoff: required },
  [`${S}Refuse`]: { handoff: required, reason: known, documents: many(0, 16) },
  [`${S}Complete`]: { step: stepOrEdge, outcome: known, documents: many(0, 32), results_to: many(0, 16) },
  [`${S}Join`]: { into: branch, step: stepOrEdge },
  [`${S}Return`]: { outcome: known, channel: known, documents: many(0, 32) },
  [`${S}AskRecall`]: { handoff: required, reason: known },
  [`${S}AgreeRecall`]: { handoff: required },
  [`${S}RefuseRecall`]: { handoff: required, reason: known },
  [`${S}RequestSupplement`]: {
    reason: known,
    document_kinds: texts(documentKindPattern, documentKindWords, [1, 64]),
    due_time: optional,
    documents: many(0, 4),
  },
  [`${S}BringSupplement`]: { request: hash, documents: many(0, 128) },
  [`${S}Pause`]: { reason: known, documents: many(0, 16) },
  [`${S}Resume`]: { pause: hash, documents: many(0, 16) },
  [`${S}Extend`]: { reason: known, due_time: required, documents: many(0, 4) },
  [`${S}Assign`]: { unit: idOrEmpty, officer_ref: officer, internal_step: { number: [0, 16] } },
  [`${S}Withdraw`]: { reason: known, documents: many(0, 4) },
  [`${S}Stop`]: { reason: known, documents: many(0, 4) },
  [`${S}Consult`]: {
    branches: many(1, 32),
    lead_branch: textOrEmpty(branchPattern, "empty, or a branch id such as '0.2'"),
  },
  [`${S}Erase`]: { reason: known, document_ids: texts(uuidV7Pattern, "a UUIDv7 in lower-case text form", [0, 512]) },

  [`${S}Event`]: { header: required, statement: optional, bus: optional, shard: optional },
  [`${S}EventHeader`]: {
    version: { version: 1 },
    shard,
    generation: count(1, uint32Max),
    number: count(1),
    previous: hashOrEmpty,
    registry_head: required,
    system: id,
    recorded_time: required,
    wall_time: required,
  },
  [`${S}BusStatement`]: {
    id: hash,
    dossier,
    cause: hash,
    branch,
    receiver: id,
    ordinal: count(0, uint32Max),
    ...Object.fromEntries(
      ["delivered", "warning", "expired", "reassigned", "deemed_consent"].map((name) => [name, optional]),
    ),
  },
  [`${S}Delivered`]: { system: id, subscription: id },
  [`${S}Warning`]: { kind: known, due_time: required },
  [`${S}Expired`]: { due_time: required },
  [`${S}Reassigned`]: { registry_entry: hash, to: required },
  [`${S}DeemedConsent`]: { registry_entry: hash, due_time: required },
  [`${S}ShardEvent`]: Object.fromEntries(
    ["opened", "generation_started", "clock_advanced", "closed", "sealed"].map((name) => [name, optional]),
  ),
  [`${S}ShardOpened`]: { network: hash, shard_entry: hash, origin, clock: known, simulated_start_time: optional },
  [`${S}GenerationStarted`]: {
    generation: count(2, uint32Max),
    from: count(0),
    prefix_root: hash,
    old_origin: origin,
    old_checkpoint: { bytes: [0, 4_096] },
    origin,
  },
  [`${S}ClockAdvanced`]: { to: required },
  [`${S}ShardClosed`]: { shard_entry: hash },
  [`${S}ShardSealed`]: { size: count(1) },

  "lienthong.ledger.v1.PromiseBody": {
    version: { version: 1 },
    network: hash,
    origin,
    batch_root: hash,
    include_by: required,
  },
  "lienthong.ledger.v1.Promise": {
    payload: { bytes: [1, 1_024] },
    key_id: hash,
    signature: { bytes: [64, 64] },
    batch_index: count(0, 999),
    batch_size: count(1, 1_000),
    path: { bytes: [32, 32], items: [0, 10] },
  },

  [`${R}RegistryHead`]: { size: count(1), root: hash },
  [`${R}Signature`]: { key_id: hash, signature: { bytes: [1, 1_024] } },
  [`${R}LocalizedText`]: { vi: prose(1, 400), en: prose(0, 400) },
  [`${R}Limit`]: { hundredths: { number: [0, 100_000] }, unit: known, note: prose(0, 500) },
  [`${R}SignedRegistryEntry`]: { payload: { bytes: [1, 61_440] }, signatures: many(1, 4) },
  [`${R}RegistryEntry`]: {
    version: { version: 1 },
    network: hashOrEmpty,
    number: { number: [0, Number.MAX_SAFE_INTEGER] },
    previous: hashOrEmpty,
    kind: known,
    id: text(/^[a-z0-9./-]{1,128}$/, "1 to 128 of a-z, 0-9, '.', '-' and '/'"),
    subject_previous: hashOrEmpty,
    recorded_time: required,
    valid_from: date,
    valid_until: date,
    record: { bytes: [1, 60_000] },
    endorsements: many(0, 8),
    state_root: hash,
  },
  [`${R}Endorsement`]: { role: known, signature: required },
  [`${R}RegistryRecord`]: {
    network: hashOrEmpty,
    ...Object.fromEntries(
      [
        ...["genesis", "agency", "unit", "system", "key", "delegation", "procedure", "route", "calendar", "succession"],
        ...["registrar_key", "promise_key", "shard", "audit_scope", "reassignment_order"],
      ].map((name) => [name, optional]),
    ),
  },
  [`${R}GenesisRecord`]: {
    name: text(/^[a-z0-9-]{1,64}$/, "1 to 64 of a-z, 0-9 and '-'"),
    registrar_keys: many(1, 8),
    nonce: hash,
  },
  [`${R}PublicKey`]: { algorithm: known, public_key: { bytes: [32, 1_024] } },
  [`${R}AgencyRecord`]: {
    id,
    name: required,
    level: known,
    kind,
    parent: idOrEmpty,
    identifier_code: textOrEmpty(
      /^[A-Y]\d{2}(?:\.[0-9A-Z]{1,3}){0,8}$/,
      "empty, or an identifier such as H26 or G12.18.01",
    ),
    area_code: textOrEmpty(areaPattern, "empty, or 2, 3 or 5 digits"),
    competences: many(0, 64),
    source: prose(0, 500),
    certain: bool,
    note: prose(0, 1_000),
  },
  [`${R}Competence`]: { role, area_codes: areas(1, 700), procedures: idList(0, 64) },
  [`${R}UnitRecord`]: {
    id,
    agency: id,
    name: required,
    kind,
    competences: many(0, 64),
    source: prose(0, 500),
    certain: bool,
    note: prose(0, 1_000),
  },
  [`${R}SystemRecord`]: {
    id,
    name: required,
    responsible_agency: idOrEmpty,
    certificate_key_digests: { bytes: [32, 32], items: [0, 8] },
    status: known,
  },
  [`${R}KeyRecord`]: {
    agency: id,
    public_key: required,
    purpose: known,
    officer_ref: officer,
    replaces: hashOrEmpty,
    status: known,
    revocation_reason: { enum: "known", optional: true },
    doubted_since: optional,
    demonstration: bool,
  },
  [`${R}DelegationRecord`]: { agency: id, system: id, status: known },
  [`${R}ProcedureRecord`]: {
    key: id,
    code: textOrEmpty(
      /^(?=.{1,32}$)[0-9A-Z]{1,3}(?:\.[0-9A-Z]{1,6}){1,6}$/,
      "empty, or a procedure code such as 2.000286",
    ),
    name: required,
    level: known,
    field: prose(0, 200),
    linked: bool,
    total: optional,
    status: prose(0, 500),
    supersedes: idList(0, 16),
    source: prose(0, 500),
    certain: bool,
    note: prose(0, 2_000),
    steps: many(0, 64),
  },
  [`${R}ProcedureStep`]: { sequence: { number: [0, 1_000] }, role, does: prose(0, 1_000), limit: optional },
  [`${R}CalendarRecord`]: {
    id,
    version: text(/^[a-z0-9.-]{1,32}$/, "1 to 32 of a-z, 0-9, '.' and '-'"),
    time_zone: text(/^[A-Za-z0-9_+/-]{1,64}$/, "an IANA time zone such as Asia/Ho_Chi_Minh"),
    utc_offset_minutes: { number: [-840, 840] },
    rest_weekdays: { number: [1, 7], items: [0, 7] },
    days_off: many(0, 1_000),
    days_worked: many(0, 200),
    office_hours: many(1, 8),
    source: prose(0, 1_000),
  },
  [`${R}CalendarDay`]: {
    date: text(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, "a date YYYY-MM-DD"),
    name: required,
    certain: bool,
  },
  [`${R}OfficeHours`]: { start_minute: { number: [0, 1_439] }, end_minute: { number: [1, 1_440] }, certain: bool },
  [`${R}SuccessionRecord`]: { agency: id, successors: many(1, 16), source: prose(0, 500) },
  [`${R}Successor`]: { agency: id, share: known, area_codes: areas(0, 200), procedures: idList(0, 64) },
  [`${R}RegistrarKeyRecord`]: { public_key: required, status: known },
  [`${R}PromiseKeyRecord`]: { replica: id, public_key: required, status: known },
  [`${R}ShardRecord`]: {
    name: shard,
    origin,
    log_public_key: hash,
    promise_delay: required,
    clock: known,
    area_codes: areas(1, 700),
    closed: bool,
  },
  [`${R}AuditScopeRecord`]: {
    id,
    auditor: id,
    shards: texts(shardPattern, "1 to 32 of a-z, 0-9 and '-', not at the ends", [0, 64]),
    agencies: idList(0, 700),
    procedures: idList(0, 64),
    ground: prose(0, 500),
    status: known,
  },
  [`${R}ReassignmentOrderRecord`]: {
    id,
    from_agency: id,
    to_agency: id,
    area_codes: areas(0, 700),
    procedures: idList(0, 64),
    ground: prose(1, 500),
  },
  [`${R}RouteRecord`]: {
    id,
    version: { number: [1, 4_294_967_295] },
    procedure: id,
    name: required,
    steps: many(1, 64),
    edges: many(0, 128),
    total: optional,
    appointments: many(0, 4),
    handoff_rules: optional,
    composed: bool,
    certain: bool,
    source: prose(0, 1_000),
    note: prose(0, 2_000),
  },
  [`${R}RouteStep`]: {
    id: stepOrEdge,
    name: required,
    role,
    kind: known,
    clock: known,
    limit: optional,
    limit_if_verified: optional,
    public_posting: optional,
    start: bool,
    end: bool,
    completion_required: bool,
    joins_fork: textOrEmpty(/^[a-z0-9][a-z0-9-]{0,47}$/, "empty, or 1 to 48 of a-z, 0-9 and '-'"),
    deemed_consent: bool,
    internal_steps: many(0, 16),
  },
  [`${R}InternalStep`]: { name: required, limit: optional },
  [`${R}RouteEdge`]: {
    id: stepOrEdge,
    from: stepOrEdge,
    to: stepOrEdge,
    kind: known,
    fork: textOrEmpty(/^[a-z0-9][a-z0-9-]{0,47}$/, "empty, or 1 to 48 of a-z, 0-9 and '-'"),
    optional: bool,
    lead: bool,
    result_copied_to_roles: texts(rolePattern, roleWords, [0, 8]),
  },
  [`${R}Appointment`]: { number: { number: [1, 4] }, limit: required, meaning: prose(0, 500) },
  [`${R}HandoffRules`]: { sync_after_completion: optional, receipt_status_within: optional },
};
