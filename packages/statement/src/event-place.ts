import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { ShardEvent } from "@lienthong/contracts/exchange/v1/event";

/** Where an event belongs, as it says itself, and what it says of its shard. */
export interface EventPlace {
  readonly shard: string;
  readonly generation: number;
  /** Dossier it belongs to; null for shard events. With the shard, this is the subject it must lie under. */
  readonly dossier: string | null;
  readonly shardEvent: ShardEvent | null;
}

/** Fields that are read here, by message. */
const fields = {
  event: { header: 1, statement: 2, bus: 3, shard: 4 },
  header: { shard: 2, generation: 3 },
  envelope: { payload: 1 },
  statement: { dossier: 6 },
  bus: { dossier: 2 },
} as const;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads of an event what a log must know before it takes it in; a fifth of what reading all of it costs (`readEvent`). Throws for bytes that
 * are not an event, and where something that is read stands twice: another reader might take the other one.
 */
export function readEventPlace(bytes: Uint8Array): EventPlace {
  const { event } = fields;
  const [header, statement, bus, shard] = pick(bytes, [event.header, event.statement, event.bus, event.shard]);
  const bodies = [statement, bus, shard].filter((body) => body !== undefined);
  if (header === undefined || bodies.length !== 1)
    throw new Error("These bytes are not an event: header or body is missing, or there are two bodies.");
  const [name, generation] = pick(bytesOf(header), [fields.header.shard, fields.header.generation]);
  const place = { shard: textOf(name), generation: typeof generation === "number" ? generation : 0 };
  if (shard !== undefined) return { ...place, dossier: null, shardEvent: ShardEvent.decode(bytesOf(shard)) };
  if (bus !== undefined) {
    const [dossier] = pick(bytesOf(bus), [fields.bus.dossier]);
    return { ...place, dossier: textOf(dossier), shardEvent: null };
  }
  const [payload] = pick(bytesOf(statement), [fields.envelope.payload]);
  const [dossier] = pick(bytesOf(payload), [fields.statement.dossier]);
  return { ...place, dossier: textOf(dossier), shardEvent: null };
}

/** What stands under these field numbers: bytes, or a number; undefined where nothing does. */
function pick(bytes: Uint8Array, numbers: readonly number[]): (Uint8Array | number | undefined)[] {
  const found: (Uint8Array | number | undefined)[] = numbers.map(() => undefined);
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const index = numbers.indexOf(number);
    if (index < 0) {
      reader.skip(wireType, number);
      continue;
    }
    if (found[index] !== undefined) throw new Error(`Field ${number} is given twice.`);
    if (wireType === WireType.LengthDelimited) found[index] = reader.bytes();
    else if (wireType === WireType.Varint) found[index] = reader.uint32();
    else throw new Error(`Field ${number} has wire type ${wireType}.`);
  }
  return found;
}

function bytesOf(value: Uint8Array | number | undefined): Uint8Array {
  if (typeof value === "number") throw new Error("A number stands where a message or a text should.");
  return value ?? new Uint8Array(0);
}

function textOf(value: Uint8Array | number | undefined): string {
  return utf8.decode(bytesOf(value));
}
