import {
  Acknowledge,
  AgreeRecall,
  AskRecall,
  Assign,
  BringSupplement,
  Channel,
  Complete,
  Consult,
  Erase,
  ErasureReason,
  Extend,
  ExtensionReason,
  Forward,
  Join,
  Open,
  Outcome,
  Pause,
  PauseReason,
  RecallReason,
  RecallRefusalReason,
  RefusalReason,
  Refuse,
  RefuseRecall,
  RequestSupplement,
  Resume,
  Return,
  type Statement,
  Stop,
  StopReason,
  SupplementReason,
  Withdraw,
  WithdrawalReason,
} from "@lienthong/contracts/exchange/v1/statement";

/** 32 bytes that stand for a hash, each byte the same. */
export const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

export const network = filled(0x01);
export const shard = "hanoi-2025q2";
export const dossier = "H26-250505-0001";

/** UUIDv7 of 5 May 2025, 08:00:00 UTC+7, told apart by its last digits. */
export const uuid = (number: number) => `01969e0f-9d00-7000-8000-${String(number).padStart(12, "0")}`;

const time = (seconds: bigint, nanos = 0) => ({ seconds, nanos });
const morning = 1_746_406_800n;
const handoff = { forward: filled(0xf0), branch: "0" };
const document = {
  documentId: uuid(900),
  kind: "application-form",
  mediaType: "application/pdf",
  sizeBytes: 182_044n,
  contentDigest: filled(0xd1),
  transferDigest: filled(0xd2),
};
const opinion = { ...document, documentId: uuid(901), kind: "opinion", transferDigest: new Uint8Array(0) };

/** One statement of every kind, in the order of the contract. */
export const sampleStatements: readonly Statement[] = (
  [
    {
      $case: "open",
      value: Open.fromPartial({
        areaCode: "00082",
        procedureEntry: filled(0xe1),
        routeEntry: filled(0xe2),
        calendarEntry: filled(0xe3),
        step: "receive",
        channel: Channel.CHANNEL_IN_PERSON,
        receivedTime: time(morning - 300n),
        applicantDigest: filled(0xd0),
        documents: [document],
        chosenEdges: ["to-allowance"],
        helpedAt: "ward-hang-bac-desk",
        competentAgency: "district-hoan-kiem",
      }),
    },
    {
      $case: "forward",
      value: Forward.fromPartial({
        branches: [
          {
            branch: "0.1",
            step: "residence",
            edge: "to-residence",
            receiver: { agency: "police-hang-bac", unit: "residence-counter" },
            documents: [document],
            dueTime: time(morning + 86_400n),
            copies: [{ agency: "district-hoan-kiem" }],
          },
          { branch: "0.2", step: "insurance", edge: "to-insurance", receiver: { agency: "insurance-hoan-kiem" } },
        ],
      }),
    },
    { $case: "acknowledge", value: Acknowledge.fromPartial({ handoff }) },
    {
      $case: "refuse",
      value: Refuse.fromPartial({ handoff, reason: RefusalReason.REFUSAL_REASON_INCOMPLETE, documents: [opinion] }),
    },
    {
      $case: "complete",
      value: Complete.fromPartial({
        step: "appraise",
        outcome: Outcome.OUTCOME_GRANTED,
        documents: [document],
        resultsTo: [{ agency: "ward-hang-bac", unit: "ward-hang-bac-desk" }],
      }),
    },
    { $case: "join", value: Join.fromPartial({ into: "0", step: "collect" }) },
    {
      $case: "return",
      value: Return.fromPartial({
        outcome: Outcome.OUTCOME_GRANTED,
        channel: Channel.CHANNEL_POST,
        documents: [document],
      }),
    },
    {
      $case: "askRecall",
      value: AskRecall.fromPartial({ handoff, reason: RecallReason.RECALL_REASON_WRONG_RECEIVER }),
    },
    { $case: "agreeRecall", value: AgreeRecall.fromPartial({ handoff }) },
    {
      $case: "refuseRecall",
      value: RefuseRecall.fromPartial({ handoff, reason: RecallRefusalReason.RECALL_REFUSAL_REASON_WORK_BEGUN }),
    },
    {
      $case: "requestSupplement",
      value: RequestSupplement.fromPartial({
        reason: SupplementReason.SUPPLEMENT_REASON_PAPER_MISSING,
        documentKinds: ["birth-notice", "marriage-certificate"],
        dueTime: time(morning + 2_592_000n),
        documents: [opinion],
      }),
    },
    { $case: "bringSupplement", value: BringSupplement.fromPartial({ request: filled(0xf1), documents: [document] }) },
    {
      $case: "pause",
      value: Pause.fromPartial({ reason: PauseReason.PAUSE_REASON_FINANCIAL_DUTY, documents: [opinion] }),
    },
    { $case: "resume", value: Resume.fromPartial({ pause: filled(0xf2), documents: [document] }) },
    {
      $case: "extend",
      value: Extend.fromPartial({
        reason: ExtensionReason.EXTENSION_REASON_VERIFICATION,
        dueTime: time(morning + 432_000n, 500_000_000),
        documents: [opinion],
      }),
    },
    { $case: "assign", value: Assign.fromPartial({ unit: "social-division", officerRef: "cb_017", internalStep: 2 }) },
    {
      $case: "withdraw",
      value: Withdraw.fromPartial({
        reason: WithdrawalReason.WITHDRAWAL_REASON_BY_APPLICANT,
        documents: [document],
      }),
    },
    {
      $case: "stop",
      value: Stop.fromPartial({ reason: StopReason.STOP_REASON_NO_SUPPLEMENT, documents: [opinion] }),
    },
    {
      $case: "consult",
      value: Consult.fromPartial({
        branches: [{ branch: "0.3", step: "opinion", edge: "ask-opinion", receiver: { agency: "department-justice" } }],
        leadBranch: "0.3",
      }),
    },
    {
      $case: "erase",
      value: Erase.fromPartial({ reason: ErasureReason.ERASURE_REASON_RETENTION_ENDED, documentIds: [uuid(900)] }),
    },
  ] satisfies NonNullable<Statement["what"]>[]
).map((what, index) => ({
  version: 1,
  network,
  shard,
  author: { agency: "ward-hang-bac", unit: "ward-hang-bac-desk", officerRef: "cb-042" },
  statementId: uuid(index + 1),
  dossier,
  statedTime: time(morning + BigInt(index), 123_000_000),
  prior:
    what.$case === "open"
      ? []
      : (what.$case === "join" ? ["0.1", "0.2"] : ["0"]).map((branch, at) => ({ branch, head: filled(0xa0 + at) })),
  what,
}));
