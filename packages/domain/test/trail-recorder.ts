import type { BusStatement } from "@lienthong/contracts/exchange/v1/event";
import {
  Acknowledge,
  AgreeRecall,
  AskRecall,
  Assign,
  BringSupplement,
  Channel,
  Complete,
  Consult,
  Document,
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
  Statement,
  Stop,
  StopReason,
  SupplementReason,
  Withdraw,
  WithdrawalReason,
} from "@lienthong/contracts/exchange/v1/statement";
import { busStatementId, encodeEvent, type ReadEvent, readEvent } from "@lienthong/statement";
import { leafHash, sha256 } from "@lienthong/tlog";
import {
  audienceOfEvent,
  type DossierParties,
  type DossierState,
  decide,
  evolve,
  evolveParties,
  type Rulebook,
} from "../src/index.ts";
import { areaCode, calendarEntry, entryHash, procedureEntry } from "./procedure-fixture.ts";

export const network = entryHash(0x01);
export const shard = "test-2025q2";
export const dossierCode = "H26-250505-0001";

/** What a statement of the tests says. */
export type Says = NonNullable<Statement["what"]>;
export type Priors = readonly { branch: string; head: Uint8Array }[];

/** A statement and the bytes that stand for it. */
export interface SaidStatement {
  readonly statement: Statement;
  readonly payload: Uint8Array;
  readonly digest: Uint8Array;
}

/** An event of a trail. */
export interface RecordedEvent {
  readonly event: ReadEvent;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/** A UUIDv7 that belongs to a number. */
export function statementIdOf(number: number): string {
  return `01968f0a-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

export function say(agency: string, id: string, prior: Priors, what: Says, unit = ""): SaidStatement {
  const statement: Statement = {
    version: 1,
    network,
    shard,
    author: { agency, unit, officerRef: "" },
    statementId: id,
    dossier: dossierCode,
    statedTime: { seconds: 1_746_410_400n, nanos: 0 },
    prior: prior.map(({ branch, head }) => ({ branch, head })),
    what,
  };
  const payload = Statement.encode(statement).finish();
  return { statement, payload, digest: sha256(payload) };
}

/** One branch that is offered. */
export interface Target {
  branch: string;
  step: string;
  edge: string;
  agency: string;
  unit?: string;
}

const targets = (branches: readonly Target[]) =>
  branches.map(({ agency, unit, ...target }) => ({ ...target, receiver: { agency, unit: unit ?? "" } }));

/** A document, by its number. */
export const documentOf = (number: number): Document =>
  Document.fromPartial({ documentId: statementIdOf(0xd000 + number), kind: "receipt", mediaType: "application/pdf" });

export const saying = {
  open: (routeEntry: Uint8Array, step: string, chosenEdges: string[] = []): Says => ({
    $case: "open",
    value: Open.fromPartial({
      areaCode,
      procedureEntry,
      routeEntry,
      calendarEntry,
      step,
      chosenEdges,
      channel: Channel.CHANNEL_IN_PERSON,
      receivedTime: { seconds: 1_746_410_300n, nanos: 0 },
    }),
  }),
  forward: (...branches: Target[]): Says => ({
    $case: "forward",
    value: Forward.fromPartial({ branches: targets(branches) }),
  }),
  consult: (leadBranch: string, ...branches: Target[]): Says => ({
    $case: "consult",
    value: Consult.fromPartial({ branches: targets(branches), leadBranch }),
  }),
  acknowledge: (forward: Uint8Array, branch: string): Says => ({
    $case: "acknowledge",
    value: Acknowledge.fromPartial({ handoff: { forward, branch } }),
  }),
  refuse: (forward: Uint8Array, branch: string): Says => ({
    $case: "refuse",
    value: Refuse.fromPartial({ handoff: { forward, branch }, reason: RefusalReason.REFUSAL_REASON_NOT_COMPETENT }),
  }),
  askRecall: (forward: Uint8Array, branch: string): Says => ({
    $case: "askRecall",
    value: AskRecall.fromPartial({ handoff: { forward, branch }, reason: RecallReason.RECALL_REASON_CORRECTION }),
  }),
  agreeRecall: (forward: Uint8Array, branch: string): Says => ({
    $case: "agreeRecall",
    value: AgreeRecall.fromPartial({ handoff: { forward, branch } }),
  }),
  refuseRecall: (forward: Uint8Array, branch: string): Says => ({
    $case: "refuseRecall",
    value: RefuseRecall.fromPartial({
      handoff: { forward, branch },
      reason: RecallRefusalReason.RECALL_REFUSAL_REASON_WORK_BEGUN,
    }),
  }),
  complete: (step: string, resultsTo: string[] = []): Says => ({
    $case: "complete",
    value: Complete.fromPartial({
      step,
      outcome: Outcome.OUTCOME_DONE,
      resultsTo: resultsTo.map((agency) => ({ agency, unit: "" })),
    }),
  }),
  join: (into: string, step: string): Says => ({ $case: "join", value: Join.fromPartial({ into, step }) }),
  return: (): Says => ({
    $case: "return",
    value: Return.fromPartial({ outcome: Outcome.OUTCOME_GRANTED, channel: Channel.CHANNEL_IN_PERSON }),
  }),
  requestSupplement: (): Says => ({
    $case: "requestSupplement",
    value: RequestSupplement.fromPartial({
      reason: SupplementReason.SUPPLEMENT_REASON_PAPER_MISSING,
      documentKinds: ["birth-notice"],
    }),
  }),
  bringSupplement: (request: Uint8Array): Says => ({
    $case: "bringSupplement",
    value: BringSupplement.fromPartial({ request, documents: [documentOf(1)] }),
  }),
  pause: (reason: PauseReason = PauseReason.PAUSE_REASON_FINANCIAL_DUTY): Says => ({
    $case: "pause",
    value: Pause.fromPartial({ reason }),
  }),
  resume: (pause: Uint8Array, documents: Document[] = [documentOf(2)]): Says => ({
    $case: "resume",
    value: Resume.fromPartial({ pause, documents }),
  }),
  extend: (): Says => ({
    $case: "extend",
    value: Extend.fromPartial({
      reason: ExtensionReason.EXTENSION_REASON_OTHER_AGENCY_LATE,
      dueTime: { seconds: 1_747_000_000n, nanos: 0 },
    }),
  }),
  assign: (unit: string, internalStep = 0): Says => ({
    $case: "assign",
    value: Assign.fromPartial({ unit, internalStep }),
  }),
  withdraw: (): Says => ({
    $case: "withdraw",
    value: Withdraw.fromPartial({ reason: WithdrawalReason.WITHDRAWAL_REASON_BY_APPLICANT }),
  }),
  stop: (): Says => ({ $case: "stop", value: Stop.fromPartial({ reason: StopReason.STOP_REASON_BY_LAW }) }),
  erase: (documentIds: string[] = []): Says => ({
    $case: "erase",
    value: Erase.fromPartial({ reason: ErasureReason.ERASURE_REASON_RETENTION_ENDED, documentIds }),
  }),
};

/** The functions a trail is recorded with; tests of the tests put faulty ones here. */
export interface Custody {
  readonly decide: typeof decide;
  readonly evolve: typeof evolve;
  readonly evolveParties: typeof evolveParties;
  readonly audienceOfEvent: typeof audienceOfEvent;
}

/** The functions of this package. */
export const ourCustody: Custody = { decide, evolve, evolveParties, audienceOfEvent };

/** Records a trail as an exchange does: encoded, hashed, read again, folded. */
export class TrailRecorder {
  state: DossierState | null = null;
  parties: DossierParties | null = null;
  readonly trail: RecordedEvent[] = [];
  readonly #custody: Custody;

  constructor(custody: Custody = ourCustody) {
    this.#custody = custody;
  }

  decide(said: SaidStatement, rules: Rulebook, state = this.state) {
    return this.#custody.decide(state, said.statement, said.digest, rules);
  }

  /** Records a statement that was accepted. */
  record(said: SaidStatement): RecordedEvent {
    // An envelope of one payload and no signature: the domain looks at none.
    const envelopeBytes = Buffer.concat([Buffer.from([0x0a]), varint(said.payload.length), said.payload]);
    return this.#append(encodeEvent(this.#header(), { $case: "statement", envelopeBytes }));
  }

  /** Records that a handoff was delivered. */
  recordDelivered(forward: Uint8Array, branch: string, receiver: string): RecordedEvent {
    const value: BusStatement = {
      id: busStatementId(forward, branch, receiver, 16, 0),
      dossier: dossierCode,
      cause: forward,
      branch,
      receiver,
      ordinal: 0,
      what: { $case: "delivered", value: { system: "provincial-system", subscription: "main" } },
    };
    return this.#append(encodeEvent(this.#header(), { $case: "bus", value }));
  }

  #header() {
    const number = BigInt(this.trail.length + 1);
    return {
      version: 1,
      shard,
      generation: 1,
      number,
      previous: this.trail.at(-1)?.hash ?? new Uint8Array(0),
      registryHead: { size: 7n, root: entryHash(0x77) },
      system: "provincial-system",
      recordedTime: { seconds: 1_746_410_400n + number, nanos: 0 },
      wallTime: { seconds: 1_790_000_000n + number, nanos: 0 },
    };
  }

  #append(bytes: Uint8Array): RecordedEvent {
    const recorded = { event: readEvent(bytes), bytes, hash: leafHash(bytes) };
    this.state = this.#custody.evolve(this.state, recorded.event, recorded.hash);
    this.parties = this.#custody.evolveParties(this.parties, recorded.event, recorded.hash);
    this.trail.push(recorded);
    return recorded;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
