import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type FieldRule, fieldRules } from "../src/index.ts";
import { varint, type WireField, wireField, writeFields } from "./wire-fields.ts";

/** Texts of every form that the contracts know; a field gets the first that its rule allows. */
const texts: readonly string[] = [
  ...["0.1", "01968f0a-0000-7000-8000-000000000001", "H26-250505-0001", "application/pdf", "00004", "2026-01-02"],
  ...["WARD_ONE_STOP", "2.000286", "H26", "Asia/Ho_Chi_Minh", "ward-1", "lienthong.example/hanoi", "office"],
];

/** Rule of a field; every field of the samples has one. */
export function ruleOf(field: DescField): FieldRule {
  return fieldRules[field.parent.typeName]![field.name]!;
}

/** A text that the rule allows. */
export function sampleText(rule: FieldRule): string {
  if ("characters" in rule) return "Ủy ban nhân dân phường".slice(0, rule.characters[1]);
  if (!("text" in rule)) throw new Error("This rule is not of a text.");
  const found = texts.find((candidate) => rule.text.test(candidate));
  if (found === undefined) throw new Error(`No sample text matches ${rule.text}.`);
  return found;
}

/** A message with every field set, as its rules allow; of each oneof the member at `choice`, modulo their number. */
export function sampleBytes(descriptor: DescMessage, choice = 0): Uint8Array {
  return writeFields(descriptor.fields.flatMap((field) => sampleFields(field, choice)));
}

function sampleFields(field: DescField, choice: number): WireField[] {
  const { oneof } = field;
  if (oneof !== undefined && oneof.fields[choice % oneof.fields.length] !== field) return [];
  const rule = ruleOf(field);
  const one = sampleField(field, rule, choice);
  // Two of what may be repeated. That they are alike does not matter: the strict reader asks for forms.
  return field.fieldKind === "list" && "items" in rule && rule.items![1] > 1 ? [one, one] : [one];
}

function sampleField(field: DescField, rule: FieldRule, choice: number): WireField {
  const { number } = field;
  if (field.message !== undefined) return wireField(number, sampleBytes(field.message, choice));
  if (field.enum !== undefined) return wireField(number, field.enum.values.find((value) => value.number > 0)!.number);
  if ("text" in rule || "characters" in rule) return wireField(number, sampleText(rule));
  if ("bytes" in rule) return wireField(number, new Uint8Array(Math.max(1, rule.bytes[0])).fill(7));
  if ("version" in rule) return wireField(number, rule.version);
  if ("number" in rule) return { number, wireType: 0, content: varint(Math.max(1, rule.number[0])) };
  return wireField(number, 1);
}
