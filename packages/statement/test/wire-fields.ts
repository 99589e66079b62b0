/** Protobuf's wire format by hand, so that tests can write what no encoder writes. */

/** One field as it stands on the wire. `content` is the raw varint, the raw fixed bytes, or what is inside the length. */
export interface WireField {
  readonly number: number;
  readonly wireType: number;
  readonly content: Uint8Array;
}

/** A varint; `longerBy` adds bytes that it does not need. */
export function varint(value: number | bigint, longerBy = 0): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  } while (rest > 0n);
  for (let i = 0; i < longerBy; i++) bytes.push(0x80);
  bytes[bytes.length - 1]! &= 0x7f;
  return Uint8Array.from(bytes);
}

/** A field of the shape that its content asks for: numbers as varints, bytes and text with a length. */
export function wireField(number: number, content: number | bigint | string | Uint8Array): WireField {
  if (typeof content === "number" || typeof content === "bigint")
    return { number, wireType: 0, content: varint(content) };
  return { number, wireType: 2, content: typeof content === "string" ? new TextEncoder().encode(content) : content };
}

/** Serialises fields; `longerBy` makes every length, and as far as tags may be long (5 bytes) every tag, longer than needed. */
export function writeFields(fields: readonly WireField[], longerBy = 0): Uint8Array {
  const parts = Buffer.concat(
    fields.flatMap(({ number, wireType, content }) => [
      varint((number << 3) | wireType, Math.min(longerBy, 3)),
      ...(wireType === 2 ? [varint(content.length, longerBy)] : []),
      content,
    ]),
  );
  return new Uint8Array(parts);
}

/** Reads a well-formed message into its fields. */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const readVarint = (): { value: bigint; raw: Uint8Array } => {
    const start = at;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return { value, raw: bytes.slice(start, at) };
    }
  };
  while (at < bytes.length) {
    const tag = Number(readVarint().value);
    const wireType = tag & 7;
    if (wireType === 0) {
      fields.push({ number: tag >>> 3, wireType, content: readVarint().raw });
    } else {
      const length = Number(readVarint().value);
      fields.push({ number: tag >>> 3, wireType, content: bytes.slice(at, at + length) });
      at += length;
    }
  }
  return fields;
}

/** Changes the fields of a nested message: `path` leads there by field number, first occurrence each. */
export function editAt(
  bytes: Uint8Array,
  path: readonly number[],
  edit: (fields: WireField[]) => WireField[],
): Uint8Array {
  const fields = readFields(bytes);
  const [next, ...rest] = path;
  if (next === undefined) return writeFields(edit(fields));
  const index = fields.findIndex(({ number }) => number === next);
  if (index < 0) throw new Error(`The message has no field ${next} to edit.`);
  const field = fields[index]!;
  return writeFields(fields.with(index, { ...field, content: editAt(field.content, rest, edit) }));
}
