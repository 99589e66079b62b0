import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { Statement, StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { hashesEqual } from "@lienthong/tlog";
import type { SigningKey } from "./keys.ts";
import { signPayload } from "./keys.ts";
import { MessageRefusedError } from "./message-refused.ts";
import { payloadTypes } from "./pre-authentication-encoding.ts";
import { type StrictMessage, strictMessage } from "./strict-message.ts";

/** A statement as it came: the envelope's bytes are what is stored, the payload's are what is signed. */
export interface ReceivedStatement {
  /** The serialised StatementEnvelope as received. */
  readonly envelopeBytes: Uint8Array;
  readonly envelope: StatementEnvelope;
  /** Read from `envelope.payload`; never encoded again. */
  readonly statement: Statement;
}

let strictEnvelope: StrictMessage | undefined;
let strictStatement: StrictMessage | undefined;

/** Reads and checks an envelope and the statement in it. Throws MessageRefusedError naming the field. No signature is checked here. */
export function readStatement(envelopeBytes: Uint8Array): ReceivedStatement {
  strictEnvelope ??= strictMessage(messageDescriptor("lienthong.exchange.v1.StatementEnvelope"));
  strictStatement ??= strictMessage(messageDescriptor("lienthong.exchange.v1.Statement"));
  strictEnvelope.check(envelopeBytes, "envelope");
  const envelope = StatementEnvelope.decode(envelopeBytes);
  for (const [index, { keyId }] of envelope.signatures.entries()) {
    if (envelope.signatures.findIndex((other) => hashesEqual(other.keyId, keyId)) === index) continue;
    const field = `envelope.signatures[${index}].key_id`;
    throw new MessageRefusedError("FIELD_INVALID", field, "signs a second time", "each key once");
  }
  strictStatement.check(envelope.payload, "statement");
  return { envelopeBytes, envelope, statement: Statement.decode(envelope.payload) };
}

/** Serialises and signs a statement; every key given adds a signature. Returns the serialised StatementEnvelope. */
export function signStatement(statement: Statement, keys: readonly SigningKey[]): Uint8Array {
  return signStatementPayload(Statement.encode(statement).finish(), keys);
}

/** Signs bytes that are a statement already. Returns the serialised StatementEnvelope. */
export function signStatementPayload(payload: Uint8Array, keys: readonly SigningKey[]): Uint8Array {
  return StatementEnvelope.encode({
    payload,
    signatures: keys.map((key) => ({ keyId: key.keyId, signature: signPayload(key, payloadTypes.statement, payload) })),
  }).finish();
}
