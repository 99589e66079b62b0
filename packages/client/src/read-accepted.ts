import type { Timestamp } from "@lienthong/chassis/timestamp";
import { Event } from "@lienthong/contracts/exchange/v1/event";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { PromiseBody } from "@lienthong/contracts/ledger/v1/promise";
import { promiseCovers, type ReadEvent, readEvent, type VerifyingKey } from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import type { SignedStatement } from "./agency-pen.ts";

/** What is known here that an answer can be held against. */
export interface AcceptedExpectations {
  /** What was sent: the event must contain it. */
  readonly sent?: Pick<SignedStatement, "envelope" | "payload">;
  /** Promise keys of the registry; without the one that signed, the promise is not verified. */
  readonly promiseKeys?: readonly VerifyingKey[];
  /** Hash of the registry's entry 0, and origin of the shard's log: what the promise must be about. */
  readonly network?: Uint8Array;
  readonly origin?: string;
}

/** An accepted statement, read and held against what is known. Keep the answer itself until the receipt is there. */
export interface ReadAccepted {
  readonly event: ReadEvent;
  /** Hash of the event: the head of the branches it moved. 32 bytes. */
  readonly hash: Uint8Array;
  readonly leafIndex: bigint;
  /** By when a checkpoint covers it, real UTC. */
  readonly includeBy: Timestamp;
  /** True: signed by a promise key that was given. False: none of the keys given is the one that signed. */
  readonly promiseVerified: boolean;
  /** The statement had been accepted before, and this is the same event again. */
  readonly repeated: boolean;
}

/** An answer that does not hold: show it to the operator and to whoever audits the bus. */
export class AnswerRejectedError extends Error {
  override readonly name = "AnswerRejectedError";
}

/** Reads an answer and holds it against what is known. Throws AnswerRejectedError when the bus recorded or promised something else. */
export function readAccepted(accepted: AcceptedStatement, expected: AcceptedExpectations = {}): ReadAccepted {
  const event = readEvent(accepted.event);
  const hash = leafHash(accepted.event);
  if (expected.sent !== undefined) checkContains(accepted, expected.sent);
  const { promise } = accepted;
  if (promise === undefined) throw new AnswerRejectedError("The answer has no promise; an accepted statement has one.");
  const body = PromiseBody.decode(promise.payload);
  if (body.includeBy === undefined) throw new AnswerRejectedError("The promise does not say by when.");
  if (expected.network !== undefined && !hashesEqual(expected.network, body.network)) {
    throw new AnswerRejectedError("The promise was made for another network than the statement's.");
  }
  if (expected.origin !== undefined && expected.origin !== body.origin) {
    throw new AnswerRejectedError(`The promise is about the log ${body.origin}; expected was ${expected.origin}.`);
  }
  const key = expected.promiseKeys?.find(({ keyId }) => hashesEqual(keyId, promise.keyId));
  if (key !== undefined && !promiseCovers(key, promise, hash)) {
    throw new AnswerRejectedError("The promise does not cover the event, or its signature does not verify.");
  }
  return {
    event,
    hash,
    leafIndex: accepted.leafIndex,
    includeBy: body.includeBy,
    promiseVerified: key !== undefined,
    repeated: accepted.repeatedAnswer,
  };
}

function checkContains(accepted: AcceptedStatement, sent: Pick<SignedStatement, "envelope" | "payload">): void {
  const { body } = Event.decode(accepted.event);
  if (body?.$case !== "statement" || !bytesEqual(body.value.payload, sent.payload)) {
    throw new AnswerRejectedError("The event does not contain the statement that was sent.");
  }
  // A repeated answer has the signatures of the attempt that came first; P-256 signs the same bytes differently each time.
  if (accepted.repeatedAnswer) return;
  const { signatures } = StatementEnvelope.decode(sent.envelope);
  const recorded = body.value.signatures;
  const same =
    signatures.length === recorded.length &&
    signatures.every(
      ({ keyId, signature }, index) =>
        bytesEqual(keyId, recorded[index]?.keyId) && bytesEqual(signature, recorded[index]?.signature),
    );
  if (!same) throw new AnswerRejectedError("The event has other signatures than the envelope that was sent.");
}

function bytesEqual(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}
