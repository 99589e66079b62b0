import { bidiHandler, busError, type HandlerFor, toStatus } from "@lienthong/chassis";
import type { ExchangeServiceService, StatementAnswer } from "@lienthong/contracts/exchange/v1/exchange_service";
import { authenticateSystem } from "../authenticate.ts";
import { type SubmitDependencies, submitStatement } from "../submit-statement.ts";
import { acceptedMessage } from "./submit-statement-port.ts";

/** Statements of one stream that may be under way; beyond it the stream is not read, and flow control holds the client back. */
const underWayMax = 4_096;
const answersPerMessageMax = 1_000;

/** ExchangeService/StreamStatements: answers that become ready in one turn of the event loop share a message. */
export function streamStatementsPort(on: SubmitDependencies): HandlerFor<ExchangeServiceService["streamStatements"]> {
  return bidiHandler(async (stream, context) => {
    authenticateSystem(on.registry(), context.identity);
    let underWay = 0;
    let ready: StatementAnswer[] = [];
    let flushScheduled = false;
    let wake: (() => void) | null = null;

    const flush = async (): Promise<void> => {
      flushScheduled = false;
      const answers = ready;
      ready = [];
      for (let start = 0; start < answers.length; start += answersPerMessageMax) {
        await stream.send({ answers: answers.slice(start, start + answersPerMessageMax) });
      }
      underWay -= answers.length;
      wake?.();
      wake = null;
    };
    const answer = (answered: StatementAnswer): void => {
      ready.push(answered);
      if (flushScheduled) return;
      flushScheduled = true;
      setImmediate(() => void flush());
    };
    const untilAtMost = async (count: number): Promise<void> => {
      while (underWay > count) {
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
        // submitStatement answers refusals as outcomes and never rejects.
        void submitStatement(envelope, system, on).then((outcome) => {
          answer({
            correlation,
            outcome:
              outcome.kind === "refused"
                ? { $case: "refused", value: toStatus(outcome.error) }
                : { $case: "accepted", value: acceptedMessage(outcome) },
          });
        });
      }
      await untilAtMost(underWayMax);
    }
    await untilAtMost(0);
  });
}
