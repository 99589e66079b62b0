import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { messageDescriptor } from "@lienthong/contracts/descriptors";

/**
 * A field as it lies in a message. Length-delimited fields that hold a message are taken apart; `raw` stands for the whole field,
 * tag included, where a mutation wants bytes that no encoder writes.
 */
export interface WireField {
  number: number;
  wireType: number;
  value: bigint | Uint8Array | WireField[];
  /** Type of the message inside, if the contract says that there is one. */
  type?: DescMessage;
  raw?: Uint8Array;
}

/** Bytes fields that hold a serialised message of their own. */
const carried: Readonly<Record<string, string>> = {
  "lienthong.exchange.v1.SubmitStatementRequest.envelope": "lienthong.exchange.v1.StatementEnvelope",
  "lienthong.exchange.v1.SubmittedStatement.envelope": "lienthong.exchange.v1.StatementEnvelope",
  "lienthong.exchange.v1.StatementEnvelope.payload": "lienthong.exchange.v1.Statement",
  "lienthong.registry.v1.AppendEntryRequest.signed_entry": "lienthong.registry.v1.SignedRegistryEntry",
  "lienthong.registry.v1.SignedRegistryEntry.payload": "lienthong.registry.v1.RegistryEntry",
  "lienthong.registry.v1.RegistryEntry.record": "lienthong.registry.v1.RegistryRecord",
};

/** Takes a valid message apart, down to what the contract has no message for. Throws for bytes that are none. */
export function parseFields(bytes: Uint8Array, type?: DescMessage): WireField[] {
  const reader = new BinaryReader(bytes);
  const fields: WireField[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.Varint) {
      fields.push({ number, wireType, value: BigInt(reader.uint64()) });
    } else if (wireType === WireType.LengthDelimited) {
      const value = reader.bytes();
      const inner = innerType(type, number);
      fields.push(inner === undefined ? { number, wireType, value } : parsedField(number, value, inner));
    } else {
      fields.push({ number, wireType, value: reader.skip(wireType, number) });
    }
  }
  return fields;
}

/** A field with a message in it; as bytes, if what is carried was changed already and is no message any more. */
function parsedField(number: number, bytes: Uint8Array, type: DescMessage): WireField {
  try {
    return { number, wireType: WireType.LengthDelimited, value: parseFields(bytes, type), type };
  } catch {
    return { number, wireType: WireType.LengthDelimited, value: bytes };
  }
}

function innerType(type: DescMessage | undefined, number: number): DescMessage | undefined {
  const field = type?.fields.find((candidate) => candidate.number === number);
  if (field === undefined) return undefined;
  if (field.message !== undefined) return field.message;
  const name = carried[`${field.parent.typeName}.${field.name}`];
  return name === undefined ? undefined : messageDescriptor(name);
}

/** Puts fields together again. */
export function encodeFields(fields: readonly WireField[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const add = (part: Uint8Array) => {
    parts.push(part);
    length += part.length;
  };
  for (const { number, wireType, value, raw } of fields) {
    if (raw !== undefined) {
      add(raw);
      continue;
    }
    add(tagBytes(number, wireType));
    if (typeof value === "bigint") {
      add(varintBytes(value));
      continue;
    }
    const content = value instanceof Uint8Array ? value : encodeFields(value);
    if (wireType === WireType.LengthDelimited) add(varintBytes(BigInt(content.length)));
    add(content);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A tag; numbers that no tag can have are written all the same. */
export function tagBytes(number: number, wireType: number): Uint8Array {
  return varintBytes((BigInt(number) << 3n) | BigInt(wireType));
}

/** A varint, with `padding` bytes more than it needs. */
export function varintBytes(value: bigint, padding = 0): Uint8Array {
  const bytes: number[] = [];
  let rest = value & 0xffff_ffff_ffff_ffffn;
  do {
    bytes.push(Number(rest & 0x7fn));
    rest >>= 7n;
  } while (rest > 0n);
  for (let count = 0; count < padding; count++) bytes.push(0);
  return Uint8Array.from(bytes, (byte, at) => (at < bytes.length - 1 ? byte | 0x80 : byte));
}

/** Every list of fields in a message, the message itself first. */
export function fieldLists(fields: WireField[]): WireField[][] {
  return [fields, ...fields.flatMap(({ value }) => (Array.isArray(value) ? fieldLists(value) : []))];
}

/** A copy that can be changed without the other. */
export function copyField(field: WireField): WireField {
  return { ...field, value: Array.isArray(field.value) ? field.value.map(copyField) : field.value };
}

/** Copies of all of them. */
export function copyFields(fields: readonly WireField[]): WireField[] {
  return fields.map(copyField);
}
