import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Promise as BusPromise } from "@lienthong/contracts/ledger/v1/promise";
import type { BusCallError } from "./bus-call-error.ts";
import type { Refusal, RefusedEntry } from "./outbox-store.ts";

/** A statement was refused; it stays in the outbox until it is forgotten or sent again. */
export class StatementRefusedError extends Error {
  override readonly name = "StatementRefusedError";
  readonly entry: RefusedEntry;

  constructor(entry: RefusedEntry) {
    super(entry.refusal.message);
    this.entry = entry;
  }
}

/** Reasons that the catalogue calls terminal, but which say something about the bus and nothing about the statement. */
const faultsOfTheBus: ReadonlySet<string> = new Set(["INTERNAL", "SHARD_STOPPED"]);

/** Whether the bus said no to this statement, rather than that it could not answer. */
export function isRefusal(error: BusCallError): boolean {
  return error.retry === "terminal" && !faultsOfTheBus.has(error.reason ?? "");
}

/** What is kept of a refusal. */
export function refusalOf(error: BusCallError): Refusal {
  const { reason, field, message, localizedMessages, metadata, winningEvent } = error;
  const winningHead = winningEvent === null ? null : Buffer.from(winningEvent.head).toString("hex");
  return { reason, field, message, localizedMessages, metadata, winningHead, contested: null };
}

/** What is kept of an answer that does not hold. */
export function contested(error: Error, accepted: AcceptedStatement): Refusal {
  const promise = accepted.promise === undefined ? new Uint8Array(0) : BusPromise.encode(accepted.promise).finish();
  return {
    reason: null,
    field: null,
    message: error.message,
    localizedMessages: {},
    metadata: {},
    winningHead: null,
    contested: {
      event: Buffer.from(accepted.event).toString("base64"),
      promise: Buffer.from(promise).toString("base64"),
    },
  };
}
