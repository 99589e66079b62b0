import { bidiHandler, busError, type ReasonName, toStatus } from "@lienthong/chassis";
import { timestampFromMs } from "@lienthong/chassis/timestamp";
import type {
  AcceptedStatement,
  StatementAnswer,
  SubmittedStatement,
} from "@lienthong/contracts/exchange/v1/exchange_service";
import { Channel } from "@lienthong/contracts/exchange/v1/statement";
import { encodeEvent, generateSigningKey, promiseBatch, readStatement } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { createAgencyPen, type SignedStatement } from "../src/index.ts";

export const network = new Uint8Array(32).fill(1);
const shard = "hanoi-test";
const time = timestampFromMs(1_746_406_800_000);
const promiseKey = generateSigningKey("ed25519");
export const pen = createAgencyPen({ agency: "ward-a", keys: [generateSigningKey("ed25519")], network, shard });

/** A statement of a dossier; nothing checks whether it may be said. */
export function statementOf(dossier: string): SignedStatement {
  return pen.acknowledge({ dossier, branch: "0", head: new Uint8Array(32).fill(7) });
}

export function openingOf(dossier: string): SignedStatement {
  const entry = new Uint8Array(32).fill(2);
  return pen.open({
    dossier,
    areaCode: "00004",
    procedureEntry: entry,
    routeEntry: entry,
    calendarEntry: entry,
    step: "intake",
    channel: Channel.CHANNEL_ONLINE,
  });
}

/** What happens to one attempt: a refusal on the stream, the whole stream ends with it, no answer, recorded but not answered. */
export type Fault = ReasonName | { readonly stream: ReasonName } | "silence" | "recorded, not answered" | null;

/**
 * Answers statements as the exchange does as far as a client can tell: each is recorded once, and again answered with the same event.
 * What an attempt meets can be ordered.
 */
export class AcceptingExchange {
  /** Every attempt, in the order of arrival. */
  readonly attempts: { readonly statementId: string; readonly dossier: string; readonly envelope: Buffer }[] = [];
  readonly recorded = new Map<string, AcceptedStatement>();
  /** What the attempt with that number (from 0) at a statement meets. */
  faultOf: (statementId: string, attempt: number) => Fault = () => null;
  /** Changes an answer on its way. */
  falsify: (accepted: AcceptedStatement) => AcceptedStatement = (accepted) => accepted;
  /** Told of each attempt before it is answered. */
  onAttempt: (statementId: string) => void | Promise<void> = () => {};
  readonly #tried = new Map<string, number>();

  readonly streamStatements = bidiHandler<{ statements: SubmittedStatement[] }, { answers: StatementAnswer[] }>(
    async (stream) => {
      for await (const { statements } of stream.requests) {
        for (const { correlation, envelope } of statements) {
          const { statement } = readStatement(envelope);
          const { statementId, dossier } = statement;
          this.attempts.push({ statementId, dossier, envelope: Buffer.from(envelope) });
          const attempt = this.#tried.get(statementId) ?? 0;
          this.#tried.set(statementId, attempt + 1);
          await this.onAttempt(statementId);
          const fault = this.faultOf(statementId, attempt);
          if (fault === "silence") continue;
          if (typeof fault === "object" && fault !== null) throw busError(fault.stream);
          if (fault !== null && fault !== "recorded, not answered") {
            const value = toStatus(busError(fault, { field: "statement.prior[0].head" }));
            await stream.send({ answers: [{ correlation, outcome: { $case: "refused", value } }] });
            continue;
          }
          const value = this.falsify(this.#record(statementId, envelope));
          if (fault === null) await stream.send({ answers: [{ correlation, outcome: { $case: "accepted", value } }] });
        }
      }
    },
  );

  attemptsAt(statementId: string): number {
    return this.#tried.get(statementId) ?? 0;
  }

  #record(statementId: string, envelope: Uint8Array): AcceptedStatement {
    const known = this.recorded.get(statementId);
    if (known !== undefined) return { ...known, repeatedAnswer: true };
    const event = eventOf(envelope, this.recorded.size + 1);
    const batch = { network, origin: "log.example/test", leafHashes: [leafHash(event)], includeBy: time };
    const [promise] = promiseBatch(promiseKey, batch);
    const accepted = { event, leafIndex: BigInt(this.recorded.size), promise, repeatedAnswer: false };
    this.recorded.set(statementId, accepted);
    return accepted;
  }
}

/** An event that contains a statement. */
export function eventOf(envelopeBytes: Uint8Array, number: number): Uint8Array {
  const header = {
    version: 1,
    shard,
    generation: 1,
    number: BigInt(number),
    previous: new Uint8Array(32),
    registryHead: { size: 3n, root: new Uint8Array(32) },
    system: "sys",
    recordedTime: time,
    wallTime: time,
  };
  return encodeEvent(header, { $case: "statement", envelopeBytes });
}
