import type { DescMessage } from "@bufbuild/protobuf";
import type { Dice } from "./dice.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import {
  copyField,
  copyFields,
  encodeFields,
  fieldLists,
  parseFields,
  tagBytes,
  varintBytes,
  type WireField,
} from "./wire-message.ts";

/** A valid message with what is known of it. */
export interface BaseMessage {
  readonly bytes: Uint8Array;
  readonly type: DescMessage;
}

const parsed = new WeakMap<Uint8Array, WireField[]>();

function fieldsOf({ bytes, type }: BaseMessage): WireField[] {
  let fields = parsed.get(bytes);
  if (fields === undefined) {
    fields = parseFields(bytes, type);
    parsed.set(bytes, fields);
  }
  return fields;
}

/** Changes a message in ways that only somebody who knows its fields would think of; sometimes blindly on top. */
export function mutateMessage(base: BaseMessage, other: BaseMessage, dice: Dice): Uint8Array {
  const fields = copyFields(fieldsOf(base));
  for (let left = dice.chance(0.8) ? 1 : dice.between(2, 4); left > 0; left--) {
    const lists = fieldLists(fields);
    // Deep lists are many and shallow ones matter as much: every second time one of the outer ones.
    const list = dice.chance(0.5) ? dice.pick(lists.slice(0, 4)) : dice.pick(lists);
    dice.pick(messageChanges)(list, fieldsOf(other), dice);
  }
  if (dice.chance(0.04)) manyOfOne(dice.pick(fieldLists(fields)), dice);
  const bytes = encodeFields(fields);
  return dice.chance(0.05) ? mutateBytes(bytes, other.bytes, dice) : bytes;
}

type MessageChange = (list: WireField[], other: WireField[], dice: Dice) => void;

/** Replaces a field of the list by what `change` makes of it; nothing happens in an empty list. */
function onOne(change: (field: WireField, dice: Dice, other: WireField[]) => WireField): MessageChange {
  return (list, other, dice) => {
    if (list.length === 0) return;
    const at = dice.below(list.length);
    list[at] = change(list[at] as WireField, dice, other);
  };
}

const fieldNumbers = [0, 1, 2, 3, 15, 16, 17, 100, 18_999, 19_000, 2 ** 28, 2 ** 29 - 1, 2 ** 29];

const messageChanges: readonly MessageChange[] = [
  onOne((field, dice) => ({ ...field, number: field.number + dice.pick([-1, 1]) })),
  onOne((field, dice) => ({ ...field, number: dice.chance(0.5) ? dice.below(40) : dice.pick(fieldNumbers) })),
  onOne((field, dice) => ({ ...field, wireType: dice.below(8) })),
  // Again, at the end or beside itself; also the way a second member of a oneof comes in.
  (list, _other, dice) => {
    if (list.length > 0) list.splice(dice.below(list.length + 1), 0, copyField(dice.pick(list)));
  },
  (list, other, dice) => {
    const from = dice.pick(fieldLists(other));
    if (from.length > 0) list.splice(dice.below(list.length + 1), 0, copyField(dice.pick(from)));
  },
  onOne((field, dice, other) => {
    const from = dice.pick(fieldLists(other));
    return from.length > 0 ? { ...copyField(dice.pick(from)), number: field.number } : field;
  }),
  (list, _other, dice) => {
    if (list.length > 0) list.splice(dice.below(list.length), 1);
  },
  (list, _other, dice) => {
    if (list.length > 1) list.push(...list.splice(dice.below(list.length - 1), 1));
  },
  (list) => void list.reverse(),
  // A length that lies.
  onOne((field, dice) => {
    if (typeof field.value === "bigint") return { ...field, value: dice.edgeNumber() };
    const content = contentOf(field);
    const lie = BigInt(content.length) + dice.pick([-1n, 1n, 2n, -BigInt(content.length), 1n << 31n, 1n << 62n]);
    return rawField(field, [tagBytes(field.number, 2), varintBytes(lie), content]);
  }),
  // Longer than needed, as far as ten bytes, and farther.
  onOne((field, dice) => {
    const tag = varintBytes(BigInt((field.number << 3) | field.wireType), dice.below(6));
    if (typeof field.value === "bigint") return rawField(field, [tag, varintBytes(field.value, dice.between(1, 11))]);
    const content = contentOf(field);
    return rawField(field, [tag, varintBytes(BigInt(content.length), dice.below(11)), content]);
  }),
  onOne((field, dice) =>
    typeof field.value === "bigint"
      ? { ...field, value: dice.edgeNumber() }
      : { ...field, value: dice.pick(oddTexts), wireType: 2 },
  ),
  onOne((field, dice) => {
    if (typeof field.value === "bigint") return { ...field, value: field.value + dice.pick([-1n, 1n]) };
    return { ...field, value: mutateBytes(contentOf(field), new Uint8Array(dice.below(40)), dice), wireType: 2 };
  }),
  onOne((field, dice) =>
    typeof field.value === "bigint" ? field : { ...field, value: dice.bytes(dice.pick([0, 1, 31, 32, 33, 64, 5_000])) },
  ),
  onOne((field) => (typeof field.value === "bigint" ? field : { ...field, value: new Uint8Array(0) })),
  // A member that nobody knows.
  (list, _other, dice) => {
    const number = dice.chance(0.5) ? dice.between(1, 60) : dice.pick(fieldNumbers);
    const value = dice.chance(0.5) ? dice.edgeNumber() : dice.bytes(dice.below(40));
    list.push({ number, wireType: typeof value === "bigint" ? 0 : 2, value });
  },
  // Deep nesting: groups in groups, or a message that pretends to hold itself.
  (list, _other, dice) => {
    const depth = dice.pick([2, 99, 101, 3_000]);
    const number = dice.between(1, 20);
    const open = tagBytes(number, 3);
    const close = dice.chance(0.5) ? tagBytes(number, 4) : new Uint8Array(0);
    const raw = Buffer.concat([...Array<Uint8Array>(depth).fill(open), ...Array<Uint8Array>(depth).fill(close)]);
    list.push({ number, wireType: 3, value: 0n, raw: Uint8Array.from(raw) });
  },
  onOne((field, dice) => {
    let value = contentOf(field);
    for (let depth = dice.pick([1, 10, 200]); depth > 0 && value.length < 20_000; depth--) {
      value = encodeFields([{ number: field.number, wireType: 2, value }]);
    }
    return { ...field, value, wireType: 2 };
  }),
  // A stray end of group, or a zero tag: some readers take it for the end of the message.
  (list, _other, dice) => {
    const raw = dice.pick([
      Uint8Array.of(0),
      Uint8Array.of(0, 0),
      tagBytes(dice.between(1, 30), 4),
      Uint8Array.of(0x80),
    ]);
    list.splice(dice.below(list.length + 1), 0, { number: 0, wireType: 0, value: 0n, raw });
  },
  (list, _other, dice) => void list.splice(0, list.length, ...(dice.chance(0.5) ? [] : list.slice(0, 1))),
];

/** Last of the changes: what is many already would be multiplied by others. */
function manyOfOne(list: WireField[], dice: Dice): void {
  if (list.length === 0) return;
  const field = dice.pick(list);
  const size = contentOf(field).length + 4;
  const count = Math.min(dice.pick([5, 33, 65, 129, 1_001, 10_001]), Math.floor(60_000 / size));
  for (let left = count; left > 0; left--) list.push(field);
}

const text = (value: string) => new TextEncoder().encode(value);

/** Texts that readers stumble over. */
export const oddTexts: readonly Uint8Array[] = [
  new Uint8Array(0),
  Uint8Array.of(0xff),
  Uint8Array.of(0xc0, 0x80),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0xf4, 0x90, 0x80, 0x80),
  Uint8Array.of(0xe1, 0xba),
  Uint8Array.of(0),
  text("a\u0000b"),
  text("\ufeffhn-wold-00001"),
  text("hn-wold-00001\u200b"),
  text("Hà Nội"),
  text("Hà Nội".normalize("NFD")),
  text("\u202ehn-wold"),
  text("__proto__"),
  text("constructor"),
  text("toString"),
  text("../../../etc/passwd"),
  text("_shard"),
  text("*"),
  text(">"),
  text("a.b.>"),
  text("%00%0a%s%n"),
  text("\r\nNats-Expected-Last-Sequence: 0"),
  text("0"),
  text("-1"),
  text("9".repeat(400)),
  text("0.1.1.1.1.1.1.1.1"),
  text("𝟘"),
  text("𠮷".repeat(40)),
  text("x".repeat(10_000)),
  text("2025-02-30"),
  text("0000-00-00"),
  text("H26-250505-0001"),
  text("{field}[{allowed}]"),
];

function contentOf({ value }: WireField): Uint8Array {
  if (typeof value === "bigint") return varintBytes(value);
  return value instanceof Uint8Array ? value : encodeFields(value);
}

function rawField(field: WireField, parts: readonly Uint8Array[]): WireField {
  return { ...field, raw: Uint8Array.from(Buffer.concat(parts)) };
}
