import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import type { Dice } from "./dice.ts";
import { encodeFields, type WireField } from "./wire-message.ts";

/** What is known of the world, by the name of the field that it goes into. */
export interface FieldWords {
  /** Texts that make sense in a field of this name; undefined: none are known. */
  texts(name: string, dice: Dice): string | undefined;
  numbers(name: string, dice: Dice): bigint | undefined;
  bytes(name: string, dice: Dice): Uint8Array | undefined;
  /** A whole message of a type that only makes sense as a whole; undefined: it is filled field by field. */
  message(typeName: string, dice: Dice): Uint8Array | undefined;
}

const text = (value: string) => new TextEncoder().encode(value);

/** A message that a client could send, from its descriptor alone: a new method is filled without anybody remembering. */
export function fillMessage(type: DescMessage, words: FieldWords, dice: Dice, member?: string): Uint8Array {
  return words.message(type.typeName, dice) ?? encodeFields(fill(type, words, dice, member));
}

function fill(type: DescMessage, words: FieldWords, dice: Dice, member?: string): WireField[] {
  const fields: WireField[] = [];
  const chosen = new Map(
    type.oneofs
      .filter((oneof) => oneof.fields.length > 1)
      .map((oneof) => [oneof, oneof.fields.find(({ name }) => name === member) ?? dice.pick(oneof.fields)]),
  );
  for (const field of type.fields) {
    if (field.oneof !== undefined && chosen.has(field.oneof)) {
      if (chosen.get(field.oneof) === field) fields.push(one(field, words, dice));
      continue;
    }
    const count = field.fieldKind === "list" ? dice.pick([1, 1, 2, 3]) : 1;
    // Presence is a value, too: what may be left out is left out most of the time.
    if (field.proto.proto3Optional && dice.chance(0.8)) continue;
    for (let left = count; left > 0; left--) fields.push(one(field, words, dice));
  }
  return fields;
}

function one(field: DescField, words: FieldWords, dice: Dice): WireField {
  const { number, name } = field;
  if (field.message !== undefined) {
    const type = field.message;
    const whole = words.message(type.typeName, dice);
    return { number, wireType: 2, value: whole ?? fill(type, words, dice), type };
  }
  if (field.enum !== undefined) return { number, wireType: 0, value: BigInt(dice.pick(field.enum.values).number) };
  switch (field.scalar) {
    case ScalarType.STRING:
      return { number, wireType: 2, value: text(words.texts(name, dice) ?? dice.pick(["", "main", "x-1"])) };
    case ScalarType.BYTES:
      return { number, wireType: 2, value: words.bytes(name, dice) ?? dice.bytes(dice.pick([0, 32, 32, 100])) };
    case ScalarType.BOOL:
      return { number, wireType: 0, value: BigInt(dice.below(2)) };
    default:
      return { number, wireType: 0, value: words.numbers(name, dice) ?? BigInt(dice.below(3)) };
  }
}
