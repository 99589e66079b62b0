import { type Timestamp, timestampFromMs } from "@lienthong/chassis/timestamp";
import {
  type Addressee,
  type Channel,
  type Document,
  type ErasureReason,
  type ExtensionReason,
  type ForwardBranch,
  type Outcome,
  type PauseReason,
  type RecallReason,
  type RecallRefusalReason,
  type RefusalReason,
  Statement,
  type StopReason,
  type SupplementReason,
  type WithdrawalReason,
} from "@lienthong/contracts/exchange/v1/statement";
import { type SigningKey, signStatementPayload } from "@lienthong/statement";
import { v7 as uuidV7 } from "uuid";

/** Whose pen it is. */
export interface AgencyPenOptions {
  readonly agency: string;
  /** Unit inside it that speaks; for `open`, the desk of receipt. Default: the agency as such. */
  readonly unit?: string;
  /** Pseudonym of the officer. */
  readonly officerRef?: string;
  /** 1 to 4 keys; at least one seal of the agency. */
  readonly keys: readonly SigningKey[];
  /** Hash of the registry's entry 0, 32 bytes (`exchange.getShard`). */
  readonly network: Uint8Array;
  readonly shard: string;
  /** Where `stated_time` and, unless told, `received_time` come from. Default: the system's clock. */
  readonly clock?: { now(): Timestamp };
}

/** A statement ready to be sent. Every attempt sends the same `envelope`: that is what makes a retry safe. */
export interface SignedStatement {
  /** The serialised StatementEnvelope. */
  readonly envelope: Uint8Array;
  /** UUIDv7, made once. */
  readonly statementId: string;
  /** The serialised Statement that the signatures cover. */
  readonly payload: Uint8Array;
  readonly dossier: string;
}

/** A branch and its head as the author knows it: what `prior` names. */
export interface BranchHead {
  readonly branch: string;
  /** 32 bytes. */
  readonly head: Uint8Array;
}

/** An agency, and perhaps a unit inside it. */
export interface OfficeRef {
  readonly agency: string;
  readonly unit?: string;
}

/** What `open` says; see Open in statement.proto. */
export interface OpenDossier {
  readonly dossier: string;
  readonly areaCode: string;
  /** Hashes of the pinned registry entries, 32 bytes each (`registry.getProcedure`). */
  readonly procedureEntry: Uint8Array;
  readonly routeEntry: Uint8Array;
  readonly calendarEntry: Uint8Array;
  /** Start step of the route. */
  readonly step: string;
  readonly channel: Channel;
  /** When the desk had the file in hand, legal time. Default: now. */
  readonly receivedTime?: Timestamp;
  readonly applicantDigest?: Uint8Array;
  readonly documents?: readonly Document[];
  readonly chosenEdges?: readonly string[];
  readonly helpedAt?: string;
  readonly competentAgency?: string;
}

/** One branch of a forward. */
export interface ForwardTarget {
  /** The branch itself (one target), or a child of it. */
  readonly branch: string;
  readonly step: string;
  readonly edge: string;
  readonly receiver: OfficeRef;
  readonly documents?: readonly Document[];
  readonly dueTime?: Timestamp;
  readonly copies?: readonly OfficeRef[];
}

/** What an answer to a handoff names. */
export interface AnswerHandoff extends BranchHead {
  readonly dossier: string;
  /** Hash of the forward event. Default: `head`, which is the same unless a recall was asked since. */
  readonly forward?: Uint8Array;
}

/** The one branch that a statement acts on, of which dossier. */
export interface OnBranch extends BranchHead {
  readonly dossier: string;
}

/** Writes and signs what an agency says. Who may say what in which state: the table in statement.proto. */
export interface AgencyPen {
  readonly agency: string;
  open(open: OpenDossier): SignedStatement;
  forward(forward: OnBranch & { targets: readonly ForwardTarget[] }): SignedStatement;
  acknowledge(answer: AnswerHandoff): SignedStatement;
  refuse(answer: AnswerHandoff & { reason: RefusalReason; documents?: readonly Document[] }): SignedStatement;
  complete(
    complete: OnBranch & {
      step: string;
      outcome: Outcome;
      documents?: readonly Document[];
      resultsTo?: readonly OfficeRef[];
    },
  ): SignedStatement;
  /** `branches`: all of the fork, each with its head. */
  join(join: { dossier: string; branches: readonly BranchHead[]; into: string; step: string }): SignedStatement;
  returnToCitizen(
    result: OnBranch & { outcome: Outcome; channel: Channel; documents?: readonly Document[] },
  ): SignedStatement;
  /** Asks the receiver for a handoff that it has not acknowledged yet. */
  askRecall(recall: AnswerHandoff & { reason: RecallReason }): SignedStatement;
  /** `forward` must be named: the head has moved to the event that asked. */
  agreeRecall(answer: AnswerHandoff & { forward: Uint8Array }): SignedStatement;
  /** `forward` must be named: the head has moved to the event that asked. */
  refuseRecall(answer: AnswerHandoff & { forward: Uint8Array; reason: RecallRefusalReason }): SignedStatement;
  /** `documentKinds`: everything that is missing, at once; 1 to 64. `documents`: the slip (Mẫu 02). */
  requestSupplement(
    request: OnBranch & {
      reason: SupplementReason;
      documentKinds: readonly string[];
      dueTime?: Timestamp;
      documents?: readonly Document[];
    },
  ): SignedStatement;
  /** `request`: hash of the event that asked; default: `head`, which is the same. */
  bringSupplement(supplement: OnBranch & { request?: Uint8Array; documents: readonly Document[] }): SignedStatement;
  pause(pause: OnBranch & { reason: PauseReason; documents?: readonly Document[] }): SignedStatement;
  /** `pause`: hash of the event that paused; default: `head`, which is the same. */
  resume(resume: OnBranch & { pause?: Uint8Array; documents?: readonly Document[] }): SignedStatement;
  /** `documents`: the apology (Mẫu 04). */
  extend(
    extend: OnBranch & { reason: ExtensionReason; dueTime: Timestamp; documents?: readonly Document[] },
  ): SignedStatement;
  /** `unit`: default the agency as such. `internalStep`: position in the step's list of internal work, from 1. */
  assign(assign: OnBranch & { unit?: string; officerRef?: string; internalStep?: number }): SignedStatement;
  /** `branches`: every branch that has not ended, each with its head. */
  withdraw(withdraw: {
    dossier: string;
    branches: readonly BranchHead[];
    reason: WithdrawalReason;
    documents?: readonly Document[];
  }): SignedStatement;
  /** `documents`: the notice (Mẫu 05). */
  stop(stop: OnBranch & { reason: StopReason; documents?: readonly Document[] }): SignedStatement;
  /** `targets`: a new child branch for each agency asked. `leadBranch`: the child whose agency leads; default: the author. */
  consult(consult: OnBranch & { targets: readonly ForwardTarget[]; leadBranch?: string }): SignedStatement;
  /** `documentIds`: 0 to 512; none: all of the dossier, and the applicant. Acts on no branch. */
  erase(erase: { dossier: string; reason: ErasureReason; documentIds?: readonly string[] }): SignedStatement;
  /** Signs a statement that says anything else of the contract; author, shard, time and id are filled in. */
  sign(statement: Pick<Statement, "dossier" | "prior" | "what">): SignedStatement;
}

/** Makes a pen. Signing takes 20 to 60 µs per key, RSA about a millisecond. */
export function createAgencyPen(options: AgencyPenOptions): AgencyPen {
  const { agency, unit = "", officerRef = "", keys, network, shard } = options;
  const clock = options.clock ?? { now: () => timestampFromMs(Date.now()) };
  const author = { agency, unit, officerRef };

  const sign: AgencyPen["sign"] = ({ dossier, prior, what }) => {
    const statementId = uuidV7();
    const payload = Statement.encode({
      version: 1,
      network,
      shard,
      author,
      statementId,
      dossier,
      statedTime: clock.now(),
      prior,
      what,
    }).finish();
    return { envelope: signStatementPayload(payload, keys), statementId, payload, dossier };
  };
  const say = (dossier: string, on: readonly BranchHead[], what: Statement["what"]) =>
    sign({ dossier, prior: on.map(({ branch, head }) => ({ branch, head })), what });

  return {
    agency,
    sign,
    open: (open) =>
      say(open.dossier, [], {
        $case: "open",
        value: {
          areaCode: open.areaCode,
          procedureEntry: open.procedureEntry,
          routeEntry: open.routeEntry,
          calendarEntry: open.calendarEntry,
          step: open.step,
          channel: open.channel,
          receivedTime: open.receivedTime ?? clock.now(),
          applicantDigest: open.applicantDigest ?? new Uint8Array(0),
          documents: [...(open.documents ?? [])],
          chosenEdges: [...(open.chosenEdges ?? [])],
          helpedAt: open.helpedAt ?? "",
          competentAgency: open.competentAgency ?? "",
        },
      }),
    forward: (forward) =>
      say(forward.dossier, [forward], {
        $case: "forward",
        value: { branches: forward.targets.map(forwardBranch) },
      }),
    acknowledge: (answer) =>
      say(answer.dossier, [answer], { $case: "acknowledge", value: { handoff: handoffOf(answer) } }),
    refuse: (answer) =>
      say(answer.dossier, [answer], {
        $case: "refuse",
        value: { handoff: handoffOf(answer), reason: answer.reason, documents: [...(answer.documents ?? [])] },
      }),
    complete: (complete) =>
      say(complete.dossier, [complete], {
        $case: "complete",
        value: {
          step: complete.step,
          outcome: complete.outcome,
          documents: [...(complete.documents ?? [])],
          resultsTo: (complete.resultsTo ?? []).map(addressee),
        },
      }),
    join: (join) => say(join.dossier, join.branches, { $case: "join", value: { into: join.into, step: join.step } }),
    returnToCitizen: (result) =>
      say(result.dossier, [result], {
        $case: "return",
        value: { outcome: result.outcome, channel: result.channel, documents: [...(result.documents ?? [])] },
      }),
    askRecall: (recall) =>
      say(recall.dossier, [recall], {
        $case: "askRecall",
        value: { handoff: handoffOf(recall), reason: recall.reason },
      }),
    agreeRecall: (answer) =>
      say(answer.dossier, [answer], { $case: "agreeRecall", value: { handoff: handoffOf(answer) } }),
    refuseRecall: (answer) =>
      say(answer.dossier, [answer], {
        $case: "refuseRecall",
        value: { handoff: handoffOf(answer), reason: answer.reason },
      }),
    requestSupplement: (request) =>
      say(request.dossier, [request], {
        $case: "requestSupplement",
        value: {
          reason: request.reason,
          documentKinds: [...request.documentKinds],
          dueTime: request.dueTime,
          documents: [...(request.documents ?? [])],
        },
      }),
    bringSupplement: (supplement) =>
      say(supplement.dossier, [supplement], {
        $case: "bringSupplement",
        value: { request: supplement.request ?? supplement.head, documents: [...supplement.documents] },
      }),
    pause: (pause) =>
      say(pause.dossier, [pause], {
        $case: "pause",
        value: { reason: pause.reason, documents: [...(pause.documents ?? [])] },
      }),
    resume: (resume) =>
      say(resume.dossier, [resume], {
        $case: "resume",
        value: { pause: resume.pause ?? resume.head, documents: [...(resume.documents ?? [])] },
      }),
    extend: (extend) =>
      say(extend.dossier, [extend], {
        $case: "extend",
        value: { reason: extend.reason, dueTime: extend.dueTime, documents: [...(extend.documents ?? [])] },
      }),
    assign: (assign) =>
      say(assign.dossier, [assign], {
        $case: "assign",
        value: {
          unit: assign.unit ?? "",
          officerRef: assign.officerRef ?? "",
          internalStep: assign.internalStep ?? 0,
        },
      }),
    withdraw: (withdraw) =>
      say(withdraw.dossier, withdraw.branches, {
        $case: "withdraw",
        value: { reason: withdraw.reason, documents: [...(withdraw.documents ?? [])] },
      }),
    stop: (stop) =>
      say(stop.dossier, [stop], {
        $case: "stop",
        value: { reason: stop.reason, documents: [...(stop.documents ?? [])] },
      }),
    consult: (consult) =>
      say(consult.dossier, [consult], {
        $case: "consult",
        value: { branches: consult.targets.map(forwardBranch), leadBranch: consult.leadBranch ?? "" },
      }),
    erase: (erase) =>
      say(erase.dossier, [], {
        $case: "erase",
        value: { reason: erase.reason, documentIds: [...(erase.documentIds ?? [])] },
      }),
  };
}

function addressee({ agency, unit = "" }: OfficeRef): Addressee {
  return { agency, unit };
}

function forwardBranch(target: ForwardTarget): ForwardBranch {
  return {
    branch: target.branch,
    step: target.step,
    edge: target.edge,
    receiver: addressee(target.receiver),
    documents: [...(target.documents ?? [])],
    dueTime: target.dueTime,
    copies: (target.copies ?? []).map(addressee),
  };
}

function handoffOf({ branch, head, forward }: AnswerHandoff): { forward: Uint8Array; branch: string } {
  return { forward: forward ?? head, branch };
}
