import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Takes a serialised message apart and puts it together again in ways that encoders of this project never would. */

/** A field of a serialised message: tag and value as they lie there. */
interface RawField {
  readonly number: number;
  readonly wireType: WireType;
  readonly tag: Uint8Array;
  readonly value: Uint8Array;
}

/** Top-level fields, in order. */
export function fieldsOf(message: Uint8Array): RawField[] {
  const reader = new BinaryReader(message);
  const fields: RawField[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    const valueAt = reader.pos;
    reader.skip(wireType, number);
    fields.push({
      number,
      wireType,
      tag: message.subarray(start, valueAt),
      value: message.subarray(valueAt, reader.pos),
    });
  }
  return fields;
}

/** The same fields in the opposite order. */
export function reversed(message: Uint8Array): Uint8Array {
  return Buffer.concat(
    fieldsOf(message)
      .reverse()
      .flatMap(({ tag, value }) => [tag, value]),
  );
}

/** The same message with every top-level tag, length and number one byte longer than it needs to be. */
export function nonMinimal(message: Uint8Array): Uint8Array {
  return Buffer.concat(
    fieldsOf(message).flatMap(({ tag, value, wireType }) => {
      if (wireType === WireType.Varint) return [longer(tag), longer(value)];
      const length = value.length - new BinaryReader(value).bytes().length;
      return [longer(tag), longer(value.subarray(0, length)), value.subarray(length)];
    }),
  );
}

function longer(varint: Uint8Array): Uint8Array {
  const bytes = Buffer.concat([varint, Buffer.of(0)]);
  bytes[varint.length - 1] = (bytes[varint.length - 1] as number) | 0x80;
  return bytes;
}

/** The message with one field written a second time, at the end. */
export function withFieldAgain(message: Uint8Array, number: number): Uint8Array {
  const field = fieldsOf(message).find((candidate) => candidate.number === number);
  if (field === undefined) throw new Error(`The message has no field ${number}.`);
  return Buffer.concat([message, field.tag, field.value]);
}

/** The message without a field. */
export function withoutField(message: Uint8Array, number: number): Uint8Array {
  return Buffer.concat(
    fieldsOf(message)
      .filter((field) => field.number !== number)
      .flatMap(({ tag, value }) => [tag, value]),
  );
}

/** The message with a length-delimited field more, at the end. */
export function withBytes(message: Uint8Array, number: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([
    message,
    new BinaryWriter()
      .uint32((number << 3) | WireType.LengthDelimited)
      .bytes(value)
      .finish(),
  ]);
}

/** The message with one field replaced by these bytes (length-delimited). */
export function replaced(message: Uint8Array, number: number, value: Uint8Array): Uint8Array {
  return withBytes(withoutField(message, number), number, value);
}

/** The value of a length-delimited field. */
export function bytesAt(message: Uint8Array, number: number): Uint8Array {
  const field = fieldsOf(message).find((candidate) => candidate.number === number);
  if (field === undefined) throw new Error(`The message has no field ${number}.`);
  return new BinaryReader(field.value).bytes();
}

/** The message with a varint field more, at the end. */
export function withVarint(message: Uint8Array, number: number, varint: Uint8Array): Uint8Array {
  return Buffer.concat([message, new BinaryWriter().uint32(number << 3).finish(), varint]);
}
