import {
  erasureReasonToJSON,
  extensionReasonToJSON,
  outcomeToJSON,
  pauseReasonToJSON,
  recallReasonToJSON,
  recallRefusalReasonToJSON,
  refusalReasonToJSON,
  type Statement,
  stopReasonToJSON,
  supplementReasonToJSON,
  withdrawalReasonToJSON,
} from "@lienthong/contracts/exchange/v1/statement";
import type { ReadEvent } from "@lienthong/statement";

/** What an event says, in words of the contracts. */
export interface SaidWords {
  /** Name of the field that says it, e.g. "ask_recall"; empty where it says nothing. */
  readonly said: string;
  readonly reason: string;
  readonly outcome: string;
}

/** The words of an event. */
export function wordsOf({ body }: ReadEvent): SaidWords {
  if (body.$case === "statement") return { said: fieldName(body.statement.what?.$case), ...codesOf(body.statement) };
  const what = body.$case === "bus" ? body.bus.what : body.shard.what;
  return { said: fieldName(what?.$case), reason: "", outcome: "" };
}

function fieldName(oneofCase: string | undefined): string {
  return (oneofCase ?? "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function codesOf({ what }: Statement): { reason: string; outcome: string } {
  const reason = (code: string) => ({ reason: code, outcome: "" });
  switch (what?.$case) {
    case "refuse":
      return reason(refusalReasonToJSON(what.value.reason));
    case "askRecall":
      return reason(recallReasonToJSON(what.value.reason));
    case "refuseRecall":
      return reason(recallRefusalReasonToJSON(what.value.reason));
    case "requestSupplement":
      return reason(supplementReasonToJSON(what.value.reason));
    case "pause":
      return reason(pauseReasonToJSON(what.value.reason));
    case "extend":
      return reason(extensionReasonToJSON(what.value.reason));
    case "withdraw":
      return reason(withdrawalReasonToJSON(what.value.reason));
    case "stop":
      return reason(stopReasonToJSON(what.value.reason));
    case "erase":
      return reason(erasureReasonToJSON(what.value.reason));
    case "complete":
    case "return":
      return { reason: "", outcome: outcomeToJSON(what.value.outcome) };
    default:
      return reason("");
  }
}
