import type { SignedStatement } from "./agency-pen.ts";
import type { Connection } from "./connection.ts";
import { DurableOutbox } from "./durable-outbox.ts";
import type { AcceptedEntry, KeptStatement, OutboxCounts, RefusedEntry } from "./outbox-store.ts";
import type { AcceptedExpectations } from "./read-accepted.ts";

/** Something that is tried again. */
export interface OutboxTrouble {
  readonly error: Error;
  /** The statement it concerns; null when it concerns all of them, as a lost connection does. */
  readonly statementId: string | null;
  /** When it is tried again, in milliseconds from now; infinite: after the next start. */
  readonly retryInMs: number;
}

/** How an outbox works. */
export interface OutboxOptions {
  /** Folder of `outbox.sqlite`; one process at a time. Its disk decides how safe "kept" is. */
  readonly directory: string;
  /** To an exchange that serves the statements' shards; stays the caller's, who closes it after the outbox. */
  readonly connection: Pick<Connection, "exchange">;
  /** What answers are held against, beside the statement itself and its network. */
  readonly expected?: Pick<AcceptedExpectations, "origin" | "promiseKeys">;
  /**
   * Told of every acceptance once it is durable here: at least once, again if the promise it returned rejects, or had not resolved before a
   * restart; calls may overlap. Without it, `accepted` tells.
   */
  onAccepted?(entry: AcceptedEntry): void | Promise<void>;
  /** Told of every refusal, in the same way. Without it, `refused` tells. */
  onRefused?(entry: RefusedEntry): void | Promise<void>;
  /** Told of what is tried again, and of what the two above threw. What it throws itself is passed over. */
  onTrouble?(trouble: OutboxTrouble): void;
  /** Statements sent and not yet answered. Default 256. */
  readonly inFlightMax?: number;
  /** Span within which a statement that was sent is answered, in milliseconds. Default 10,000. */
  readonly answerWithinMs?: number;
  /** Wait after the first failure, in milliseconds; doubles with each, half of it random. Default 100. */
  readonly firstBackoffMs?: number;
  /** Longest wait, in milliseconds. Default 30,000. */
  readonly backoffMsMax?: number;
  /** Statements that may wait to be sent or stay refused; above, `submit` rejects. Default 100,000. */
  readonly waitingMax?: number;
  /** Accepted statements that may wait for their receipts; above, `submit` rejects. Default 1,000,000. */
  readonly unreceiptedMax?: number;
}

/** Statements that survive their process until the bus has accepted or refused them. */
export interface Outbox {
  /**
   * Resolves when the statement is on this disk: from then on it is sent until it is accepted or refused, also after a crash. Those of one
   * dossier are sent one after the other in the order of this call. Submitting the same statement again does nothing.
   * Rejects, having kept nothing, when the disk does, when the outbox is full or closed, and for a statement of another network.
   */
  submit(signed: SignedStatement): Promise<void>;
  /** The answer to a statement that is or was kept here. Rejects with StatementRefusedError once it is refused. */
  answered(statementId: string): Promise<AcceptedEntry>;
  /** What is still to be sent, oldest first. Default limit 1,000. */
  pending(limit?: number): KeptStatement[];
  /** What was refused and not forgotten, oldest first. Default limit 1,000. */
  refused(limit?: number): RefusedEntry[];
  /** What was accepted after number `since` (0: all) and has no receipt yet, in order. Default limit 1,000. */
  accepted(options?: { readonly since?: number; readonly limit?: number }): AcceptedEntry[];
  /** What is here about a dossier, accepted first: how a restarted caller learns how far it had come. */
  ofDossier(dossier: string): { readonly statementId: string; readonly state: "accepted" | "pending" | "refused" }[];
  readonly counts: OutboxCounts;
  /** Sends a refused statement once more, for when its reason was cured elsewhere; false if none of that id is refused. */
  sendAgain(statementId: string): boolean;
  /** Forgets a refused statement; false if none of that id is refused. */
  forgetRefused(statementId: string): boolean;
  /**
   * The receipt of an event is safe: forgets its event and promise. False if none is kept at that leaf. `shard`: default the one of the
   * first statement that was ever kept here.
   */
  receiptStored(leafIndex: bigint, shard?: string): boolean;
  /** Resolves when nothing is to be sent and everything has been told. */
  idle(): Promise<void>;
  /**
   * Takes no more, waits up to `drainWithinMs` (default 10,000) until everything is sent and told, and closes the file. Says how many
   * statements are left in it for the next time.
   */
  close(options?: { readonly drainWithinMs?: number }): Promise<{ readonly pending: number }>;
}

/** Opens the outbox in a folder and goes on sending what it holds. Throws if another process has it open. */
export function openOutbox(options: OutboxOptions): Outbox {
  return new DurableOutbox(options);
}
