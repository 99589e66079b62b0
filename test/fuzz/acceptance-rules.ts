import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { Event } from "@lienthong/contracts/exchange/v1/event";
import type { AcceptedStatement } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import { payloadTypes, readEvent, readStatement, verifyPayloadSync } from "@lienthong/statement";
import type { FuzzWorld } from "./fuzz-world.ts";

const statementType = messageDescriptor("lienthong.exchange.v1.Statement");

/** An acceptance, judged. */
export interface JudgedAcceptance {
  readonly fault: string | null;
  /** Dossier that it is about. */
  readonly dossier: string;
}

/**
 * Holds an acceptance against the one rule: what was accepted is a statement that a valid client could have said, and it was recorded as
 * said. Two decoders that share no code must read the same in it, and neither may find something that it does not know.
 */
export function judgeAcceptance(envelope: Uint8Array, accepted: AcceptedStatement, world: FuzzWorld): JudgedAcceptance {
  let dossier = "";
  const fault = (sentence: string): JudgedAcceptance => ({ fault: `It was accepted, but ${sentence}`, dossier });
  try {
    const received = readStatement(envelope);
    const { statement } = received;
    const { payload, signatures } = received.envelope;
    dossier = statement.dossier;
    const ours = Statement.encode(statement).finish();
    const theirs = toBinary(statementType, fromBinary(statementType, payload, { readUnknownFields: true }), {
      writeUnknownFields: true,
    });
    if (Buffer.compare(ours, theirs) !== 0) return fault("two decoders read two statements in it.");

    const event = readEvent(accepted.event);
    if (event.body.$case !== "statement") return fault("the event is no statement.");
    if (Buffer.compare(event.body.payload, payload) !== 0) return fault("the event holds another payload.");
    if (!accepted.repeatedAnswer && !Buffer.from(accepted.event).includes(Buffer.from(envelope))) {
      return fault("the event does not hold the envelope as it came.");
    }
    if (event.header.shard !== world.shard) return fault(`the event lies in shard ${event.header.shard}.`);
    if (accepted.promise === undefined) return fault("nothing was promised.");
    // The payload says which statement it is. Who says it again may have lost the key since, or wrap it otherwise: it has the answer.
    if (accepted.repeatedAnswer) return { fault: null, dossier };
    const author = statement.author?.agency ?? "";
    const key = world.keyOf(author);
    const own = signatures.find(({ keyId }) => Buffer.compare(keyId, key.keyId) === 0);
    if (own === undefined) return fault(`no seal of ${author} signed it.`);
    if (!verifyPayloadSync(world.verifyingKeyOf(author), payloadTypes.statement, payload, own.signature)) {
      return fault(`the seal of ${author} does not verify.`);
    }
    const stored = Event.decode(accepted.event).body;
    if (stored?.$case !== "statement" || stored.value.signatures.length !== signatures.length) {
      return fault("the event holds other signatures.");
    }
    return { fault: null, dossier };
  } catch (error) {
    return fault(`it cannot be read strictly: ${(error as Error).message}`);
  }
}
