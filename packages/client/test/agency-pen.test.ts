import { timestampFromIso } from "@lienthong/chassis/timestamp";
import {
  Channel,
  ErasureReason,
  ExtensionReason,
  Outcome,
  PauseReason,
  RecallReason,
  RecallRefusalReason,
  RefusalReason,
  StopReason,
  SupplementReason,
  WithdrawalReason,
} from "@lienthong/contracts/exchange/v1/statement";
import {
  generateSigningKey,
  importVerifyingKey,
  payloadTypes,
  readStatement,
  uuidV7Pattern,
  verifyPayload,
} from "@lienthong/statement";
import { describe, expect, it } from "vitest";
import { createAgencyPen, type SignedStatement } from "../src/index.ts";

const hash = (fill: number) => new Uint8Array(32).fill(fill);
const now = timestampFromIso("2025-05-05T08:00:00+07:00");
const seal = generateSigningKey("p256");
const officer = generateSigningKey("ed25519");
const pen = createAgencyPen({
  agency: "hn-wold-00004",
  unit: "hn-wold-00004-mot-cua",
  officerRef: "cb-17",
  keys: [seal, officer],
  network: hash(1),
  shard: "hanoi-scenario",
  clock: { now: () => now },
});
const dossier = "H26-250505-0001";
const on = { dossier, branch: "0", head: hash(7) };

const spoken: Record<string, () => SignedStatement> = {
  open: () =>
    pen.open({
      dossier,
      areaCode: "00004",
      procedureEntry: hash(2),
      routeEntry: hash(3),
      calendarEntry: hash(4),
      step: "intake",
      channel: Channel.CHANNEL_IN_PERSON,
    }),
  forward: () =>
    pen.forward({
      ...on,
      targets: [{ branch: "0", step: "review", edge: "to-review", receiver: { agency: "hn-dist-001" } }],
    }),
  acknowledge: () => pen.acknowledge(on),
  refuse: () => pen.refuse({ ...on, reason: RefusalReason.REFUSAL_REASON_INCOMPLETE }),
  complete: () =>
    pen.complete({ ...on, step: "review", outcome: Outcome.OUTCOME_DONE, resultsTo: [{ agency: "hn-wold-00004" }] }),
  join: () =>
    pen.join({
      dossier,
      branches: [
        { branch: "0.1", head: hash(8) },
        { branch: "0.2", head: hash(9) },
      ],
      into: "0",
      step: "collect",
    }),
  askRecall: () => pen.askRecall({ ...on, reason: RecallReason.RECALL_REASON_CORRECTION }),
  agreeRecall: () => pen.agreeRecall({ ...on, forward: hash(5) }),
  refuseRecall: () =>
    pen.refuseRecall({
      ...on,
      forward: hash(5),
      reason: RecallRefusalReason.RECALL_REFUSAL_REASON_WORK_BEGUN,
    }),
  requestSupplement: () =>
    pen.requestSupplement({
      ...on,
      reason: SupplementReason.SUPPLEMENT_REASON_PAPER_MISSING,
      documentKinds: ["land-use-certificate"],
    }),
  bringSupplement: () => pen.bringSupplement({ ...on, documents: [] }),
  pause: () => pen.pause({ ...on, reason: PauseReason.PAUSE_REASON_FINANCIAL_DUTY }),
  resume: () => pen.resume(on),
  extend: () => pen.extend({ ...on, reason: ExtensionReason.EXTENSION_REASON_WORKLOAD, dueTime: now }),
  assign: () => pen.assign({ ...on, unit: "hn-wold-00004-tu-phap", internalStep: 1 }),
  withdraw: () =>
    pen.withdraw({
      dossier,
      branches: [{ branch: "0", head: hash(7) }],
      reason: WithdrawalReason.WITHDRAWAL_REASON_BY_APPLICANT,
    }),
  stop: () => pen.stop({ ...on, reason: StopReason.STOP_REASON_NO_SUPPLEMENT }),
  consult: () =>
    pen.consult({
      ...on,
      targets: [{ branch: "0.1", step: "opinion", edge: "ask", receiver: { agency: "hn-dist-001" } }],
      leadBranch: "0.1",
    }),
  erase: () => pen.erase({ dossier, reason: ErasureReason.ERASURE_REASON_RETENTION_ENDED }),
  return: () => pen.returnToCitizen({ ...on, outcome: Outcome.OUTCOME_GRANTED, channel: Channel.CHANNEL_IN_PERSON }),
};

describe("an agency's pen", () => {
  it.each(Object.entries(spoken))("writes a %s that the strict reader takes", (what, say) => {
    const signed = say();
    const { statement, envelope } = readStatement(signed.envelope);
    expect(statement.what?.$case).toBe(what);
    expect(statement).toMatchObject({
      version: 1,
      shard: "hanoi-scenario",
      dossier,
      author: { agency: "hn-wold-00004", unit: "hn-wold-00004-mot-cua", officerRef: "cb-17" },
      statementId: signed.statementId,
      statedTime: now,
    });
    expect(Buffer.from(envelope.payload)).toEqual(Buffer.from(signed.payload));
  });

  it("signs with every key it was given, over the payload as it is sent", async () => {
    const { envelope } = readStatement(pen.acknowledge(on).envelope);
    expect(envelope.signatures).toHaveLength(2);
    for (const [index, key] of [seal, officer].entries()) {
      const verifying = importVerifyingKey(key.algorithm, key.publicKey);
      const { signature } = envelope.signatures[index]!;
      expect(await verifyPayload(verifying, payloadTypes.statement, envelope.payload, signature)).toBe(true);
    }
  });

  it("gives every statement a UUIDv7 of its own", () => {
    const ids = Array.from({ length: 50 }, () => pen.acknowledge(on).statementId);
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id).toMatch(uuidV7Pattern);
  });

  it("answers the handoff of the branch's head unless told another", () => {
    const forwardOf = ({ envelope }: SignedStatement) => {
      const { what } = readStatement(envelope).statement;
      return what?.$case === "acknowledge" ? [...what.value.handoff!.forward] : [];
    };
    expect(forwardOf(pen.acknowledge(on))).toEqual([...hash(7)]);
    expect(forwardOf(pen.acknowledge({ ...on, forward: hash(5) }))).toEqual([...hash(5)]);
  });

  it("names the event that asked for a supplement, or paused: the head, unless told another", () => {
    const whatOf = ({ envelope }: SignedStatement) => readStatement(envelope).statement.what;
    expect(whatOf(pen.bringSupplement({ ...on, documents: [] }))).toMatchObject({ value: { request: on.head } });
    expect(whatOf(pen.resume(on))).toMatchObject({ value: { pause: on.head } });
    expect(whatOf(pen.resume({ ...on, pause: hash(5) }))).toMatchObject({ value: { pause: hash(5) } });
  });

  it("has a method for everything that an agency can say", () => {
    const said = Object.values(spoken).map((say) => readStatement(say().envelope).statement.what?.$case);
    expect(new Set(said).size).toBe(20);
  });
});
