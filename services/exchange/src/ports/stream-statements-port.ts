import { bidiHandler, busError, type HandlerFor, toStatus } from "@lienthong/chassis";
import type { ExchangeServiceService, StatementAnswer } from "@lienthong/contracts/exchange/v1/exchange_service";
import { authenticateSystem } from "../authenticate.ts";
import { type SubmitDependencies, submitStatement } from "../submit-statement.ts";
import { acceptedMessage } from "./submit-statement-port.ts";

/** Statements of one stream that may be under way; beyond it the stream is not read, and flow control holds the client back. */
const underWayMax = 4_096;
/** The same in bytes: answers repeat what was sent, and wait in memory while the client does not read them. */
const underWayBytesMax = 16_777_216;
const answersPerMessageMax = 1_000;

interface Ready {
  readonly answered: StatementAnswer;
  /** Of its statement. */
  readonly byteCount: number;
}

/** ExchangeService/StreamStatements: answers that become ready in one turn of the event loop share a message. */
export function streamStatementsPort(on: SubmitDependencies): HandlerFor<ExchangeServiceService["streamStatements"]> {
  return bidiHandler(async (stream, context) => {
    authenticateSystem(on.registry(), context.identity);
    let underWay = 0;
    let underWayBytes = 0;
    let ready: Ready[] = [];
    let flushScheduled = false;
    let wake: (() => void) | null = null;

    const flush = async (): Promise<void> => {
      flushScheduled = false;
      const answers = ready;
      ready = [];
      for (let start = 0; start < answers.length; start += answersPerMessageMax) {
        await stream.send({
          answers: answers.slice(start, start + answersPerMessageMax).map(({ answered }) => answered),
        });
      }
      underWay -= answers.length;
      for (const { byteCount } of answers) underWayBytes -= byteCount;
      wake?.();
      wake = null;
    };
    const answer = (answered: StatementAnswer, byteCount: number): void => {
      ready.push({ answered, byteCount });
      if (flushScheduled) return;
      flushScheduled = true;
      setImmediate(() => void flush());
    };
    const untilAtMost = async (count: number, byteCount: number): Promise<void> => {
      while (underWay > count || underWayBytes > byteCount) {
        await new Promise<void>((resume) => {
          wake = resume;
        });
      }
    };

    for await (const request of stream.requests) {
      if (request.statements.length === 0 || request.statements.length > 1_000) {
        throw busError("FIELD_INVALID", { field: "statements", allowed: "1 to 1,000 items" });
      }
      // Asked again for every message: a system may be revoked while its stream is open.
      const system = authenticateSystem(on.registry(), context.identity);
      underWay += request.statements.length;
      for (const { correlation, envelope } of request.statements) {
        underWayBytes += envelope.length;
        // submitStatement answers refusals as outcomes and never rejects.
        void submitStatement(envelope, system, on).then((outcome) => {
          const answered: StatementAnswer = {
            correlation,
            outcome:
              outcome.kind === "refused"
                ? { $case: "refused", value: toStatus(outcome.error) }
                : { $case: "accepted", value: acceptedMessage(outcome) },
          };
          answer(answered, envelope.length);
        });
      }
      await untilAtMost(underWayMax, underWayBytesMax);
    }
    await untilAtMost(0, 0);
  });
}
