import { type HandlerFor, unaryHandler } from "@lienthong/chassis";
import type { AcceptedStatement, ExchangeServiceService } from "@lienthong/contracts/exchange/v1/exchange_service";
import { authenticateSystem } from "../authenticate.ts";
import type { WriteOutcome } from "../proposal.ts";
import { type SubmitDependencies, submitStatement } from "../submit-statement.ts";

/** ExchangeService/SubmitStatement. */
export function submitStatementPort(on: SubmitDependencies): HandlerFor<ExchangeServiceService["submitStatement"]> {
  return unaryHandler(async (request, context) => {
    const system = authenticateSystem(on.registry(), context.identity);
    const outcome = await submitStatement(request.envelope, system, on);
    if (outcome.kind === "refused") throw outcome.error;
    return { accepted: acceptedMessage(outcome) };
  });
}

/** An accepted statement as the contract shows it. */
export function acceptedMessage(outcome: Exclude<WriteOutcome, { kind: "refused" }>): AcceptedStatement {
  if (outcome.kind === "dropped")
    throw new Error("A statement is never dropped; only what the bus says itself can be.");
  return {
    event: outcome.bytes,
    leafIndex: BigInt(outcome.leafIndex),
    promise: outcome.promise,
    repeatedAnswer: outcome.repeated,
  };
}
