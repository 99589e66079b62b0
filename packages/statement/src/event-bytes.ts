import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { BusStatement, Event, EventHeader, ShardEvent } from "@lienthong/contracts/exchange/v1/event";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import { sha256 } from "@lienthong/tlog";

/** Most bytes an event may have: a log entry has at most 65,535, and room is left for headers around it. */
export const eventBytesMax = 61_440;

/** Field numbers of Event. */
const fieldHeader = 1;
const fieldStatement = 2;
const fieldBus = 3;
const fieldShard = 4;

/** Body of an event: a statement's envelope goes in byte for byte as it came. */
export type EventBody =
  | { readonly $case: "statement"; readonly envelopeBytes: Uint8Array }
  | { readonly $case: "bus"; readonly value: BusStatement }
  | { readonly $case: "shard"; readonly value: ShardEvent };

/** Serialises an event. The result is one message of the stream and one leaf of the log. */
export function encodeEvent(header: EventHeader, body: EventBody): Uint8Array {
  const writer = new BinaryWriter();
  EventHeader.encode(header, writer.uint32((fieldHeader << 3) | WireType.LengthDelimited).fork()).join();
  if (body.$case === "statement") {
    writer.uint32((fieldStatement << 3) | WireType.LengthDelimited).bytes(body.envelopeBytes);
  } else if (body.$case === "bus") {
    BusStatement.encode(body.value, writer.uint32((fieldBus << 3) | WireType.LengthDelimited).fork()).join();
  } else {
    ShardEvent.encode(body.value, writer.uint32((fieldShard << 3) | WireType.LengthDelimited).fork()).join();
  }
  return writer.finish();
}

/** An event with what it says read out. */
export interface ReadEvent {
  readonly header: EventHeader;
  readonly body:
    | { readonly $case: "statement"; readonly statement: Statement; readonly payload: Uint8Array }
    | { readonly $case: "bus"; readonly bus: BusStatement }
    | { readonly $case: "shard"; readonly shard: ShardEvent };
  /** Dossier it belongs to; null for shard events. With the shard, this is the subject it must lie under. */
  readonly dossier: string | null;
}

/** Reads an event that the bus wrote. Throws for bytes that are not one: such bytes never come from the bus itself. */
export function readEvent(bytes: Uint8Array): ReadEvent {
  const event = Event.decode(bytes);
  const { header, body } = event;
  if (header === undefined || body === undefined)
    throw new Error("These bytes are not an event: header or body is missing.");
  if (body.$case === "statement") {
    const statement = Statement.decode(body.value.payload);
    return {
      header,
      body: { $case: "statement", statement, payload: body.value.payload },
      dossier: statement.dossier,
    };
  }
  if (body.$case === "bus") return { header, body: { $case: "bus", bus: body.value }, dossier: body.value.dossier };
  return { header, body: { $case: "shard", shard: body.value }, dossier: null };
}

const encoder = new TextEncoder();

/** Derived id of a bus statement: the same cause, branch, receiver, kind and ordinal give the same id. 32 bytes. */
export function busStatementId(
  cause: Uint8Array,
  branch: string,
  receiver: string,
  kind: number,
  ordinal: number,
): Uint8Array {
  const parts = ["lienthong bus statement v1", cause, branch, receiver, String(kind), String(ordinal)].map((part) =>
    typeof part === "string" ? encoder.encode(part) : part,
  );
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    joined.set(part, at + 4);
    at += 4 + part.length;
  }
  return sha256(joined);
}
