import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Bounds, type FieldRule, fieldRules } from "./field-rules.ts";
import { MessageRefusedError } from "./message-refused.ts";
import { RecentTexts } from "./recent-texts.ts";

/**
 * Holds bytes against a message type, strictly: unknown fields, duplicated singular or oneof fields, unknown enum numbers,
 * wrong wire types, text that is not UTF-8 and values outside their bounds are refused by name. Odd field order and
 * non-minimal varints are accepted, because nothing here is decoded and encoded again.
 *
 * Why own code: protobuf decoders are lenient by design (last value wins, unknown fields are skipped), and an exchange must
 * not accept what it does not understand. Descriptors and the wire reader are the library's.
 */
export interface StrictMessage {
  readonly typeName: string;
  /** Throws MessageRefusedError. `path` prefixes the fields named, e.g. "statement". */
  check(bytes: Uint8Array, path?: string): void;
}

interface StrictField {
  readonly name: string;
  readonly number: number;
  readonly repeated: boolean;
  readonly oneof: string | undefined;
  /** Its bit among those of its message. */
  readonly bit: number;
  /** Bits that a message may not have when this field comes: its own unless it is repeated, and those of its oneof. */
  readonly excludedBy: number;
  readonly wireType: WireType;
  readonly rule: FieldRule;
  readonly enumNumbers: ReadonlySet<number> | undefined;
  readonly message: CompiledMessage | undefined;
  readonly scalar: ScalarType | undefined;
  readonly goodTexts: RecentTexts;
}

interface CompiledMessage {
  readonly typeName: string;
  readonly fields: Map<number, StrictField>;
  /** Bits of the fields that must be there. */
  readonly requiredBits: number;
  readonly listedFields: StrictField[];
  readonly requiredOneofs: { readonly name: string; readonly bits: number }[];
}

/** Which fields a message has is kept as the bits of one number: nearly everything that arrives passes through here. */
const fieldsMax = 32;

const compiledMessages = new Map<string, CompiledMessage>();
// ignoreBOM keeps a byte order mark, as the decoders do: dropped here, it would slip into ids unseen.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Compiles the check of a message type; every field of it and below needs a rule. */
export function strictMessage(descriptor: DescMessage): StrictMessage {
  const compiled = compile(descriptor);
  return {
    typeName: descriptor.typeName,
    check(bytes, path = "") {
      checkMessage(compiled, new BinaryReader(bytes), path);
    },
  };
}

function compile(descriptor: DescMessage): CompiledMessage {
  const existing = compiledMessages.get(descriptor.typeName);
  if (existing !== undefined) return existing;
  const { typeName, fields } = descriptor;
  if (fields.length > fieldsMax) throw new Error(`${typeName} has more than ${fieldsMax} fields.`);
  const bitsOf = (members: readonly DescField[]) =>
    members.reduce((bits, field) => bits | (1 << fields.indexOf(field)), 0);
  const compiled: CompiledMessage = {
    typeName,
    fields: new Map(),
    requiredBits: bitsOf(
      fields.filter((field) => field.fieldKind !== "list" && field.oneof === undefined && isRequired(ruleOf(field))),
    ),
    listedFields: [],
    requiredOneofs: descriptor.oneofs
      .filter((oneof) => oneof.fields.length > 1)
      .map(({ name, fields: members }) => ({ name, bits: bitsOf(members) })),
  };
  // Registered before its fields, so that a type that contains itself would end.
  compiledMessages.set(typeName, compiled);
  for (const field of fields) {
    const strict = compileField(
      field,
      bitsOf([field]),
      bitsOf(field.oneof?.fields ?? (field.fieldKind === "list" ? [] : [field])),
    );
    compiled.fields.set(field.number, strict);
    if (strict.repeated) compiled.listedFields.push(strict);
  }
  return compiled;
}

function ruleOf(field: DescField): FieldRule {
  const { typeName } = field.parent;
  const rule = fieldRules[typeName]?.[field.name];
  if (rule === undefined) throw new Error(`Field ${typeName}.${field.name} has no rule in field-rules.ts.`);
  return rule;
}

function compileField(field: DescField, bit: number, excludedBy: number): StrictField {
  const scalar = field.fieldKind === "scalar" || field.fieldKind === "list" ? field.scalar : undefined;
  const isMessage = field.message !== undefined;
  const isLengthDelimited = isMessage || scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
  return {
    name: field.name,
    number: field.number,
    repeated: field.fieldKind === "list",
    oneof: field.oneof?.name,
    bit,
    excludedBy,
    wireType: isLengthDelimited ? WireType.LengthDelimited : WireType.Varint,
    rule: ruleOf(field),
    enumNumbers: field.enum === undefined ? undefined : new Set(field.enum.values.map((value) => value.number)),
    message: field.message === undefined ? undefined : compile(field.message),
    scalar,
    goodTexts: new RecentTexts(),
  };
}

function isRequired(rule: FieldRule): boolean {
  if ("text" in rule) return rule.optional !== true;
  if ("characters" in rule) return rule.characters[0] > 0;
  if ("bytes" in rule) return rule.optional !== true && rule.bytes[0] > 0;
  if ("number" in rule) return rule.number[0] > 0;
  if ("enum" in rule) return rule.optional !== true;
  if ("message" in rule) return rule.message === "required";
  return "version" in rule;
}

/** Where a value stands, in words; made only when it is refused, because nearly none is. `item`: position in a repeated field, from 0. */
function nameOf(path: string, field: StrictField, item: number): string {
  return field.repeated ? `${join(path, field.name)}[${item}]` : join(path, field.name);
}

/** Checks the message that the reader stands before and that ends where the reader's bytes end. */
function checkMessage(message: CompiledMessage, reader: BinaryReader, path: string): void {
  let seen = 0;
  let counts: Map<StrictField, number> | undefined;
  try {
    while (reader.pos < reader.len) {
      const tag = readTag(reader);
      const number = tag >>> 3;
      const wireType: WireType = tag & 7;
      if (wireType === WireType.LengthDelimited) checkWidth(reader, 32);
      else if (wireType === WireType.Varint) checkWidth(reader, 64);
      const field = message.fields.get(number);
      if (field === undefined) {
        throw new MessageRefusedError(
          "FIELD_UNKNOWN",
          join(path, `#${number}`),
          `is not a field of ${message.typeName} in this version`,
          `${[...message.fields.values()].map((known) => known.name).join(", ")}`,
        );
      }
      if ((seen & field.excludedBy) !== 0) throw duplicated(message, field, seen, path);
      seen |= field.bit;
      const item = field.repeated ? (counts?.get(field) ?? 0) : 0;
      let items = item + 1;
      if (wireType === field.wireType) {
        checkValue(reader, path, field, item);
      } else {
        // A packed list of numbers is the one other form that encoders use.
        const isPacked = field.repeated && field.wireType === WireType.Varint && wireType === WireType.LengthDelimited;
        if (!isPacked) {
          throw malformed(nameOf(path, field, item), `has wire type ${wireType}`, `wire type ${field.wireType}`);
        }
        items = item;
        const packed = new BinaryReader(reader.bytes());
        while (packed.pos < packed.len) {
          checkWidth(packed, 64);
          checkNumber(readInteger(packed, field), path, field, items);
          items++;
        }
      }
      if (field.repeated) {
        counts ??= new Map();
        counts.set(field, items);
      }
    }
  } catch (error) {
    if (error instanceof MessageRefusedError) throw error;
    // The reader throws on truncated input, on lengths beyond the end and on impossible tags.
    throw malformed(path, `cannot be read as ${message.typeName} (${(error as Error).message})`, "a whole message");
  }
  const missingBits = message.requiredBits & ~seen;
  if (missingBits !== 0) {
    const missing = fieldAmong(message, missingBits) as StrictField;
    throw new MessageRefusedError("FIELD_MISSING", join(path, missing.name), "is not set", describe(missing.rule));
  }
  for (const field of message.listedFields) checkCount(field, counts?.get(field) ?? 0, path);
  for (const { name, bits } of message.requiredOneofs) {
    if ((seen & bits) === 0) {
      const members = [...message.fields.values()].filter((field) => field.oneof === name).map((field) => field.name);
      throw new MessageRefusedError("FIELD_MISSING", join(path, name), "is not set", `one of ${members.join(", ")}`);
    }
  }
}

/** The first field with one of these bits. */
function fieldAmong(message: CompiledMessage, bits: number): StrictField | undefined {
  return [...message.fields.values()].find(({ bit }) => (bits & bit) !== 0);
}

/** A field that comes again, or beside another of its oneof. */
function duplicated(message: CompiledMessage, field: StrictField, seen: number, path: string): MessageRefusedError {
  const before = fieldAmong(message, seen & field.excludedBy);
  const name = join(path, field.name);
  if (before === undefined || before === field)
    return new MessageRefusedError("FIELD_DUPLICATED", name, "is given more than once", "once");
  return new MessageRefusedError("FIELD_DUPLICATED", name, `is given beside ${before.name}`, `one of ${field.oneof}`);
}

function checkValue(reader: BinaryReader, path: string, field: StrictField, item: number): void {
  if (field.message !== undefined) {
    checkWithin(field.message, reader, nameOf(path, field, item));
  } else if (field.scalar === ScalarType.STRING) {
    const length = readLength(reader);
    const { buf } = bufferOf(reader);
    const start = reader.pos - length;
    if (field.goodTexts.has(buf, start, reader.pos)) return;
    const text = buf.subarray(start, reader.pos);
    checkText(text, path, field, item);
    field.goodTexts.keep(text);
  } else if (field.scalar === ScalarType.BYTES) {
    checkBytes(readLength(reader), path, field, item);
  } else {
    checkNumber(readInteger(reader, field), path, field, item);
  }
}

/** Checks a message within another one in place: the reader's end is the inner one's meanwhile. */
function checkWithin(message: CompiledMessage, reader: BinaryReader, path: string): void {
  const length = reader.uint32();
  const outerEnd = reader.len;
  const end = reader.pos + length;
  if (end > outerEnd) throw new RangeError("premature EOF");
  // The library's type calls it read-only; the reader itself asks it at every step.
  const bounded = reader as { len: number };
  bounded.len = end;
  checkMessage(message, reader, path);
  bounded.len = outerEnd;
}

/** Number of a field and, in the last three bits, its wire type. */
function readTag(reader: BinaryReader): number {
  // Nearly all take one byte, and the library makes an array of each.
  const first = bufferOf(reader).buf[reader.pos] as number;
  if (first >= 0x08 && first < 0x80 && (first & 7) <= WireType.Bit32) {
    reader.pos++;
    return first;
  }
  const [number, wireType] = reader.tag();
  return ((number << 3) | wireType) >>> 0;
}

/** Length of the bytes that the reader stands before; it stands behind them then. */
function readLength(reader: BinaryReader): number {
  const length = reader.uint32();
  reader.pos += length;
  if (reader.pos > reader.len) throw new RangeError("premature EOF");
  return length;
}

/**
 * Throws for a varint that carries bits beyond its width. Decoders differ there, some dropping the bits and some refusing:
 * signed bytes must not be read two ways. Zero bits beyond the width (a varint longer than needed) are fine.
 */
function checkWidth(reader: BinaryReader, width: 32 | 64): void {
  const { buf, len } = bufferOf(reader);
  for (let at = reader.pos, shift = 0; at < len; at++, shift += 7) {
    const byte = buf[at] as number;
    const bits = byte & 0x7f;
    if (bits !== 0 && shift + 32 - Math.clz32(bits) > width) throw new Error(`a number of more than ${width} bits`);
    if (byte < 0x80) return;
  }
}

/** What the library's type hides: the bytes that it reads, and where they end. */
function bufferOf(reader: BinaryReader): { readonly buf: Uint8Array; readonly len: number } {
  return reader as unknown as { readonly buf: Uint8Array; readonly len: number };
}

/** The value as the type means it: negative numbers travel as ten-byte varints. */
function readInteger(reader: BinaryReader, field: StrictField): number {
  // Most are small, and the library makes a BigInt of every 64-bit number.
  const { buf, len } = bufferOf(reader);
  const first = buf[reader.pos] as number;
  if (first < 0x80 && reader.pos < len) {
    reader.pos++;
    return first;
  }
  const signed =
    field.scalar === ScalarType.INT32 || field.scalar === ScalarType.INT64 || field.enumNumbers !== undefined;
  return Number(signed ? reader.int64() : reader.uint64());
}

function checkText(bytes: Uint8Array, path: string, field: StrictField, item: number): void {
  const { rule } = field;
  let value: string;
  try {
    value = utf8.decode(bytes);
  } catch {
    throw new MessageRefusedError("TEXT_INVALID", nameOf(path, field, item), "is not UTF-8", describe(rule));
  }
  if ("text" in rule) {
    if (rule.text.test(value) || (value === "" && rule.optional === true)) return;
    const name = nameOf(path, field, item);
    if (value === "") throw new MessageRefusedError("FIELD_MISSING", name, "is empty", rule.allowed);
    if (/[^\x20-\x7e]/.test(value)) {
      throw new MessageRefusedError("TEXT_INVALID", name, "has characters outside printable ASCII", rule.allowed);
    }
    throw new MessageRefusedError("FIELD_INVALID", name, `is ${quote(value)}`, rule.allowed);
  }
  if ("characters" in rule) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
    if (/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/.test(value)) {
      throw new MessageRefusedError(
        "TEXT_INVALID",
        nameOf(path, field, item),
        "has control characters",
        describe(rule),
      );
    }
    if (value !== value.normalize("NFC")) {
      throw new MessageRefusedError(
        "TEXT_INVALID",
        nameOf(path, field, item),
        "is not in normalisation form C",
        describe(rule),
      );
    }
    const length = [...value].length;
    if (!within(length, rule.characters)) {
      throw new MessageRefusedError(
        "FIELD_INVALID",
        nameOf(path, field, item),
        `has ${length} characters`,
        describe(rule),
      );
    }
  }
}

function checkBytes(length: number, path: string, field: StrictField, item: number): void {
  const { rule } = field;
  if (!("bytes" in rule) || (length === 0 && rule.optional === true)) return;
  if (!within(length, rule.bytes)) {
    throw new MessageRefusedError("FIELD_INVALID", nameOf(path, field, item), `has ${length} bytes`, describe(rule));
  }
}

function checkNumber(value: number, path: string, field: StrictField, item: number): void {
  const { rule, enumNumbers } = field;
  if ("version" in rule) {
    if (value !== rule.version) {
      throw new MessageRefusedError("VERSION_UNKNOWN", nameOf(path, field, item), `is ${value}`, `${rule.version}`);
    }
  } else if (enumNumbers !== undefined) {
    const unspecifiedAllowed = "enum" in rule && rule.optional === true;
    if (!enumNumbers.has(value) || (value === 0 && !unspecifiedAllowed)) {
      const numbers = [...enumNumbers].filter((number) => number !== 0 || unspecifiedAllowed);
      throw new MessageRefusedError("ENUM_UNKNOWN", nameOf(path, field, item), `is ${value}`, numbers.join(", "));
    }
  } else if ("number" in rule && !within(value, rule.number)) {
    throw new MessageRefusedError("FIELD_INVALID", nameOf(path, field, item), `is ${value}`, describe(rule));
  } else if ("bool" in rule && value !== 0 && value !== 1) {
    throw new MessageRefusedError("FIELD_INVALID", nameOf(path, field, item), `is ${value}`, "0 or 1");
  }
}

function checkCount(field: StrictField, count: number, path: string): void {
  const items = "items" in field.rule ? field.rule.items : undefined;
  if (items === undefined) throw new Error(`Repeated field ${join(path, field.name)} has no bounds in field-rules.ts.`);
  if (within(count, items)) return;
  const reason = count === 0 ? "FIELD_MISSING" : "FIELD_INVALID";
  throw new MessageRefusedError(
    reason,
    join(path, field.name),
    `has ${count} items`,
    `${items[0]} to ${items[1]} items`,
  );
}

function within(value: number, bounds: Bounds): boolean {
  // Not taken apart, which would make an iterator for each value.
  return value >= bounds[0] && value <= bounds[1];
}

function describe(rule: FieldRule): string {
  const range = ([min, max]: Bounds, unit: string) =>
    min === max ? `exactly ${min} ${unit}` : `${min} to ${max} ${unit}`;
  if ("text" in rule) return rule.allowed;
  if ("characters" in rule) return `${range(rule.characters, "characters")}, without control characters, in form C`;
  if ("bytes" in rule) return `${rule.optional === true ? "none or " : ""}${range(rule.bytes, "bytes")}`;
  if ("number" in rule) return `${rule.number[0]} to ${rule.number[1]}`;
  if ("enum" in rule) return "a known value that is not UNSPECIFIED";
  if ("version" in rule) return `${rule.version}`;
  return "it to be set";
}

function malformed(field: string, found: string, allowed: string): MessageRefusedError {
  return new MessageRefusedError("MESSAGE_MALFORMED", field, found, allowed);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
